/** What ours does where it differs from Linux on purpose; one test for each difference that the replay lists. */

import { afterEach, describe, expect, test } from "vitest";
import {
  amdV1,
  armLpaeS1,
  type Format,
  IoPageTable,
  type IoPgtableError,
  Prot,
  TableMemory,
  type TableOptions,
} from "../../../bindings/index.js";
import { FlushRecorder } from "./flushRecorder.js";
import type { Api } from "./operations.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 0x1000;
const M2 = 0x20_0000;

const memory = TableMemory.create({ bytes: 16 * M2 });
const tables: IoPageTable<unknown>[] = [];

function make(api: Api, format: Format<unknown>, gatherRanges: TableOptions<unknown>["gatherRanges"] = "merge") {
  const flushes = new FlushRecorder(api, () => undefined);
  const table = new IoPageTable<unknown>(memory, { format, flush: flushes.ops, gatherRanges });
  tables.push(table);
  return { table, flushes };
}

const lpae = (ias = 48) => make("io-pgtable", armLpaeS1({ ias, oas: 48, pageSizes: [K4, M2, 0x4000_0000] }));
const amd = (changeTop: () => void = () => {}) =>
  make("generic_pt", amdV1({ ias: 64, oas: 52, startLevels: 3, changeTop }));

/** Table pages of the last table, the root included. */
const pagesInUse = () => memory.stats().tablePagesInUse;

