import { describe, expect, test } from "vitest";
import { Deliberate } from "../../bindings/cli/replay/deliberate.js";
import { replay } from "../../bindings/cli/replay/replay.js";
import { type RecordName, recordFile, recordLines, writeRecord } from "./records.js";

// Literals: what the machine that made the records counted, and how many leaves its snapshots list.
const RECORDS: readonly {
  name: RecordName;
  calls: { map: number; unmap: number };
  written: { pageSize: number; leaves: number }[];
  marks: { tag: string; leaves: number; tablePages: number }[];
  /** Whether its larger maps and unmaps unlink 4K tables. */
  unlinks: boolean;
  deliberate?: { name: string; count: number };
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
  {
    name: "vtd-nvme-strict",
    calls: { map: 252_721, unmap: 128_060 },
    written: [{ pageSize: 4096, leaves: 1_473_810 }],
    marks: [
      { tag: "mid1", leaves: 2356, tablePages: 17 },
      { tag: "mid2", leaves: 3556, tablePages: 17 },
      { tag: "mid3", leaves: 2115, tablePages: 17 },
    ],
    unlinks: false,
    deliberate: { name: Deliberate.WRITE_ONLY, count: 4459 },
    verdict: "equal to the kernel's tables: 8,027 leaves at 3 marks; but for 4,459 deliberate differences, as above",
  },
  {
    name: "vtd-vblk-39",
    calls: { map: 170_541, unmap: 170_954 },
    written: [
      { pageSize: 4096, leaves: 1_311_918 },
      { pageSize: 2 ** 21, leaves: 213 },
    ],
    marks: [
      { tag: "mid1", leaves: 8918, tablePages: 35 },
      { tag: "mid2", leaves: 6722, tablePages: 35 },
      { tag: "mid3", leaves: 1997, tablePages: 45 },
    ],
    unlinks: true,
    deliberate: { name: Deliberate.WRITE_ONLY, count: 9382 },
    verdict: "equal to the kernel's tables: 17,637 leaves at 3 marks; but for 9,382 deliberate differences, as above",
  },
  {
    name: "amd-nvme-strict",
    calls: { map: 292_319, unmap: 164_642 },
    written: [
      { pageSize: 2 ** 12, leaves: 247_397 },
      { pageSize: 2 ** 13, leaves: 291_481 },
      { pageSize: 2 ** 14, leaves: 28_624 },
      { pageSize: 2 ** 15, leaves: 15_310 },
      { pageSize: 2 ** 16, leaves: 35_828 },
    ],
    marks: [
      { tag: "mid1", leaves: 300, tablePages: 18 },
      { tag: "mid2", leaves: 52, tablePages: 18 },
      { tag: "mid3", leaves: 224, tablePages: 18 },
    ],
    unlinks: false,
    verdict: "equal to the kernel's tables: 576 leaves at 3 marks",
  },
  {
    name: "amd-vblk-forcedac",
    calls: { map: 163_758, unmap: 173_587 },
    written: [
      { pageSize: 2 ** 12, leaves: 814_053 },
      { pageSize: 2 ** 13, leaves: 26_125 },
      { pageSize: 2 ** 14, leaves: 2825 },
      { pageSize: 2 ** 15, leaves: 491 },
      { pageSize: 2 ** 16, leaves: 1257 },
      { pageSize: 2 ** 17, leaves: 241 },
      { pageSize: 2 ** 18, leaves: 1036 },
      { pageSize: 2 ** 19, leaves: 116 },
      { pageSize: 2 ** 20, leaves: 762 },
      { pageSize: 2 ** 21, leaves: 329 },
    ],
    marks: [
      { tag: "mid1", leaves: 3599, tablePages: 52 },
      { tag: "mid2", leaves: 3406, tablePages: 51 },
      { tag: "mid3", leaves: 3526, tablePages: 52 },
    ],
    unlinks: true,
    deliberate: { name: Deliberate.EMPTY_TABLE, count: 35 },
    verdict: "equal to the kernel's tables: 10,531 leaves at 3 marks; but for 35 deliberate differences, as above",
  },
];

describe("the records of real kernels", () => {
  test.each(RECORDS)("$name is equal to the kernel's", async (record) => {
    const { name, calls, written, marks, unlinks, deliberate, verdict } = record;
    const report = await replay({ file: recordFile(name), timing: false });
    expect(report.differences).toEqual({ total: 0, first: [] });
    expect(report.verdict).toEqual({ equal: true, text: verdict });
    expect(report.calls).toMatchObject(calls);
    expect(report.leavesWritten).toEqual(written);
    expect(report.marks.map(({ tag, leaves, tablePages }) => ({ tag, leaves, tablePages }))).toEqual(marks);
    expect(report.deliberate).toEqual(deliberate === undefined ? [] : [deliberate]);
    expect(report.table).toMatchObject({ registersEqual: true, compared: "entries" });
    expect(report.flushes.flushWalk > 0).toBe(unlinks);
    // Every line of the record was compared, and no table page was left after destroy.
    const made = new Map(report.checks.map(({ check, made }) => [check, made]));
    expect(made.get("map")).toBe(calls.map);
    expect(made.get("unmap")).toBe(calls.unmap);
    expect(made.get("look-up")).toBe(report.calls.lookUp);
    expect(made.get("gather")).toBeGreaterThanOrEqual(report.calls.sync);
    expect(made.get("accounting")).toBe(2);
  });

  test("each leaf of VT-d that differs on purpose was asked for as write-only", () => {
    const prots = new Map<string, string>();
    let writeOnly = 0;
    for (const line of recordLines("vtd-nvme-strict")) {
      const [kind, , iova = "", third = "", size = "", count = "", prot = ""] = line.split(" ");
      const page = (index: number): string => (parseInt(iova, 16) + index * 4096).toString(16);
      if (kind === "M") {
        expect(size).toBe("1000");
        for (let index = 0; index < Number(count); index++) prots.set(page(index), prot);
      } else if (kind === "U") {
        const pages = (parseInt(third, 16) / 4096) * Number(size);
        for (let index = 0; index < pages; index++) prots.delete(page(index));
      } else if (kind === "C") writeOnly += [...prots.values()].filter((each) => each === "6").length;
    }
    expect(writeOnly).toBe(4459);
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
