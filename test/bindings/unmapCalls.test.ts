// The unmap calls one by one: what is flushed and how it is joined, what is freed, and that a call with more to say than fits at once says each thing once.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, Prot, TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { MIB, useTable } from "./support/fixture.js";
import { RawTables } from "./support/rawTables.js";

const K4 = 0x1000;
const K64 = 0x10000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const arm = () => armLpaeS1({ ias: 48, oas: 48 });
const flushed = (kind: "range" | "walk", iova: number, size: number, granule = K4) => ({
  kind,
  iova: BigInt(iova),
  size: BigInt(size),
  granule: BigInt(granule),
});

describe("unmap", () => {
  it("says each of many things once", () => {
    const format = armLpaeS1({ ias: 48, oas: 48, pageSizes: [K64, 2 ** 29] });
    useTable(format, ({ table, journal }) => {
      const pages = Array.from({ length: 2000 }, (_, i) => 2 * i * K64);
      for (const iova of pages) table.map(iova, iova, K64, RW);
      journal.take();
      expect(table.unmap(2 * K64, 4000 * K64)).toBe(1999 * K64);
      expect(journal.take()).toEqual(pages.slice(1).map((iova) => flushed("range", iova, K64, K64)));
      expect([...table.mappings()]).toMatchObject([{ iova: 0n, size: K64 }]);
    });
  });

  it("of whole leaves, again and again, counts and flushes those of the call", () => {
    useTable(arm(), ({ table, journal }) => {
      table.map(0, 0, 5 * M2, RW);
      for (const iova of [0, 2 * M2]) {
        expect(table.unmap(iova + K4, M2, { partial: "whole" })).toBe(2 * M2);
        expect(journal.take()).toEqual([flushed("range", iova, 2 * M2, M2)]);
      }
    });
  });
});

describe("unmapRange", () => {
  it("flushes at the size of the leaves before a hole", () => {
    useTable(arm(), ({ table, journal }) => {
      table.map(0, 0, M2, RW);
      table.map(M2 + K4, 0, K4, RW);
      expect(table.unmapRange(0, 2 * M2)).toBe(M2);
      expect(journal.take()).toEqual([flushed("range", 0, M2, M2)]);
    });
  });

  it("flushes the way to a table that hangs elsewhere too, also with leaves behind it", () => {
    useTable(arm(), ({ table, journal }) => {
      table.mapRepeat(4 * M2, 2 * M2, { paddr: 0, size: K4 }, RW);
      table.map(6 * M2, 0, 2 * K4, RW);
      journal.take();
      expect(table.unmapRange(5 * M2, M2 + K4)).toBe(M2 + K4);
      expect(journal.take()).toEqual([flushed("walk", 5 * M2, M2 + K4)]);
      expect(table.iovaToPhys(4 * M2)).toBe(0);
    });
  });

  it("leaves a table that goes with its last page", () => {
    useTable(arm(), ({ table, memory }) => {
      table.map(M2, 0, K4, RW);
      const inUse = memory.stats().tablePagesInUse;
      table.map(0, 0, 2 * K4, RW);
      expect(table.unmapRange(0, K4)).toBe(K4);
      table.unmap(K4, K4);
      expect(memory.stats().tablePagesInUse).toBe(inUse);
    });
  });

  it("stays within each table, whatever lies behind it in the memory", () => {
    useTable(arm(), ({ table }) => {
      for (const iova of [2 * M2 - K4, 2 * M2, 0]) table.map(iova, G1 + iova, K4, RW);
      expect(table.unmapRange(2 * M2 - K4, 2 * K4)).toBe(2 * K4);
      expect([...table.mappings()]).toMatchObject([{ iova: 0n, size: K4 }]);
    });
  });

  it("goes on where there is more to write back than fits at once", () => {
    const synced: number[] = [];
    const syncForDevice = (paddr: number): void => void synced.push(paddr);
    const memory = TableMemory.create({ bytes: 16 * MIB });
    const format = vtdSecondStage({ ias: 39, oas: 40, coherentWalk: false, syncForDevice });
    useTable(
      format,
      ({ table, journal }) => {
        const tables = 600;
        for (let i = 0; i < tables; i++) table.map(i * M2 + M2 - K4, 0, 2 * K4, RW);
        for (let i = 1; i < tables; i++) table.map(i * M2 + K4, 0, M2 - 2 * K4, RW);
        journal.take();
        synced.length = 0;
        const from = M2 - K4;
        const size = (tables - 1) * M2 + 2 * K4;
        expect(table.unmapRange(from, size)).toBe(size);
        expect(journal.take()).toEqual([flushed("walk", from, size)]);
        expect([...table.mappings()]).toEqual([]);
        expect(new Set(synced).size).toBe(synced.length);
      },
      { memory },
    );
  });
});

