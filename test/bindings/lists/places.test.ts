// Where the entries of a list go: tables that stand, tables at the root, tables that map nothing; and what is told of one that goes nowhere.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { useTable } from "../support/fixture.js";
import { flushJournal } from "../support/flushJournal.js";
import { callsFor, RW } from "./listCase.js";

const PAGE = 0x1000;
const MIB2 = 2 ** 21;
const IOVA = 2 ** 32;
const format = () => armLpaeS1({ ias: 48, oas: 48 });

const scattered = (count: number, size = PAGE): number[] => Array.from({ length: count }, (_, i) => (2 * i + 1) * size);
const leavesOf = (table: IoPageTable): [number, number, number][] =>
  [...table.mappings()].map(({ iova, paddr, pageSize }) => [Number(iova), Number(paddr), pageSize]);

it.each<[string, () => Format, number, number]>([
  ["1G leaves at the root", () => armLpaeS1({ ias: 39, oas: 48 }), 2 ** 30, 3 * 2 ** 30],
  ["2M leaves right below the root", () => armLpaeS1({ ias: 39, oas: 48 }), MIB2, 5 * 2 ** 30 + MIB2],
  ["pages right below the root", () => armLpaeS1({ ias: 30, oas: 48 }), PAGE, 3 * MIB2 + PAGE],
  ["2M leaves at the root", () => armLpaeS1({ ias: 30, oas: 48 }), MIB2, 5 * MIB2],
])("%s", (_, small, size, iova) => {
  const pages = scattered(5, size);
  useTable(small(), ({ table, memory }) => {
    for (const [says, call] of callsFor(memory, { iova: BigInt(iova), pageSize: size, pages })) {
      call(table);
      expect(leavesOf(table), says).toEqual(pages.map((page, i) => [iova + i * size, page, size]));
      table.unmap(iova, 5 * size);
    }
  });
});

it("a list of one page counts it in the table that it joins", () => {
  useTable(format(), ({ table, memory }) => {
    for (const [says, call] of callsFor(memory, { iova: BigInt(IOVA), pageSize: PAGE, pages: [0x7000] })) {
      table.map(IOVA + 9 * PAGE, 0x5000, PAGE, RW);
      call(table);
      table.unmap(IOVA + 9 * PAGE, PAGE);
      expect(leavesOf(table), says).toEqual([[IOVA, 0x7000, PAGE]]);
      table.unmap(IOVA, PAGE);
      expect(table.stats().tablePages, says).toBe(1);
    }
  });
});

it.each([MIB2, 2 ** 30])(
  "leaves of %i bytes take the place of tables that unmaps of a shared table left empty",
  (size) => {
    useTable(format(), ({ table, memory }) => {
      table.share();
      const pages = scattered(5, size);
      const iova = 2 ** 34;
      for (const [says, call] of callsFor(memory, { iova: BigInt(iova), pageSize: size, pages })) {
        for (const at of [0, 1, 3]) table.map(iova + at * size, 0x5000, PAGE, RW);
        table.unmap(iova, 5 * size);
        call(table);
        expect(leavesOf(table), says).toEqual(pages.map((page, i) => [iova + i * size, page, size]));
        table.unmap(iova, 5 * size);
        table.trim();
        expect(table.stats().tablePages, says).toBe(1);
      }
    });
  },
);

it("v7s: tables of 1 KiB at the very end of the memory take lists and pages", () => {
  const memory = TableMemory.create({ bytes: 2 ** 17 });
  useTable(
    armV7s({ ias: 32, oas: 32 }),
    ({ table }) => {
      const MIB = 2 ** 20;
      let tables = 0;
      failureOf(() => {
        for (; tables < 1000; tables++) table.map(tables * MIB, 0x5000, PAGE, RW);
      }, "ENOMEM");
      for (let i = 0; i < tables; i++) {
        table.mapList(i * MIB + PAGE, [0x7000, 0x9000], PAGE, RW);
        table.map(i * MIB + 4 * PAGE, 0x1_3000, PAGE, RW);
      }
      const bytes = 4 * PAGE;
      expect([...table.mappings()].reduce((sum, { size }) => sum + size, 0)).toBe(tables * bytes);
      expect(table.unmap(0, tables * MIB)).toBe(tables * bytes);
    },
    { memory },
  );
});

describe("a list with an entry that is no address", () => {
  it.each([700, 2100])("is refused before any of its %i pages is seen", (count) => {
    const pages = scattered(count);
    pages[count - 1] = 2 ** 48;
    useTable(format(), ({ table, memory, journal }) => {
      table.map(IOVA - PAGE, 0x5000, PAGE, RW);
      journal.take();
      const { tablePagesPeak } = memory.stats();
      for (const [says, call] of callsFor(memory, { iova: BigInt(IOVA), pageSize: PAGE, pages })) {
        const failure = failureOf(() => call(table), "ERANGE", "EINVAL");
        expect(failure.iova, says).toBe(BigInt(IOVA + (count - 1) * PAGE));
        expect(journal.take(), says).toEqual([]);
        expect(memory.stats().tablePagesPeak, says).toBe(tablePagesPeak);
      }
    });
  });
});

describe("where a list cannot go on", () => {
  it("for a table that points out of the memory, its first address there is told", () => {
    useTable(format(), ({ table, memory }) => {
      table.map(IOVA + 0x5000, 0x5000, PAGE, RW);
      const step = table.walk(IOVA + 0x5000).at(-2);
      const words = new BigUint64Array(memory.buffer);
      const at = ((step?.entryPaddr ?? 0) - memory.physBase) / 8;
      words[at] = 0xffff_ffff_f003n;
      const before = IOVA - 2 * PAGE;
      for (const [says, call] of callsFor(memory, { iova: BigInt(before), pageSize: PAGE, pages: scattered(5) })) {
        expect(failureOf(() => call(table), "EFAULT").iova, says).toBe(BigInt(IOVA));
        expect(table.iovaToPhys(before), says).toBeNull();
      }
      words[at] = step?.entry ?? 0n;
    });
  });

  it.each([
    ["pages", PAGE, 512],
    ["leaves of several entries", 16 * PAGE, 32],
  ])("for want of table pages, its first address without one is told: %s", (_, size, inTable) => {
    const make = () => {
      const memory = TableMemory.create({ bytes: 2 ** 17 });
      const hinted = armLpaeS1({ ias: 48, oas: 48, contiguousHint: true });
      return { memory, table: new IoPageTable(memory, { format: hinted, flush: flushJournal().flush }) };
    };
    const { table } = make();
    let tables = 0;
    failureOf(() => {
      for (; tables < 100; tables++) table.map(IOVA + tables * MIB2, 0x5000, PAGE, RW);
    }, "ENOMEM");
    expect(tables).toBeGreaterThan(2);
    const full = make();
    const pages = Float64Array.from(scattered((tables + 1) * inTable, size));
    const failure = failureOf(() => full.table.mapList(IOVA, pages, size, RW), "ENOMEM");
    expect(failure.iova).toBe(BigInt(IOVA + tables * MIB2));
    expect(leavesOf(full.table)).toEqual([]);
    full.table.destroy();
    expect(full.memory.stats().tablePagesInUse).toBe(0);
  });
});
