import { describe, expect, test } from "vitest";
import { refuseOtherMachine, slowdowns, slowdownsText } from "../../bench/harness/baseline.js";
import { readOptions } from "../../bench/harness/options.js";
import { isPeer } from "../../bench/peers/isPeer.js";
import { recordOf } from "./recordOf.js";

describe("a baseline", () => {
  const baseline = recordOf({ "map pages": { "io-pgtable": 1, "typed arrays": 1, fill: 1 } });
  const measured = (times: Record<string, number>) => {
    const [result] = recordOf({ "map pages": times }).operations;
    if (result === undefined) throw new Error("one operation was asked for");
    return slowdowns(baseline, result, 1.3, isPeer);
  };

  test("names what of ours takes more than its factor", () => {
    expect(measured({ "io-pgtable": 1.31 })).toEqual([{ operation: "map pages", name: "io-pgtable", ratio: 1.31 }]);
    expect(measured({ "io-pgtable": 1.3 })).toEqual([]);
    expect(slowdownsText(measured({ "io-pgtable": 2 }), 1.3)).toBe(
      "\n  SLOWER  map pages: io-pgtable, 2.00 times the baseline\n",
    );
  });

  test("leaves out peers, and cases that it does not have", () => {
    expect(measured({ "typed arrays": 9, "Linux 6.12, gcc -O2": 9, "io-pgtable, new": 9 })).toEqual([]);
  });

  test("counts only on such a processor with such a Node", () => {
    const { machine } = baseline;
    refuseOtherMachine(baseline, { ...machine, node: "v20.99.1" });
    expect(() => refuseOtherMachine(baseline, { ...machine, node: "v22.0.0" })).toThrow("Node v22");
    expect(() => refuseOtherMachine(baseline, { ...machine, cpu: "another" })).toThrow("another");
  });
});

test("--fail-above takes a factor, and goes with --baseline", () => {
  expect(readOptions([])).toMatchObject({ baseline: null, failAbove: 1.3 });
  expect(readOptions(["--baseline", "a.json", "--fail-above", "1.5"])).toMatchObject({
    baseline: "a.json",
    failAbove: 1.5,
  });
  expect(() => readOptions(["--fail-above", "1.5"])).toThrow("--baseline");
  for (const text of ["much", "0", "-1", "Infinity"]) {
    expect(() => readOptions(["--baseline", "a.json", `--fail-above=${text}`])).toThrow("factor");
  }
});
