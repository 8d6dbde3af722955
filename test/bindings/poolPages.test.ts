// What the pool gives: pages that are in use nowhere else, that lie in the pool, and in which nothing is left of their last use.
import { describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const MOST = 10_000;

const make = (memory: TableMemory, ias: number, page: number): IoPageTable =>
  new IoPageTable(memory, { format: armLpaeS1({ ias, oas: 48, pageSizes: [page] }), flush: flushJournal().flush });

/** A page in each of so many tables of pages, each at an address of its own. */
function mapTables(table: IoPageTable, page: number, count: number, iovas: number[] = []): void {
  const step = page * (page / 8);
  for (let i = 0; i < count; i++) {
    table.map(i * step, (i + 1) * page, page, RW);
    iovas.push(i * step);
  }
}

/** The same until the pool is empty. Returns where they are mapped. */
function fill(table: IoPageTable, page: number): number[] {
  const iovas: number[] = [];
  failureOf(() => mapTables(table, page, MOST, iovas), "ENOMEM");
  return iovas;
}

/** The tables on the ways to these addresses, each once. */
function tablesOf(table: IoPageTable, iovas: readonly number[], page: number): Set<number> {
  return new Set(iovas.flatMap((iova) => table.walk(iova).map(({ entryPaddr }) => entryPaddr - (entryPaddr % page))));
}

function expectFull(table: IoPageTable, memory: TableMemory, iovas: readonly number[], page: number): void {
  expect(iovas.map((iova) => table.iovaToPhys(iova))).toEqual(iovas.map((_, i) => (i + 1) * page));
  const tables = tablesOf(table, iovas, page);
  expect(tables.size).toBe(table.stats().tablePages);
  expect(Math.min(...tables)).toBeGreaterThanOrEqual(memory.physBase);
  expect(Math.max(...tables) + page).toBeLessThanOrEqual(memory.physBase + memory.buffer.byteLength);
}

describe("pages of a pool", () => {
  it.each([
    [48, 0x1_0000, 39, 0x1000],
    [48, 0x1_0000, 36, 0x4000],
    [36, 0x4000, 39, 0x1000],
  ])(
    "of tables of %i bits and pages of %i, halved for tables of %i bits and pages of %i",
    (ias, page, less, smaller) => {
      const memory = TableMemory.create({ bytes: MIB });
      const first = make(memory, ias, page);
      expectFull(first, memory, fill(first, page), page);
      first.destroy();
      const second = make(memory, less, smaller);
      const iovas = fill(second, smaller);
      expectFull(second, memory, iovas, smaller);
      expect(iovas.length * smaller).toBeGreaterThan(MIB / 2);
      second.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    },
  );

  it("and arrays take no bytes of each other, up to the last", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const arrays: Float64Array[] = [];
    const table = make(memory, 39, 0x1000);
    for (let i = 0; i < 100; i++) {
      table.map(i * 2 * MIB, (i + 1) * 0x1000, 0x1000, RW);
      arrays.push(memory.float64Array(50).fill(i));
    }
    const iovas = [...Array(100).keys()].map((i) => i * 2 * MIB);
    const rest = () => {
      for (let i = 0; i < MOST; i++) arrays.push(memory.float64Array(128).fill(arrays.length));
    };
    failureOf(rest, "ENOMEM");
    // The realm has some of its chunk left.
    const more = () => {
      for (let i = 0; i < MOST; i++) table.map(2 ** 34 + i * 2 * MIB, 0x5000, 0x1000, RW);
    };
    failureOf(more, "ENOMEM");
    expect(iovas.map((iova) => table.iovaToPhys(iova))).toEqual(iovas.map((_, i) => (i + 1) * 0x1000));
    expect(arrays.findIndex((array, i) => array.some((value) => value !== i))).toBe(-1);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it.each([
    ["all of them", 4 * MIB, 1000, 0, 2 * 64],
    ["all of many", 32 * MIB, 8000, 0, 2 * 64],
    ["many of those that arrays leave", 32 * MIB, 2000, 3 / 8, 2 * 64],
    ["a few of them", 32 * MIB, 1000, 0, (32 * MIB) / 0x1000 / 16],
  ])("that a realm has freed, having had %s, are another's but for its share", (_, bytes, used, arrays, share) => {
    const memory = TableMemory.create({ bytes });
    if (arrays !== 0) memory.float64Array((arrays * bytes) / 8);
    const other = TableMemory.attach(memory.share());
    const first = make(memory, 39, 0x1000);
    mapTables(first, 0x1000, used);
    first.unmap(0, 2 ** 39);
    const second = make(other, 48, 0x1000);
    const iovas = fill(second, 0x1000);
    expectFull(second, other, iovas, 0x1000);
    const all = (bytes * (1 - arrays)) / 0x1000;
    expect(iovas.length).toBeGreaterThan(all - share - 3 * 64);
    first.destroy();
    second.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("hold nothing of the table that had them before: its root is empty", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const empty = make(memory, 39, 0x1000);
    const dump = empty.dump();
    const root = empty.walk(0)[0]?.entryPaddr;
    empty.map(0, 0x5000, 0x1000, RW);
    empty.map(2 ** 38, 0x5000, 0x1000, RW);
    empty.destroy();
    const next = make(memory, 39, 0x1000);
    expect(next.walk(0)[0]?.entryPaddr).toBe(root);
    expect(next.dump()).toBe(dump);
    next.map(0x20_0000, 0x5000, 0x1000, RW);
    expect([...next.mappings()].map(({ iova, size }) => [iova, size])).toEqual([[0x20_0000n, 0x1000]]);
    next.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
