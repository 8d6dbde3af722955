// One record on several formats and page sizes: the answer to "what would another granule cost me".
import { describe, expect, test } from "vitest";
import { Op } from "../../bindings/cli/replay/operationLog.js";
import { relocate } from "../../bindings/cli/replay/relocate.js";
import { readInput } from "../../bindings/cli/replay/replay.js";
import type { Report } from "../../bindings/cli/replay/report.js";
import { runCli } from "../cli/runCli.js";
import { recordFile, recordLines, writeRecord } from "./records.js";

interface Row {
  format: string;
  pageSize: number | null;
  report: Report | null;
  refused: string | null;
}

const SHORT = writeRecord(recordLines("arm-vblk-strict").slice(0, 20_000));

async function rows(...args: string[]): Promise<Row[]> {
  const { status, out } = await runCli("replay", [...args, "--json"]);
  expect(status).toBe(0);
  return (JSON.parse(out) as { rows: Row[] }).rows;
}

describe("several page sizes", () => {
  test("cost memory and save tables", async () => {
    const [small, middle, large] = await rows("--page-size", "4K,16K,64K", SHORT);
    expect([small, middle, large].map((row) => row?.report?.table.pageSizes[0])).toEqual([4096, 16_384, 65_536]);
    expect([small, middle, large].map((row) => row?.report?.relocated)).toEqual([false, true, true]);
    const fullest = [small, middle, large].map((row) => row?.report?.fullest?.mappedBytes ?? 0);
    expect(fullest[0]).toBeLessThan(fullest[1] ?? 0);
    expect(fullest[1]).toBeLessThan(fullest[2] ?? 0);
    expect(small?.report?.tablePages.peak).toBeGreaterThan(large?.report?.tablePages.peak ?? 0);
    for (const row of [small, middle, large]) expect(row?.report?.verdict.equal).toBe(true);
  });

  test("with --skip, what keeps to no page is left out instead", async () => {
    const [small, large] = await rows("--page-size", "4K", "--page-size", "64K", "--skip", SHORT);
    expect(small?.report?.leftOut).toBeNull();
    expect(large?.report?.leftOut?.maps).toBeGreaterThan(0);
    expect(large?.report?.relocated).toBe(false);
  });
});

test("several formats: each says what it takes, or why it cannot be had", async () => {
  const found = await rows("--format", "armLpaeS1,riscv", "--page-size", "16K,4K", SHORT);
  expect(found.map(({ format, pageSize, report }) => [format, pageSize, report === null])).toEqual([
    ["armLpaeS1", 16_384, false],
    ["armLpaeS1", 4096, false],
    ["riscv", 16_384, true],
    ["riscv", 4096, false],
  ]);
  expect(found[2]?.refused).toContain("no table of smallest leaves of 16K");
  const { out } = await runCli("replay", ["--format", "armLpaeS1,riscv", "--page-size", "16K,4K", SHORT]);
  expect(out).toMatch(/^armLpaeS1 +16K, 32M .* \*$/m);
  expect(out).toMatch(/^riscv +16K +riscv has no table of smallest leaves of 16K/m);
});

test("what cannot be replayed on any of them: exit status 2", async () => {
  const { status, err } = await runCli("replay", ["--format", "riscv,x86_64", "--page-size", "16K", SHORT]);
  expect(status).toBe(2);
  expect(err).toMatch(/smallest leaves of 16K/);
});

test("a single replay can be relocated, and says so", async () => {
  const { status, out } = await runCli("replay", ["--page-size", "64K", "--relocate", "--no-timing", SHORT]);
  expect(status).toBe(0);
  expect(out).toContain("requests are widened to pages of 64K");
  expect(out).toContain("nothing of the kernel's to compare");
});

describe("a relocated record", () => {
  const lines = [
    "M 0 fff00000 80001000 1000 1 3 1000 0",
    "M 0 fff01000 80002000 1000 1 3 1000 0",
    "M 0 fff02000 90001000 1000 1 3 1000 0",
    "M 0 ffe00000 80009000 1000 1 1 1000 0",
    "U 0 fff00000 1000 2 - 2000",
    "U 0 fff02000 1000 1 - 1000",
    "M 0 ffd00000 a0000000 10000 2 1 20000 0",
  ];

  test("has whole pages at addresses of their own, given back when the last part of a request goes", async () => {
    const { record } = await readInput({ file: writeRecord(lines) });
    const { log } = relocate(record, 0x1_0000, 48);
    const operations = Array.from({ length: log.length }, (_, index) => log.at(index));
    expect(operations.map(({ kind, iova, paddr, bytes }) => [kind, iova, paddr, bytes])).toEqual([
      // Two pieces side by side in memory, and a third elsewhere: one request of two pages.
      [Op.MAP, 0xfffe_0000, 0x8000_0000, 0x1_0000],
      [Op.MAP, 0xffff_0000, 0x9000_0000, 0x1_0000],
      [Op.MAP, 0xfffd_0000, 0x8000_0000, 0x1_0000],
      [Op.UNMAP, 0xfffe_0000, 0, 0x2_0000],
      [Op.MAP, 0xfffe_0000, 0xa000_0000, 0x2_0000],
    ]);
    expect(log.at(0).prot).toBe(3);
  });

  test("unmaps as much as it maps of a real one", async () => {
    const { record } = await readInput({ file: recordFile("arm-nvme-strict") });
    const { log } = relocate(record, 0x4000, 48);
    let live = 0;
    for (let index = 0; index < log.length; index++) {
      const { kind, bytes } = log.at(index);
      live += kind === Op.MAP ? bytes : -bytes;
    }
    // 104 KiB of 4K pages are mapped at its end.
    expect(live).toBeGreaterThanOrEqual(26 * 0x1000);
    expect(live).toBeLessThanOrEqual(26 * 0x4000);
  });
});
