// coalesce: what becomes one leaf and what does not, over one level of tables and over two.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, type IoPageTable, Prot, type TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";
import { RawTables } from "./support/rawTables.js";

const K4 = 0x1000;
const K64 = 0x10000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const arm = () => armLpaeS1({ ias: 48, oas: 48 });
const sizes = (table: IoPageTable): [iova: number, pageSize: number, size: number][] =>
  [...table.mappings()].map(({ iova, pageSize, size }) => [Number(iova), pageSize, size]);

describe("tables below a table", () => {
  /** 1 GiB whose first 2 MiB, and second, are tables of pages. */
  function split(table: IoPageTable): void {
    table.map(0, 4 * G1, G1, RW);
    for (const iova of [0, M2]) {
      table.protect(iova, K4, Prot.READ);
      table.protect(iova, K4, RW);
    }
  }

  it("become one leaf together", () => {
    useTable(arm(), ({ table, memory }) => {
      split(table);
      const inUse = memory.stats().tablePagesInUse;
      expect(table.coalesce(0, G1)).toBe(3);
      expect(memory.stats().tablePagesInUse).toBe(inUse - 3);
      expect(sizes(table)).toEqual([[0, G1, G1]]);
    });
  });

  it.each([0, 5, 511])("do not where page %i of the second is another one", (page) => {
    useTable(arm(), ({ table }) => {
      split(table);
      table.replace(M2 + page * K4, 0, K4, RW);
      expect(table.coalesce(0, G1)).toBe(1);
      expect(table.iovaToPhys(M2 + page * K4)).toBe(0);
      expect(table.iovaToPhys(M2 + (page ^ 1) * K4)).toBe(4 * G1 + M2 + (page ^ 1) * K4);
    });
  });

  it.each([5, 511])("do not where page %i of the first is another one, or none", (page) => {
    useTable(arm(), ({ table }) => {
      split(table);
      table.replace(page * K4, 0, K4, RW);
      expect(table.coalesce(0, G1)).toBe(1);
      expect(table.iovaToPhys(page * K4)).toBe(0);
      table.unmap(page * K4, K4);
      expect(table.coalesce(0, G1)).toBe(0);
      expect(table.iovaToPhys(page * K4)).toBeNull();
    });
  });

  it.each([0, M2])("are not read where the one at %i lies outside of the memory", (iova) => {
    useTable(arm(), ({ table, memory }) => {
      split(table);
      const raw = new RawTables(memory);
      const { entryPaddr = 0, entry = 0n } = table.walk(iova).at(-2) ?? {};
      raw.write(entryPaddr, (entry & 0xfffn) | (1n << 40n));
      failureOf(() => table.coalesce(0, G1), "EFAULT");
      raw.write(entryPaddr, entry);
      expect(table.iovaToPhys(iova + K4)).toBe(4 * G1 + iova + K4);
      expect(table.iovaToPhys(3 * M2)).toBe(4 * G1 + 3 * M2);
    });
  });
});

describe("runs within a table", () => {
  it("get larger leaves between the pages around them", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }), ({ table }) => {
      for (let page = 1; page < 40; page++) table.map(page * K4, page * K4, K4, RW);
      table.coalesce(0, 40 * K4);
      expect([...table.stats().leaves].sort(([a], [b]) => a - b)).toEqual([
        [K4, 23],
        [K64, 1],
      ]);
      expect(table.iovaToPhys(16 * K4)).toBe(16 * K4);
    });
  });

  it("do not fill a hole, where what is behind it would go on from the first page of the run before it", () => {
    useTable(amdV1({ ias: 39, oas: 40 }), ({ table }) => {
      for (let page = 0; page < 32; page++) {
        if (page !== 16) table.map(page * K4, K64 + (page % 16) * K4, K4, RW);
      }
      table.coalesce(0, 2 * K64);
      expect(sizes(table)[0]).toEqual([0, K64, K64]);
      expect(table.iovaToPhys(K64)).toBeNull();
    });
  });

  const touch = (table: IoPageTable, memory: TableMemory, iova: number): void => {
    const raw = new RawTables(memory);
    const at = table.walk(iova).at(-1)?.entryPaddr ?? 0;
    raw.write(at, raw.read(at) | (1n << 6n));
  };
  const dirtyPages = (table: IoPageTable, size: number): number =>
    table.readDirty(0, size, new Uint8Array(size / K4 / 8));

  it.each([0, 1, 15])("are dirty where page %i was", (page) => {
    useTable(amdV1({ ias: 39, oas: 40 }), ({ table, memory }) => {
      for (let at = 0; at < 16; at++) table.map(at * K4, at * K4, K4, RW);
      touch(table, memory, page * K4);
      table.coalesce(0, K64);
      expect(sizes(table)).toEqual([[0, K64, K64]]);
      expect(dirtyPages(table, K64)).toBe(16);
    });
  });

  it("are not dirty where only the page behind them was", () => {
    useTable(amdV1({ ias: 39, oas: 40 }), ({ table, memory }) => {
      for (let at = 0; at < 17; at++) table.map(at * K4, at * K4, K4, RW);
      touch(table, memory, K64);
      table.coalesce(0, K64 + K4);
      expect(table.stats().leaves.get(K64)).toBe(1);
      expect(dirtyPages(table, K64)).toBe(0);
      expect(dirtyPages(table, 2 * K64)).toBe(1);
    });
  });

  it("that are as large already stay as they are, with the dirty state of each item", () => {
    useTable(amdV1({ ias: 39, oas: 40 }), ({ table, memory, journal }) => {
      table.map(0, 0, K64, RW);
      touch(table, memory, 3 * K4);
      const before = table.dump();
      table.coalesce(0, K64);
      expect(table.dump()).toBe(before);
      expect(journal.take()).toEqual([]);
    });
  });
});