afterEach(() => {
  for (const table of tables.splice(0)) table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

describe("where ours differs from Linux", () => {
  test("mapPages with count 0 is EINVAL and allocates nothing", () => {
    const { table, flushes } = lpae();
    const before = pagesInUse();
    expect(table.mapPages(0, 0, K4, 0, RW)).toEqual({ mapped: 0, error: "EINVAL" });
    expect(pagesInUse()).toBe(before);
    expect(flushes.take()).toEqual([]);
  });

  test("a mapPages that meets a leaf behind a table is refused, and the table stays", () => {
    const { table, flushes } = lpae();
    table.map(0, 0x10_0000, 2 * K4, RW);
    table.map(M2, 0x4000_0000, M2, RW);
    const before = { dump: table.dump(), pages: pagesInUse() };
    expect(table.mapPages(0, 0x8000_0000, M2, 2, RW)).toEqual({ mapped: 0, error: "EEXIST" });
    expect({ dump: table.dump(), pages: pagesInUse() }).toEqual(before);
    expect(flushes.take()).toEqual([]);
    expect(table.iovaToPhys(K4 + 5)).toBe(0x10_1005);
  });

  test("mair is the 32-bit value", () => {
    expect(lpae().table.registers).toMatchObject({ mair: 0xf404ff44n });
  });

  test("a run stops at the end of the input range, also where the root is a part of a table", () => {
    const M512 = 0x2000_0000;
    const format = armLpaeS1({ ias: 32, oas: 36, pageSizes: [0x1_0000, M512] });
    const { table, flushes } = make("io-pgtable", format);
    expect(table.mapPages(0xe000_0000, 0, M512, 2, RW)).toEqual({ mapped: M512, error: null });
    expect(table.dump()).toBe("R 0 2 8\nP 2 7 e0000000 e41\n");
    expect(table.unmapPages(0xe000_0000, M512, 3)).toBe(M512);
    expect(flushes.take()).toEqual([["page", "0xe0000000", "0x20000000", 1]]);
  });

  test("a look-up finds nothing where nothing is mapped or outside the range, and never aliases", () => {
    const { table } = lpae(39);
    table.map(0, 0x4000_0000, K4, RW);
    expect(table.iovaToPhys(0)).toBe(0x4000_0000);
    expect([K4, 2 ** 39, 2n ** 48n, 2n ** 64n - 1n].map((iova) => table.iovaToPhys(iova))).toEqual(Array(4).fill(null));
    expect(codeOf(() => table.walk(2 ** 39))).toBe("ERANGE");
    expect(amd().table.iovaToPhys64(2n ** 64n - 1n)).toBeNull();
  });

  test("a mapping to physical address 0 is found", () => {
    const { table } = lpae();
    table.map(K4, 0, K4, RW);
    expect(table.iovaToPhys(K4)).toBe(0);
  });

  test("an unmap that removes nothing flushes nothing, also at address 0", () => {
    const { table, flushes } = amd();
    expect(table.unmapRange(0, K4)).toBe(0);
    expect(flushes.take()).toEqual([]);
  });

  test("an unmap that removes nothing neither widens a gather nor makes an exact one sync", () => {
    for (const gatherRanges of ["merge", "exact"] as const) {
      const { table, flushes } = make("generic_pt", amdV1({ ias: 48, oas: 52 }), gatherRanges);
      table.map(0x1_0000, 0x1_0000, K4, RW);
      const gather = table.gather();
      table.unmapRange(0x1_0000, K4, gather);
      expect(table.unmapRange(0x40_0000, K4, gather)).toBe(0);
      expect(flushes.take()).toEqual([]);
      gather.sync();
      expect(flushes.take()).toEqual([["sync", "0x10000", "0x10fff", 0]]);
    }
  });

  test("leaves of several sizes share one gather, whose granule is the smallest", () => {
    const { table, flushes } = lpae();
    table.map(0, 0, M2 + K4, RW);
    const gather = table.gather();
    expect(table.unmapPages(0, M2, 1, gather) + table.unmapPages(M2, K4, 1, gather)).toBe(M2 + K4);
    expect(flushes.take()).toEqual([]);
    gather.sync();
    expect(flushes.take()).toEqual([["page", "0x0", "0x1000", 513]]);
  });

  test("a table unlinked on a gather is flushed and freed at its sync", () => {
    const { table, flushes } = lpae();
    table.map(0, 0, K4, RW);
    const before = pagesInUse();
    const gather = table.gather();
    expect(table.unmapPages(0, M2, 1, gather)).toBe(M2);
    expect([pagesInUse(), flushes.take()]).toEqual([before, []]);
    gather.sync();
    expect([pagesInUse(), flushes.take()]).toEqual([before - 1, [["walk", "0x0", "0x200000", "0x1000"]]]);
  });

  test("a failed map leaves no empty table, and does not grow the table", () => {
    let grown = 0;
    const { table, flushes } = amd(() => {
      grown++;
    });
    table.map(0x7f_ffff_f000, 0, K4, RW);
    const before = { dump: table.dump(), pages: pagesInUse() };
    flushes.take();
    expect(codeOf(() => table.map(0x7f_ffdf_e000, 0, 0x20_2000, RW))).toBe("EEXIST");
    expect(codeOf(() => table.map(0x7f_ffff_f000, 0, 2 * K4, RW))).toBe("EEXIST");
    expect({ dump: table.dump(), pages: pagesInUse() }).toEqual(before);
    expect(grown).toBe(0);
  });

  test("destroy flushes all on every format", () => {
    for (const { table, flushes } of [lpae(), amd()]) {
      table.destroy();
      expect(flushes.take()).toEqual([["all"]]);
    }
    tables.length = 0;
  });

  test("addresses that the page size does not divide are EINVAL", () => {
    const { table, flushes } = lpae();
    expect(table.mapPages(0x1800, 0x8000_0800, K4, 1, RW)).toEqual({ mapped: 0, error: "EINVAL" });
    expect(table.mapPages(M2, 0x8000_1000, M2, 1, RW)).toEqual({ mapped: 0, error: "EINVAL" });
    table.map(K4, 0, K4, RW);
    expect(table.unmapPages(0x1fff, K4, 1)).toBe(0);
    expect(table.iovaToPhys(K4)).toBe(0);
    expect(flushes.take()).toEqual([]);
  });

  test("a quirk that a format does not have is ENOTSUP", () => {
    const config = { ias: 48, oas: 48, quirks: ["NO_WARN"] } as unknown as Parameters<typeof armLpaeS1>[0];
    expect(codeOf(() => make("io-pgtable", armLpaeS1(config)))).toBe("ENOTSUP");
  });
});

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return (error as IoPgtableError).code;
  }
}
