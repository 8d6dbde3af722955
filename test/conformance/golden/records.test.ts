/** The records themselves: that they are whole, agree with themselves, and say everything that the runner relies on. */

import { describe, expect, test } from "vitest";
import { sha256 } from "./compare.js";
import { goldenFiles, goldenInits, goldenLargeCases, goldenScenarios, OWN_DATA } from "./data.js";
import { DIFFERENCES } from "./differences.js";
import { hexOf } from "./flushRecorder.js";
import { FORMATS, plan } from "./formats.js";
import { parseNew } from "./newLine.js";
import { parseOperation } from "./operations.js";
import { parseGoldenFile } from "./records.js";
import { stepsOf } from "./replay.js";
import { Unsayable } from "./unsayable.js";

const scenarios = goldenScenarios();
const steps = scenarios.flatMap((scenario) => stepsOf(scenario).map((at) => ({ ...at, name: scenario.name })));

describe.runIf(OWN_DATA)("recorded data", () => {
  test("has scenarios of every format, configurations and large cases", () => {
    const formats = goldenFiles().flatMap(({ file }) => (file.kind === "scenarios" ? [file.format] : []));
    expect([...new Set(formats)].sort()).toEqual(Object.keys(FORMATS).sort());
    expect(goldenInits().length).toBeGreaterThan(0);
    expect(goldenLargeCases().length).toBeGreaterThan(0);
  });

  test("dump texts have the recorded hash and counts", () => {
    const dumps = steps.flatMap(({ step }) => (step.recorded.dump?.text === undefined ? [] : [step.recorded.dump]));
    expect(dumps.length).toBeGreaterThan(0);
    for (const { text = [], sha256: hash, tables, leaves } of dumps) {
      expect(sha256(text.map((line) => `${line}\n`).join(""))).toBe(hash);
      expect(text.filter((line) => /^[RT] /.test(line))).toHaveLength(tables);
      expect(text.filter((line) => line.startsWith("P "))).toHaveLength(leaves);
    }
  });

  test("a gather that is synced at once flushes exactly what it holds", () => {
    const unmaps = steps.filter(({ step }) => step.operation.kind === "unmapRange" && !step.operation.deferred);
    expect(unmaps.length).toBeGreaterThan(0);
    for (const { step } of unmaps) {
      const { gather = [1n, 0n], ntab, ev } = step.recorded;
      const [first, last] = gather;
      expect(ev).toEqual(first <= last ? [["sync", hexOf(first), hexOf(last), ntab]] : []);
    }
  });

  test("a gather over several unmaps that all remove something flushes what the model says", () => {
    const sane = steps.flatMap(({ step, gathered }) => (gathered?.astray === false ? [{ step, gathered }] : []));
    expect(sane.length).toBeGreaterThan(0);
    for (const { step, gathered } of sane) {
      expect(gathered.events).toEqual(step.recorded.ev);
      expect(gathered.freed).toBe(step.recorded.fr);
    }
  });

  test("the core's sync on io-pgtable comes last and covers the leaves before it", () => {
    const unmaps = steps.filter(
      ({ step }) =>
        step.config.api === "io-pgtable" && /^core/.test(step.operation.kind) && step.recorded.ev.length > 0,
    );
    expect(unmaps.length).toBeGreaterThan(0);
    for (const { step } of unmaps) {
      const last = step.recorded.ev.at(-1);
      if (last?.[0] !== "sync") throw new Error(`${step.line}: no sync at the end`);
      for (const event of step.recorded.ev.slice(0, -1)) {
        if (event[0] === "page") expect(BigInt(event[1])).toBeGreaterThanOrEqual(BigInt(last[1]));
      }
    }
  });

  test("large cases have a result for each operation, which parses, and a checkpoint every 1000", () => {
    for (const large of goldenLargeCases()) {
      const { api } = parseNew(large.new);
      expect(large.results).toHaveLength(large.operations.length);
      expect(() => large.operations.map((line) => parseOperation(line, api))).not.toThrow();
      const done = large.checkpoints.map(({ operations }) => operations);
      expect(done).toEqual(done.map((_, index) => (index + 1) * 1000));
      expect(done.at(-1)).toBe(large.operations.length);
    }
  });

  test("every configuration has its options, also of formats that are not built yet", () => {
    const configurations = [
      ...goldenInits(),
      ...[...scenarios, ...goldenLargeCases()].map(({ new: line, init }) => [line, init] as const),
    ];
    const reasons = new Set<string>();
    for (const [line, init] of configurations) {
      const planned = plan(parseNew(line), { changeTop: () => {}, syncForDevice: () => {} }, init.ret !== 0);
      if (planned instanceof Unsayable && init.ret === 0) reasons.add(planned.reason);
    }
    expect([...reasons].sort()).toEqual(TAKEN_BUT_UNSAYABLE);
  });
});

/** Why our API cannot say a configuration that Linux takes: FULL_VA and such, and what ours refuses on purpose. */
const TAKEN_BUT_UNSAYABLE = ["DART2 with 4K pages", "a feature without an option"];

describe.runIf(OWN_DATA)("the deliberate differences", () => {
  test.each(DIFFERENCES.map((difference) => [difference.name, difference] as const))(
    "occur: %s",
    (_name, difference) => {
      expect(steps.some(({ step, gathered }) => difference.applies(step, gathered))).toBe(true);
    },
  );
});

describe("the reader", () => {
  const scenario = (result: unknown) => ({
    format: "amdv1",
    scenarios: [{ name: "made up", new: "new amdv1", init: { ret: -22 }, steps: [["phys 0x0", result]] }],
  });

  test("refuses what it does not know", () => {
    expect(() => parseGoldenFile(scenario({ ret: "0x0", surprise: 1 }), "made up")).toThrow("surprise");
    expect(() => parseGoldenFile(scenario({ ret: "0x0", ev: [["other"]] }), "made up")).toThrow("other");
    expect(() => parseGoldenFile(scenario({ ret: "12" }), "made up")).toThrow("hex");
    expect(() => parseOperation("map 0x0 0x0 0x1000 1 3 q", "io-pgtable")).toThrow("left over");
    expect(() => parseOperation("map 0x0 0x0 0x1000 3", "io-pgtable")).toThrow("missing");
    expect(() => parseOperation("remap 0x0", "generic_pt")).toThrow("unknown");
    expect(() => parseNew("new amdv1 features=0xc4 vasz=64 oasz=52 top=2 more=1")).toThrow("more");
  });
});
