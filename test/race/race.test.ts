// The short form of `npm run test:race`: a few of its races, with both cores.
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { race } from "./arena.js";
import { type CoreKind, compileRace } from "./compiled.js";
import type { Scenario } from "./scenario.js";
import { scenarios } from "./scenarios.js";

const STEPS = 12;
/** One of each pattern, of either size of items, with and without a walker that snoops, and one whose pool runs dry. */
const CHOSEN = [
  { configuration: "S1 4K", pattern: "neighbours" },
  { configuration: "v7s", pattern: "neighbours" },
  { configuration: "VT-d, not coherent", pattern: "interleaved" },
  { configuration: "AMDv1", pattern: "disjoint" },
  { configuration: "x86-64, 48 bits signed", pattern: "whole tables" },
  { configuration: "S1 4K", pattern: "handed over" },
];

function chosen(seed: number): Scenario[] {
  const all = scenarios(seed, STEPS);
  return CHOSEN.flatMap(
    ({ configuration, pattern }) =>
      all.findLast((s) => s.configuration === configuration && s.pattern === pattern) ?? [],
  );
}

describe("realms that map and unmap one table at once", () => {
  const seed = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
  let scripts: Record<CoreKind, URL>;
  beforeAll(() => {
    scripts = compileRace(fileURLToPath(new URL("../../", import.meta.url)));
  }, 300_000);

  test(`leave what one realm leaves, seed ${seed}`, async () => {
    for (const scenario of chosen(seed)) {
      const { maps, unmaps } = await race(scenario, scripts.shipped);
      expect(Math.min(maps, unmaps), JSON.stringify([scenario, maps, unmaps])).toBeGreaterThan(0);
    }
  }, 300_000);

  test(`do so when installs collide, seed ${seed}`, async () => {
    let lost = 0;
    for (const scenario of chosen(seed)) lost += (await race(scenario, scripts.forced)).lost ?? 0;
    expect(lost).toBeGreaterThan(0);
  }, 300_000);
});
