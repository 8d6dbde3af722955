import { describe, expect, test } from "vitest";
import { replay } from "../../bindings/cli/replay/replay.js";
import { type RecordName, recordFile, recordLines, writeRecord } from "./records.js";

// Literals: what the machine that made the records counted, and how many leaves its snapshots list.
const RECORDS: readonly {
  name: RecordName;
  calls: { map: number; unmap: number };
  written: { pageSize: number; leaves: number }[];
  marks: { tag: string; leaves: number; tablePages: number }[];
  /** Whether its 2M maps and unmaps unlink 4K tables. */
  unlinks: boolean;
  verdict: string;
}[] = [
  {
    name: "arm-nvme-strict",
    calls: { map: 133_831, unmap: 44_154 },
    written: [{ pageSize: 4096, leaves: 768_527 }],
    marks: [
      { tag: "mid1", leaves: 881, tablePages: 15 },
      { tag: "mid2", leaves: 1271, tablePages: 15 },
      { tag: "mid3", leaves: 1198, tablePages: 15 },
    ],
    unlinks: false,
    verdict: "equal to the kernel's tables: 3,350 leaves at 3 marks",
  },
  {
    name: "arm-vblk-strict",
    calls: { map: 118_448, unmap: 118_429 },
    written: [
      { pageSize: 4096, leaves: 908_999 },
      { pageSize: 2 ** 21, leaves: 277 },
    ],
    marks: [
      { tag: "mid1", leaves: 5746, tablePages: 31 },
      { tag: "mid2", leaves: 8154, tablePages: 35 },
      { tag: "mid3", leaves: 7114, tablePages: 37 },
    ],
    unlinks: true,
    verdict: "equal to the kernel's tables: 21,014 leaves at 3 marks",
  },
  {
    name: "arm-nvme-16k",
    calls: { map: 76_711, unmap: 16_614 },
    written: [{ pageSize: 16_384, leaves: 98_994 }],
    marks: [
      { tag: "mid2", leaves: 701, tablePages: 4 },
      { tag: "mid3", leaves: 431, tablePages: 4 },
    ],
    unlinks: false,
    verdict: "equal to the kernel's tables: 1,132 leaves at 2 marks",
  },
];

describe("the records of real kernels", () => {
  test.each(RECORDS)("$name is equal to the kernel's", async ({ name, calls, written, marks, unlinks, verdict }) => {
    const report = await replay({ file: recordFile(name), timing: false });
    expect(report.differences).toEqual({ total: 0, first: [] });
    expect(report.verdict).toEqual({ equal: true, text: verdict });
    expect(report.calls).toMatchObject(calls);
    expect(report.leavesWritten).toEqual(written);
    expect(report.marks.map(({ tag, leaves, tablePages }) => ({ tag, leaves, tablePages }))).toEqual(marks);
    expect(report.table.registersEqual).toBe(true);
    expect(report.flushes.flushWalk > 0).toBe(unlinks);
    // Every line of the record was compared, and no table page was left after destroy.
    const made = new Map(report.checks.map(({ check, made }) => [check, made]));
    expect(made.get("map")).toBe(calls.map);
    expect(made.get("unmap")).toBe(calls.unmap);
    expect(made.get("look-up")).toBe(report.calls.lookUp);
    expect(made.get("gather")).toBeGreaterThanOrEqual(report.calls.sync);
    expect(made.get("accounting")).toBe(2);
  });

  test("without its tables a record is compared by its answers, and says so", async () => {
    const report = await replay({ file: writeRecord(recordLines("arm-nvme-16k").slice(0, 2000)), timing: false });
    expect(report.record.tables).toBeNull();
    expect(report.marks).toEqual([]);
    expect(report.verdict.equal).toBe(true);
    expect(report.verdict.text).toMatch(/^equal to the kernel's answers: [\d,]+ maps, [\d,]+ unmaps, [\d,]+ look-ups/);
    expect(report.table.pageSizes).toEqual([16_384, 2 ** 25]);
  });

  test("times every kind of call, and tells the fullest moment", async () => {
    const report = await replay({ file: writeRecord(recordLines("arm-nvme-strict").slice(0, 5000)) });
    expect(report.nanoseconds).toMatchObject({ rounds: 5 });
    expect(report.nanoseconds?.map).toBeGreaterThan(0);
    expect(report.nanoseconds?.lookUp).toBeGreaterThan(0);
    const { fullest } = report;
    expect(fullest?.mappedBytes).toBeGreaterThanOrEqual(report.atEnd.mappedBytes);
    expect(fullest?.tableBytesPerGiB).toBeCloseTo((fullest?.tableBytes ?? 0) / ((fullest?.mappedBytes ?? 0) / 2 ** 30));
  });
});
