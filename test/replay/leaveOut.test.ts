import { describe, expect, test } from "vitest";
import { replay } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { recordFile, type SnapshotDocument, writeRecord } from "./records.js";

/** On pages of 16K. */
function skipping(lines: readonly string[], tables?: SnapshotDocument): Promise<Report> {
  const file = writeRecord(["D 0 0x1", ...lines], tables);
  return replay({ file, format: "armLpaeS1", pageSize: 16_384, skip: true, timing: false });
}

describe("--skip leaves out what a format has no room for", () => {
  test("with its unmaps and look-ups, and keeps the rest of a common unmap", async () => {
    const report = await skipping([
      "M 0 10000 80000000 1000 16 3 10000 0",
      "M 0 20000 80010000 1000 1 3 1000 0",
      "T 0 20010 80010010",
      "T 0 1f010 8000f010",
      "M 0 100000 90000000 1000 16 3 10000 0",
      "U 0 10000 1000 17 - 11000",
      "I 10000 20fff 1",
      "T 0 20010 0",
      "U 0 100000 1000 16 - 10000",
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.leftOut).toEqual({
      maps: 1,
      unmaps: 1,
      lookUps: 1,
      bytes: 0x1000,
      first: { line: 3, why: "0x20000 + 0x1000 is no multiple of its smallest page, 0x4000" },
    });
    expect(report.atEnd.mappedBytes).toBe(0);
    expect(report.mappedBytes).toBe(0x20000);
    expect(report.verdict.text).toMatch(/; but for 1 map left out, as above$/);
  });

  test("in the middle of an unmap, on both sides of which stretches are kept", async () => {
    const report = await skipping([
      "M 0 0 80000000 1000 4 3 4000 0",
      "M 0 4000 80000000 1000 1 3 1000 0",
      "M 0 5000 80003000 1000 3 3 3000 0",
      "M 0 8000 80008000 1000 4 3 4000 0",
      "U 0 0 1000 12 - c000",
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.leftOut).toMatchObject({ maps: 2, unmaps: 1, bytes: 0x4000 });
    expect(report.unmappedBytes).toBe(0x8000);
    expect(report.atEnd.mappedBytes).toBe(0);
  });

  test("what is mapped later where something was left out is not", async () => {
    const report = await skipping([
      "M 0 0 80001000 1000 4 3 4000 0",
      "U 0 0 1000 4 - 4000",
      "M 0 0 80004000 1000 4 3 4000 0",
      "T 0 123 80004123",
      "U 0 0 1000 4 - 4000",
    ]);
    expect(report.differences.first).toEqual([]);
    expect(report.leftOut).toMatchObject({ maps: 1, unmaps: 1, lookUps: 0 });
    expect(report.unmappedBytes).toBe(0x4000);
  });

  test("nor are the kernel's leaves from it compared, but all others are", async () => {
    const lines = ["M 0 0 80000000 1000 4 3 4000 0", "M 0 4000 80010000 1000 1 3 1000 0", "C mid 0 0x1000"];
    const document = (paddr: string): SnapshotDocument => ({
      granule: 4096,
      snapshots: [
        {
          snapshot: "mid",
          devices: [],
          domains: {
            "0x1000": {
              params: { fmt: "VTD_SS", levels: 3 },
              leaves: [
                ["0x0", paddr, 16_384, "0x3", 1],
                ["0x4000", "0x80010000", 4096, "0x3", 1],
              ],
              tables: [],
            },
          },
        },
      ],
    });
    const equal = await skipping(lines, document("0x80000000"));
    expect(equal.differences.first).toEqual([]);
    expect(equal.marks).toMatchObject([{ leaves: 1 }]);
    const other = await skipping(lines, document("0x80008000"));
    expect(other.differences.first[0]).toMatchObject({ check: "mapping" });
  });

  test("a whole record with 4K requests on a format of 16K pages", async () => {
    const file = recordFile("vtd-vblk-39");
    const report = await replay({ file, format: "appleDart2", skip: true, timing: false });
    expect(report.differences.first).toEqual([]);
    const { leftOut, calls } = report;
    expect((leftOut?.maps ?? 0) + calls.map).toBe(170_541);
    expect((leftOut?.lookUps ?? 0) + calls.lookUp).toBe(170_506);
    expect((leftOut?.bytes ?? 0) + report.mappedBytes).toBe(1_311_918 * 4096 + 213 * 2 ** 21);
    expect(report.marks.reduce((sum, { leaves }) => sum + leaves, 0)).toBeGreaterThan(1000);
  });

  test("a record of which nothing is left is unusable", async () => {
    const file = writeRecord(["D 0 0x1", "M 0 1000 100000000 1000 1 3 1000 0"]);
    await expect(replay({ file, format: "armV7s", skip: true })).rejects.toThrow(
      /nothing is left: line 2: armV7s has no room for it: output address 0x100000000/,
    );
  });

  test("a record that fits loses nothing", async () => {
    const file = recordFile("arm-nvme-16k");
    const report = await replay({ file, format: "appleDart2", skip: true, timing: false });
    expect(report.leftOut).toBeNull();
    expect(report.calls.map).toBe(76_711);
  });
});