describe("unmapPages", () => {
  it("flushes each table that stood where a leaf is expected, then the run", () => {
    useTable(arm(), ({ table, journal }) => {
      for (const iova of [0, M2]) table.map(iova, 0, K4, RW);
      expect(table.unmapPages(0, M2, 2)).toBe(2 * M2);
      expect(journal.take()).toEqual([
        flushed("walk", 0, M2),
        flushed("walk", M2, M2),
        flushed("range", 0, 2 * M2, M2),
      ]);
    });
  });

  it.each([993, 1030])("takes %i tables and no more, where there is more to say than fits at once", (count) => {
    const M32 = 2 ** 25;
    useTable(armLpaeS1({ ias: 36, oas: 40, pageSizes: [2 ** 14, M32] }), ({ table, journal }) => {
      for (let i = 0; i <= count; i++) table.map(i * M32, 0, 2 ** 14, RW);
      journal.take();
      expect(table.unmapPages(0, M32, count)).toBe(count * M32);
      const walks = Array.from({ length: count }, (_, i) => flushed("walk", i * M32, M32, 2 ** 14));
      expect(journal.take()).toEqual([...walks, flushed("range", 0, count * M32, M32)]);
      expect(table.iovaToPhys(count * M32)).toBe(0);
    });
  });

  it("of leaves of two items takes these", () => {
    useTable(amdV1({ ias: 48, oas: 52 }), ({ table }) => {
      table.map(0, 0, 2 * K4, RW);
      table.map(K64, 0, K64, RW);
      expect(table.unmapPages(0, 2 * K4, 1)).toBe(2 * K4);
      expect(table.unmapPages(K64, K64, 1)).toBe(K64);
      expect([...table.mappings()]).toEqual([]);
    });
  });

  it("stops before a table outside of the memory, and leaves its entry", () => {
    useTable(arm(), ({ table, memory, journal }) => {
      for (const iova of [0, M2]) table.map(iova, 0, K4, RW);
      const raw = new RawTables(memory);
      const { entryPaddr = 0, entry = 0n } = table.walk(M2).at(-2) ?? {};
      const outside = (entry & 0xfffn) | (1n << 40n);
      raw.write(entryPaddr, outside);
      expect(table.unmapPages(0, M2, 2)).toBe(M2);
      expect(journal.take()).toEqual([flushed("walk", 0, M2), flushed("range", 0, M2, M2)]);
      expect(raw.read(entryPaddr)).toBe(outside);
      raw.write(entryPaddr, entry);
    });
  });
});

describe("trim", () => {
  it("flushes the addresses of the empty tables, and frees them all where they are many", () => {
    const memory = TableMemory.create({ bytes: 32 * MIB });
    useTable(
      arm(),
      ({ table, journal }) => {
        const tables = 2200;
        for (let i = 0; i < tables; i++) {
          table.map(2 * i * M2, 0, K4, RW);
          table.unmapPages(2 * i * M2, K4, 1);
        }
        journal.take();
        const inUse = memory.stats().tablePagesInUse;
        expect(table.trim()).toBe(inUse - 1);
        expect(memory.stats().tablePagesInUse).toBe(1);
        const said = journal
          .take()
          .map((event) => (event.kind === "walk" ? [event.iova, event.size].join() : event.kind));
        expect(new Set(said).size).toBe(said.length);
      },
      { memory },
    );
  });

  it("flushes exactly the table that is empty", () => {
    useTable(arm(), ({ table, journal }) => {
      table.map(0, 0, K4, RW);
      table.map(M2, 0, K4, RW);
      table.unmapPages(M2, K4, 1);
      journal.take();
      expect(table.trim()).toBe(1);
      expect(journal.take()).toEqual([flushed("walk", M2, M2)]);
    });
  });
});
