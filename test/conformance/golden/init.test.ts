/** The recorded configurations: geometry, root and registers of those that Linux takes, and that ours refuses the others. */

import { afterAll, describe, expect, test } from "vitest";
import { goldenInits, OWN_DATA } from "./data.js";
import { replayInit } from "./init.js";
import { MAIR_SIGN } from "./initCheck.js";
import { Tally } from "./tally.js";
import { ALLOCATED, POOLED } from "./variant.js";

const inits = goldenInits();

describe.each([POOLED, ALLOCATED])("recorded configurations ($name)", ({ open }) => {
  const variant = open();
  const tally = new Tally(`configurations, ${variant.name}`);

  test.each([...new Set(inits.map(([line]) => line.split(" ")[1] ?? ""))])("%s", (format) => {
    const chosen = inits.filter(([line]) => line.split(" ")[1] === format);
    const differences = chosen.map(([line, init]) => replayInit(line, init, variant, tally));
    expect(differences.filter((difference) => difference !== null)).toEqual([]);
  });

  test("no table is left", () => {
    expect(variant.backing.memory.stats().tablePagesInUse).toBe(0);
  });

  test.runIf(OWN_DATA)("the mair difference occurs", () => {
    expect(tally.differenceCount(MAIR_SIGN)).toBeGreaterThan(0);
  });

  afterAll(() => console.log(tally.report()));
});
