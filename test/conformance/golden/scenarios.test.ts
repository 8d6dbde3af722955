/** The recorded scenarios, step by step: results, flushes in order, tables taken and freed, entries. */

import { afterAll, describe, expect, test } from "vitest";
import { goldenScenarios, OWN_DATA } from "./data.js";
import { DirtyDifference } from "./dirty.js";
import { isBuilt } from "./formats.js";
import { parseNew } from "./newLine.js";
import { parseOperation, usesCore } from "./operations.js";
import type { Scenario } from "./records.js";
import { replayScenario } from "./replay.js";
import { Tally } from "./tally.js";
import { ALLOCATED, IDIOMATIC, POOLED } from "./variant.js";

const scenarios = goldenScenarios();

describe.each([POOLED, ALLOCATED, IDIOMATIC])("recorded scenarios ($name)", ({ open }) => {
  const variant = open();
  const tally = new Tally(`scenarios, ${variant.name}`);
  const chosen =
    variant.core === "idiomatic"
      ? scenarios.filter((scenario) => usesCore(scenario.steps.map(([line]) => line)))
      : scenarios;

  test.each(chosen.map((scenario) => [scenario.name, scenario] as const))("%s", (_name, scenario) => {
    expect(replayScenario(scenario, variant, tally)).toBeNull();
  });

  test("no table is left", () => {
    expect(variant.backing.memory.stats().tablePagesInUse).toBe(0);
  });

  test.runIf(OWN_DATA)("dirty reads show each of their deliberate differences", () => {
    const compared = chosen.reduce((sum, scenario) => sum + dirtyReads(scenario), 0) > 0;
    for (const name of Object.values(DirtyDifference)) expect(tally.differenceCount(name) > 0).toBe(compared);
  });

  afterAll(() => console.log(tally.report()));
});

function dirtyReads({ new: line, steps, init }: Scenario): number {
  const config = parseNew(line);
  if (!isBuilt(config, init.ret !== 0)) return 0;
  return steps.filter(([operation]) => parseOperation(operation, config.api).kind === "dirty").length;
}
