import { describe, expect, test } from "vitest";
import { replay } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import { recordFile, recordLines, recordTables, type SnapshotDocument, writeRecord } from "./records.js";

/** The record's addresses have 32 bits. */
const NAMES = CATALOGUE.filter(({ usual }) => usual.ias >= 32).map(({ name }) => name);
/** Those that can have a granule of 16K, as the record's requests allow. */
const WITH_16K = ["armLpaeS1", "armLpaeS2", "appleDart", "appleDart2"];

describe("a record is replayed on", () => {
  test.each(NAMES)("%s", async (format) => {
    const report = await replay({ file: recordFile("arm-nvme-16k"), format, timing: false });
    const own = format === "armLpaeS1";
    expect(report.differences.first).toEqual([]);
    expect(report.table).toMatchObject({ format, compared: own ? "entries" : "mappings" });
    expect(report.table.pageSizes[0]).toBe(WITH_16K.includes(format) ? 16_384 : 4096);
    expect(report.mappedBytes).toBe(98_994 * 16_384);
    expect(report.leftOut).toBeNull();
    const leaves = "1,132 leaves at 2 marks";
    expect(report.verdict.text).toBe(
      own
        ? `equal to the kernel's tables: ${leaves}`
        : `equal to the kernel's mappings: addresses and permissions of ${leaves} (its tables are of another format or geometry)`,
    );
    const made = new Map(report.checks.map(({ check, made }) => [check, made]));
    // Each leaf, and at each mark what is mapped in all.
    if (!own) expect(made.get("mapping")).toBe(1132 + 2);
    expect(made.get("look-up")).toBe(12_507);
    expect(made.get("accounting")).toBe(2);
  });

  test("its own format in another geometry", async () => {
    const report = await replay({ file: recordFile("arm-nvme-16k"), pageSize: 4096, ias: 39, timing: false });
    expect(report.table).toMatchObject({ format: "armLpaeS1", ias: 39, compared: "mappings", registersEqual: null });
    expect(report.table.pageSizes[0]).toBe(4096);
    expect(report.verdict.equal).toBe(true);
  });

  test("another format where its calls stop at the end of a table", async () => {
    const report = await replay({ file: recordFile("arm-vblk-strict"), format: "x86_64", timing: false });
    expect(report.differences.first).toEqual([]);
    expect(report.marks.map(({ leaves }) => leaves)).toEqual([5746, 8154, 7114]);
  });
});

/** A kernel's permission bits by its format: reading, writing, both. */
const RAW = {
  AMD_V1: { r: 1n << 61n, w: 1n << 62n, rw: 3n << 61n },
  VTD_SS: { r: 1n, w: 2n, rw: 3n },
  ARM_64_LPAE_S1: { r: 1n << 7n, w: 0n, rw: 0n },
} as const;
type Access = "r" | "w" | "rw";
const PROT: Readonly<Record<Access, number>> = { r: 1, w: 2, rw: 3 };

/** A record that maps two pages as `asked`, with a snapshot in which a kernel of format `fmt` has them as `stored`. */
function twoPages(fmt: keyof typeof RAW, asked: Access, stored: Access, second = "0x90001000"): string {
  const raw = `0x${RAW[fmt][stored].toString(16)}`;
  const tables: SnapshotDocument = {
    granule: 4096,
    snapshots: [
      {
        snapshot: "mid",
        devices: [],
        domains: {
          "0x1000": {
            params: { fmt, levels: 3 },
            leaves: [
              ["0x10000", "0x90000000", 4096, raw, 1],
              ["0x11000", second, 4096, raw, 1],
            ],
            tables: [],
          },
        },
      },
    ],
  };
  const lines = ["D 0 0x1", `M 0 10000 90000000 1000 2 ${PROT[asked]} 2000 0`, "C mid 0 0x1000"];
  return writeRecord(lines, tables);
}

const on = (format: string, file: string): Promise<Report> => replay({ file, format, timing: false });

describe("mappings are compared:", () => {
  test.each<[keyof typeof RAW, Access, Access, string, boolean]>([
    ["AMD_V1", "rw", "rw", "riscv", true],
    ["AMD_V1", "r", "r", "riscv", true],
    ["AMD_V1", "w", "w", "vtdSecondStage", true],
    // Who may write there may read: neither RISC-V nor x86-64 can forbid it.
    ["AMD_V1", "w", "w", "riscv", true],
    ["AMD_V1", "w", "w", "x86_64", true],
    // The kernel's entries let read what was asked for as write-only.
    ["VTD_SS", "w", "rw", "amdV1", true],
    ["ARM_64_LPAE_S1", "w", "rw", "vtdSecondStage", true],
    ["AMD_V1", "w", "rw", "vtdSecondStage", false],
    ["AMD_V1", "rw", "w", "vtdSecondStage", false],
    ["AMD_V1", "r", "rw", "riscv", false],
    ["AMD_V1", "rw", "r", "riscv", false],
    ["VTD_SS", "r", "w", "amdV1", false],
    ["ARM_64_LPAE_S1", "rw", "r", "amdV1", false],
  ])("%s, asked for %s, has it as %s; on %s that is equal: %s", async (fmt, asked, stored, format, equal) => {
    const report = await on(format, twoPages(fmt, asked, stored));
    expect(report.marks).toHaveLength(1);
    expect(report.verdict.equal).toBe(equal);
    if (!equal) expect(report.differences.first[0]).toMatchObject({ check: "mapping", line: 3 });
  });

  test("another address, a leaf that only one has", async () => {
    const other = await on("riscv", twoPages("AMD_V1", "rw", "rw", "0x90003000"));
    expect(other.differences.first).toEqual([
      {
        check: "mapping",
        line: 3,
        what: "mapping of 0x11000 + 0x1000",
        expected: "0x90003000, rw",
        got: "0x11000 goes to another address",
      },
    ]);
    const lines = recordLines("arm-nvme-16k");
    const extra = await on("riscv", recordFile("arm-nvme-16k"));
    expect(extra.verdict.equal).toBe(true);
    const at = lines.findIndex((line) => line.startsWith("C mid2"));
    const unmapped = lines.toSpliced(at, 0, "M 0 1000000 40000000 4000 1 3 4000 0");
    const more = await on("riscv", writeRecord(unmapped, recordTables("arm-nvme-16k")));
    expect(more.differences.first[0]).toMatchObject({ check: "mapping", what: "bytes mapped in all" });
  });
});
