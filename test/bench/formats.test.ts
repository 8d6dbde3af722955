import { describe, expect, test } from "vitest";
import { FORMAT_CASES, formatPlans, hasRoom } from "../../bench/cases/formats.js";
import { MAP_FORMATS } from "../../bench/cases/names.js";
import { LIMITS } from "../../bench/limits.js";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import { TableMemory } from "../../bindings/index.js";

describe("the bench has each format", () => {
  test("and every granule of Arm's and Apple's, with ARM LPAE 4K first", () => {
    const roomy = CATALOGUE.filter(hasRoom).map(({ name }) => name);
    expect(FORMAT_CASES[0]).toBe("armLpaeS1 4K");
    expect(new Set(FORMAT_CASES.map((name) => name.split(" ")[0]))).toEqual(new Set(roomy));
    const of = (format: string) => FORMAT_CASES.filter((name) => name.startsWith(`${format} `));
    expect(of("armLpaeS1")).toEqual(["armLpaeS1 4K", "armLpaeS1 16K", "armLpaeS1 64K"]);
    expect(of("appleDart")).toEqual(["appleDart 4K", "appleDart 16K"]);
    expect(of("amdV1")).toEqual(["amdV1 4K"]);
  });

  test("held to the first", () => {
    const limits = LIMITS.filter(({ operation }) => operation === MAP_FORMATS);
    expect(limits.map(({ above }) => above)).toEqual(FORMAT_CASES.slice(1));
    for (const limit of limits) expect(limit).toMatchObject({ below: FORMAT_CASES[0], atMost: 1.3 });
  });

  test("mapping the same pages, all of which are in place, and leaving nothing behind", () => {
    const memory = TableMemory.create({ bytes: 2 ** 26 });
    const [plan] = formatPlans(memory);
    const operation = plan?.prepare();
    for (const subject of operation?.cases ?? []) {
      subject.step();
      expect(subject.answer(), subject.name).toBe("16384 pages where they belong, 16384 leaves");
      subject.restore?.();
      expect(subject.answer(), subject.name).toBe("0 pages where they belong, 0 leaves");
    }
    expect(operation?.cases.map(({ name }) => name)).toEqual(FORMAT_CASES);
    operation?.dispose();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