/** Each table became a leaf by itself, and stayed one. */
describe("neighbouring tables that are one run each (they became as many leaves of 2M)", () => {
  const amd = (pageSizes: number[] = [K4, M2, 2 * M2]) => amdV1({ ias: 39, oas: 40, pageSizes });
  /** So many tables of pages that continue each other. */
  function mapPages(table: IoPageTable, iova: number, tables: number): void {
    for (let at = iova; at < iova + tables * M2; at += K4) table.map(at, G1 + at, K4, RW);
  }

  it("become one leaf of 4M", () => {
    useTable(amd(), ({ table, memory, journal }) => {
      mapPages(table, 0, 2);
      journal.take();
      expect(table.coalesce(0, 2 * M2)).toBe(2);
      expect(sizes(table)).toEqual([[0, 2 * M2, 2 * M2]]);
      expect(journal.take()).toEqual([{ kind: "walk", iova: 0n, size: BigInt(2 * M2), granule: BigInt(K4) }]);
      expect(memory.stats().tablePagesInUse).toBe(2);
    });
  });

  it("become one leaf where there is none of 2M, and stay as they are at an odd place", () => {
    useTable(amd([K4, 2 * M2]), ({ table }) => {
      mapPages(table, M2, 4);
      expect(table.coalesce(0, 8 * M2)).toBe(2);
      expect(sizes(table)).toEqual([
        [M2, K4, M2],
        [2 * M2, 2 * M2, 2 * M2],
        [4 * M2, K4, M2],
      ]);
    });
  });

  it("get larger leaves each for itself where none fits over them, the first and the last", () => {
    useTable(amd([K4, K64, 2 * M2]), ({ table }) => {
      for (let at = 0; at < 2 * M2; at += K4) table.map(M2 + at, G1 + at, K4, RW);
      expect(table.coalesce(0, 4 * M2)).toBe(0);
      expect(sizes(table)).toEqual([[M2, K64, 2 * M2]]);
    });
  });

  it("join a leaf before them, and one behind them", () => {
    useTable(amd([K4, M2, 2 * M2, 4 * M2]), ({ table }) => {
      table.map(0, G1, M2, RW);
      mapPages(table, M2, 2);
      table.map(3 * M2, G1 + 3 * M2, M2, RW);
      expect(table.coalesce(0, 4 * M2)).toBe(2);
      expect(sizes(table)).toEqual([[0, 4 * M2, 4 * M2]]);
    });
  });

  it.each([
    ["is only in part in the range", 2 * M2 - K4, () => undefined],
    ["has another page", 2 * M2, (table: IoPageTable) => table.replace(2 * M2 - K4, 0, K4, RW)],
    ["has a page with another protection", 2 * M2, (table: IoPageTable) => table.protect(M2, K4, Prot.READ)],
    ["has a hole", 2 * M2, (table: IoPageTable) => table.unmap(M2 + 5 * K4, K4)],
  ])("become no leaf where the second %s", (_, size, change) => {
    useTable(amd(), ({ table }) => {
      mapPages(table, 0, 2);
      change(table);
      expect(table.coalesce(0, size)).toBe(1);
      expect(sizes(table)[0]?.slice(1)).toEqual([M2, M2]);
    });
  });

  it("become no leaf where the second is held by an update", () => {
    useTable(amd(), ({ table }) => {
      mapPages(table, 0, 2);
      table.unmap(2 * M2 - K4, K4);
      const update = table.prepare([{ op: "map", iova: 2 * M2 - K4, paddr: G1 + 2 * M2 - K4, size: K4, prot: RW }]);
      expect(table.coalesce(0, 2 * M2 - K4)).toBe(1);
      update.commit();
      expect(sizes(table)).toEqual([
        [0, M2, M2],
        [M2, K4, M2],
      ]);
      expect(table.coalesce(0, 2 * M2)).toBe(1);
      expect(sizes(table)).toEqual([[0, 2 * M2, 2 * M2]]);
    });
  });

  it.each([0, M2 - K4, M2, 2 * M2 - K4])("are dirty together when page %i is", (dirty) => {
    useTable(amd(), ({ table, memory }) => {
      mapPages(table, 0, 2);
      const raw = new RawTables(memory);
      const { entryPaddr = 0, entry = 0n } = table.walk(dirty).at(-1) ?? {};
      raw.write(entryPaddr, entry | (1n << 6n));
      table.coalesce(0, 2 * M2);
      expect(sizes(table)).toEqual([[0, 2 * M2, 2 * M2]]);
      expect(table.readDirty(0, 2 * M2, new Uint8Array(128))).toBe(1024);
    });
  });

  it("become 32M of contiguous blocks on Arm, cleared and flushed before", () => {
    const format = armLpaeS1({ ias: 39, oas: 40, contiguousHint: true });
    useTable(format, ({ table, journal }) => {
      for (let at = 0; at < 16 * M2; at += M2 / 2) table.map(at, G1 + at, M2 / 2, RW);
      journal.take();
      expect(table.coalesce(0, 16 * M2)).toBe(16);
      expect(sizes(table)).toEqual([[0, 16 * M2, 16 * M2]]);
      expect(journal.take()).toEqual([{ kind: "walk", iova: 0n, size: BigInt(16 * M2), granule: BigInt(K4) }]);
    });
  });
});
