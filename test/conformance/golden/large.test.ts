/** The recorded large cases: 10 000 random operations each, with the table and all flushes checked every 1000. */

import { afterAll, describe, expect, test } from "vitest";
import { goldenLargeCases } from "./data.js";
import { replayLarge } from "./large.js";
import { usesCore } from "./operations.js";
import { Tally } from "./tally.js";
import { ALLOCATED, IDIOMATIC, POOLED } from "./variant.js";

const cases = goldenLargeCases();

describe.each([POOLED, ALLOCATED, IDIOMATIC])("recorded large cases ($name)", ({ open }) => {
  const variant = open();
  const tally = new Tally(`large cases, ${variant.name}`);

  const chosen = variant.core === "idiomatic" ? cases.filter(({ operations }) => usesCore(operations)) : cases;

  test.each(chosen.map((large) => [large.name, large] as const))("%s", (_name, large) => {
    expect(replayLarge(large, variant, tally)).toBeNull();
  });

  test("no table is left", () => {
    expect(variant.backing.memory.stats().tablePagesInUse).toBe(0);
  });

  afterAll(() => console.log(tally.report()));
});
