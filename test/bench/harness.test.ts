import { describe, expect, test } from "vitest";
import type { BenchCase, Operation } from "../../bench/harness/case.js";
import { measure } from "../../bench/harness/measure.js";
import { readOptions } from "../../bench/harness/options.js";
import { operationText } from "../../bench/harness/report.js";
import { measureOperation, type OperationResult } from "../../bench/harness/rounds.js";
import { median, quantile, ratios, summarize } from "../../bench/harness/statistics.js";
import { judge } from "../../bench/harness/verdict.js";

const SECONDS = 0.001;
const spin = (): number => Array.from({ length: 200 }, (_, i) => i).reduce((a, b) => a + b);

describe("measuring a case", () => {
  test("gives the seconds of each cycle", async () => {
    const seconds = await measure({ name: "spin", step: spin, answer: () => "" }, SECONDS);
    expect(seconds.length).toBeGreaterThan(0);
    expect(Math.min(...seconds)).toBeGreaterThan(0);
  });

  test("restores after every step that changes the state, the untimed ones too", async () => {
    const calls: string[] = [];
    const subject: BenchCase = {
      name: "changing",
      step: () => {
        spin();
        calls.push("step");
      },
      restore: () => calls.push("restore"),
      answer: () => "",
    };
    const seconds = await measure(subject, SECONDS);
    expect(calls.length).toBeGreaterThanOrEqual(4 * seconds.length);
    expect(calls.join(" ")).toBe("step restore ".repeat(calls.length / 2).trim());
  });

  test.each([
    ["repeated", undefined],
    ["changing", () => {}],
  ])("reports what a %s case throws", async (_, restore) => {
    const subject = {
      name: "broken",
      step: () => {
        throw new Error("out of pages");
      },
      answer: () => "",
    };
    const measured = measure(restore === undefined ? subject : { ...subject, restore }, SECONDS);
    await expect(measured).rejects.toThrow('case "broken" threw: out of pages');
  });
});

function operationOf(answers: readonly string[], floor?: string): Operation {
  const cases: BenchCase[] = answers.map((answer, i) => ({ name: `case ${i}`, step: spin, answer: () => answer }));
  if (floor !== undefined) cases.push({ name: "floor", floor: true, step: spin, answer: () => floor });
  return { name: "spinning", unit: "spin", unitsPerStep: 1, cases, dispose: () => {} };
}

describe("measuring an operation", () => {
  const schedule = { seconds: SECONDS, warmUp: 1, rounds: 2 };

  test("keeps every counted round of every case", async () => {
    const result = await measureOperation(operationOf(["same", "same"], "other work"), schedule);
    expect(result.cases.map(({ name, floor }) => ({ name, floor }))).toEqual([
      { name: "case 0", floor: false },
      { name: "case 1", floor: false },
      { name: "floor", floor: true },
    ]);
    for (const one of result.cases) {
      expect(one.samples).toHaveLength(2);
      expect(one.rounds).toEqual(one.samples.map(median));
    }
  });

  test("stops where two cases come to different answers", async () => {
    await expect(measureOperation(operationOf(["0x10", "0x11"]), schedule)).rejects.toThrow('"case 1" comes to 0x11');
  });
});

test("quantiles lie between the closest ranks", () => {
  expect(quantile([4, 1, 3, 2], 0.25)).toBe(1.75);
  expect(summarize([5, 1, 3])).toEqual({ p25: 2, median: 3, p75: 4 });
  expect(() => median([])).toThrow("no values");
});

test("ratios are taken round by round", () => {
  expect(ratios([10, 40], [5, 10])).toEqual([2, 4]);
  expect(() => ratios([1], [1, 2])).toThrow("same rounds");
});

describe("a verdict", () => {
  const caseOf = (name: string, rounds: number[]) => ({
    name,
    floor: false,
    rounds,
    summary: summarize(rounds),
    samples: rounds.map((round) => [round]),
  });
  // The second round is a slow spell of the machine: both sides double.
  const result: OperationResult = {
    name: "map",
    unit: "page",
    unitsPerStep: 1,
    cases: [caseOf("ours", [1, 2, 1]), caseOf("peer", [5, 10, 6])],
  };
  const limit = { operation: "map", above: "peer", below: "ours" };

  test.each([
    [{ atLeast: 5 }, true],
    [{ atLeast: 5.5 }, false],
    [{ atMost: 5 }, true],
    [{ atMost: 4.9 }, false],
  ])("of %o is %s", (bound, held) => {
    expect(judge(result, [{ ...limit, ...bound }]).map((verdict) => verdict.held)).toEqual([held]);
  });

  test("concerns its own operation and needs both cases", () => {
    expect(judge(result, [{ ...limit, operation: "unmap", atMost: 1 }])).toEqual([]);
    expect(() => judge(result, [{ ...limit, below: "nobody", atMost: 1 }])).toThrow("nobody");
  });

  test("stands in the table beside the peer", () => {
    const text = operationText(result, judge(result, [{ ...limit, atLeast: 6 }]));
    const row = text.split("\n").find((line) => line.includes("peer"));
    expect(row).toMatch(/peer +6\.00 .* 5\.00 +MISSED$/);
  });
});

test("a limit on what is compared with the first case stands beside it, whichever is above", () => {
  const caseOf = (name: string, rounds: number[]) => ({
    name,
    floor: false,
    rounds,
    summary: summarize(rounds),
    samples: rounds.map((round) => [round]),
  });
  const cases = [caseOf("first", [1, 1]), caseOf("second", [2, 2]), caseOf("third", [3, 3])];
  const result: OperationResult = { name: "map", unit: "page", unitsPerStep: 1, cases };
  const verdicts = judge(result, [
    { operation: "map", above: "second", below: "first", atMost: 1.5 },
    { operation: "map", above: "first", below: "third", atMost: 1 },
  ]);
  const lines = operationText(result, verdicts).split("\n");
  const endOf = (name: string) =>
    lines
      .find((line) => line.includes(name))
      ?.split(/ {2,}/)
      .at(-1);
  expect(endOf("second")).toBe("MISSED");
  expect(endOf("third")).toBe("held");
  expect(lines.find((line) => line.includes("first"))).not.toMatch(/held|MISSED/);
});

test("options are read and unknown ones refused", () => {
  expect(readOptions(["--quick", "--check", "--filter", "map", "--json", "out.json"])).toMatchObject({
    quick: true,
    check: true,
    filter: "map",
    json: "out.json",
  });
  expect(() => readOptions(["--fast"])).toThrow("--fast");
  expect(readOptions(["--baseline", "old.json", "--fail-above", "1.5"])).toMatchObject({
    baseline: "old.json",
    failAbove: 1.5,
  });
  expect(() => readOptions(["--fail-above", "none"])).toThrow("--fail-above");
});
