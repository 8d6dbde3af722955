import { describe, expect, test } from "vitest";
import * as names from "../../bench/cases/names.js";
import { judge } from "../../bench/harness/verdict.js";
import { LINUX } from "../../bench/peers/linux/linuxPeer.js";
import { rowsPlot, sizesPlot, workersPlot } from "../../bench/plots/plots.js";
import { fillIn } from "../../bench/plots/publish.js";
import { logScale, shortNumber } from "../../bench/plots/scale.js";
import { goalsTable, machineText, timesTable } from "../../bench/plots/tables.js";
import { recordOf } from "./recordOf.js";

const [SLOW, FAST] = [`${LINUX}, slow`, `${LINUX}, fast`];
const measured = recordOf({
  [names.MAP_POOLED]: { [names.OURS]: 0.25, [SLOW]: 1.25, [FAST]: 0.5 },
  [names.sizedName(4096)]: { [names.OURS]: 20, [SLOW]: 30 },
  [names.sizedName(2 ** 21)]: { [names.OURS]: 2, [SLOW]: 3 },
  [names.WORKERS_PAGES]: { [names.ONE_WORKER]: 1, [names.TWO_WORKERS]: 0.5 },
});

describe("the axis", () => {
  test("goes from a power of ten to another, in equal steps", () => {
    const scale = logScale([0.02, 30], 100, 500);
    expect(scale.ticks.map((tick) => scale.at(tick))).toEqual([100, 200, 300, 400, 500]);
    expect(scale.ticks).toEqual([0.01, 0.1, 1, 10, 100]);
  });

  test("has a length where all values are equal, and refuses what has no logarithm", () => {
    expect(logScale([1, 1], 0, 10).at(1)).toBe(0);
    expect(() => logScale([0, 1], 0, 10)).toThrow(RangeError);
    expect(() => logScale([], 0, 10)).toThrow(RangeError);
  });
});

test("figures are short and never in exponents", () => {
  expect([0.0123, 0.123, 1.26, 12.6, 126, 1260, 123456].map(shortNumber)).toEqual([
    "0.012",
    "0.12",
    "1.3",
    "13",
    "126",
    "1,260",
    "123,456",
  ]);
});

describe("plots", () => {
  test("show each series of a row, the same for the same record", () => {
    const plot = rowsPlot(measured);
    for (const shown of [names.OURS, SLOW, FAST, ">0.25<", ">1.3<", ">0.5<"]) expect(plot).toContain(shown);
    expect(rowsPlot(measured)).toBe(plot);
    expect(plot.match(/<rect (?!class)/g)).toHaveLength(6 + 3);
  });

  test("have a point for each size that was measured", () => {
    expect(sizesPlot(measured).match(/<circle/g)).toHaveLength(4);
  });

  test("turn the times of workers into pages", () => {
    const plot = workersPlot(measured);
    expect(plot).toContain(">1,000<");
    expect(plot).toContain(">2,000<");
    expect(workersPlot(recordOf({}))).toBeNull();
  });
});

describe("tables", () => {
  test("compare with the fastest build", () => {
    const limits = [SLOW, FAST].map((below) => {
      return { operation: names.MAP_POOLED, above: names.OURS, below, atMost: 0.4 };
    });
    const verdicts = measured.operations.flatMap((result) => judge(result, limits));
    const table = goalsTable({ ...measured, verdicts });
    expect(table.replaceAll(/ +/g, " ")).toContain(`| ${FAST} | 0.25 | 0.5 | 0.5 | at most 0.4 | missed |`);
    expect(table).not.toContain(SLOW);
  });

  test("name the machine, and everything measured", () => {
    expect(machineText(measured)).toContain("a processor, 2 cores");
    expect(timesTable(measured).replaceAll(/ +/g, " ")).toContain(`| ${SLOW} | 1.3 | 1.3 .. 1.3 |`);
  });
});

test("a page is filled between its marks, again and again", () => {
  const page = "before\n<!-- goals -->\nold\n<!-- /goals -->\nafter\n";
  const filled = "before\n<!-- goals -->\n\nnew\n<!-- /goals -->\nafter\n";
  expect(fillIn(page, "goals", "new")).toBe(filled);
  expect(fillIn(filled, "goals", "new")).toBe(filled);
  expect(() => fillIn(page, "times", "new")).toThrow("times");
});
