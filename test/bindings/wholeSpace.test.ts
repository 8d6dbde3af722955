// All of a small input space in one map. A block may be as large as the space and have no entry to stand in, because the root is a level below.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  arm32LpaeS1,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type Format,
  type IoPageTable,
  Prot,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const K16 = [2 ** 14, 2 ** 25];
const K64 = [2 ** 16, 2 ** 29];

const CASES: { name: string; format: () => Format; leaf: number; above: number[] }[] = [
  { name: "S1 4K, 30 bits", format: () => armLpaeS1({ ias: 30, oas: 48 }), leaf: 2 ** 21, above: [2 ** 30] },
  { name: "S1 4K, 21 bits", format: () => armLpaeS1({ ias: 21, oas: 48 }), leaf: 2 ** 12, above: [2 ** 21, 2 ** 30] },
  { name: "S2 4K, 30 bits", format: () => armLpaeS2({ ias: 30, oas: 48 }), leaf: 2 ** 21, above: [2 ** 30] },
  { name: "32-bit S1, 30 bits", format: () => arm32LpaeS1({ ias: 30, oas: 40 }), leaf: 2 ** 21, above: [2 ** 30] },
  {
    name: "S1 16K, 25 bits",
    format: () => armLpaeS1({ ias: 25, oas: 48, pageSizes: K16 }),
    leaf: 2 ** 14,
    above: [2 ** 25],
  },
  {
    name: "S1 64K, 29 bits",
    format: () => armLpaeS1({ ias: 29, oas: 48, pageSizes: K64 }),
    leaf: 2 ** 16,
    above: [2 ** 29],
  },
  {
    name: "S1 64K, 42 bits",
    format: () => armLpaeS1({ ias: 42, oas: 52, pageSizes: [...K64, 2 ** 42] }),
    leaf: 2 ** 29,
    above: [2 ** 42],
  },
  { name: "S1 4K, 31 bits", format: () => armLpaeS1({ ias: 31, oas: 48 }), leaf: 2 ** 30, above: [] },
  {
    name: "S1 4K, 25 bits, contiguous",
    format: () => armLpaeS1({ ias: 25, oas: 48, contiguousHint: true }),
    leaf: 2 ** 25,
    above: [2 ** 30],
  },
  { name: "Mali, 30 bits", format: () => armMaliLpae({ ias: 30, oas: 40 }), leaf: 2 ** 30, above: [] },
  { name: "v7s, 24 bits", format: () => armV7s({ ias: 24, oas: 32 }), leaf: 2 ** 24, above: [] },
  { name: "v7s, 22 bits", format: () => armV7s({ ias: 22, oas: 32 }), leaf: 2 ** 20, above: [2 ** 24] },
];

describe.each(CASES)("$name", ({ format, leaf, above }) => {
  it("is mapped whole in leaves that the table has, and unmapped", () => {
    useTable(format(), ({ table, memory }) => {
      const size = 2 ** table.ias;
      const pages = memory.stats().tablePagesInUse;
      table.map(0, 0, size, RW);
      expect([...table.stats().leaves]).toEqual([[leaf, size / leaf]]);
      expect([table.iovaToPhys(0), table.iovaToPhys(size - 1)]).toEqual([0, size - 1]);
      expect(table.unmap(0, size)).toBe(size);
      expect(table.mapRange(0, 0, size, RW)).toEqual({ mapped: size, error: null });
      expect([...table.stats().leaves]).toEqual([[leaf, size / leaf]]);
      expect(table.unmapRange(0, size)).toBe(size);
      table.trim();
      expect(memory.stats().tablePagesInUse).toBe(pages);
    });
  });

  it("has no larger leaf for Linux's calls either", () => {
    useTable(format(), ({ table }) => {
      const dump = table.dump();
      for (const size of above) {
        expect(table.mapPages(0, 0, size, 1, RW)).toEqual({ mapped: 0, error: "EINVAL" });
        expect(table.unmapPages(0, size, 1)).toBe(0);
      }
      expect(table.dump()).toBe(dump);
      expect(table.mapPages(0, 0, leaf, 1, RW)).toEqual({ mapped: leaf, error: null });
      expect(table.iovaToPhys(leaf - 1)).toBe(leaf - 1);
    });
  });
});

describe("all of a space of 64 bits is a size", () => {
  const LAST = 2n ** 64n - 4096n;
  it.each<[string, (table: IoPageTable) => unknown, unknown]>([
    ["unmap", (table) => table.unmap(0, 2 ** 64), 8192],
    ["unmapRange, up to the first hole", (table) => table.unmapRange(0, 2 ** 64), 4096],
    ["protect", (table) => table.protect(0, 2 ** 64, Prot.READ), 8192],
    ["coalesce", (table) => table.coalesce(0, 2 ** 64), 0],
    ["mappings", (table) => [...table.mappings(0, 2 ** 64)].map(({ iova }) => iova), [0n, LAST]],
  ])("of %s", (_, call, answer) => {
    useTable(amdV1({ ias: 64, oas: 52 }), ({ table }) => {
      for (const iova of [0n, LAST]) table.map(iova, 4096, 4096, RW);
      expect(call(table)).toEqual(answer);
      failureOf(() => table.unmap(2 ** 64, 4096), "ERANGE");
      failureOf(() => table.unmap(4096, 2 ** 64), "ERANGE");
      failureOf(() => table.unmap(0, 2 ** 65), "EINVAL");
    });
  });
});
