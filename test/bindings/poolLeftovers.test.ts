// What the pool makes of the last of its room, of larger pages that came back, and of what a caller's allocator had in its area.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armLpaeS2, armV7s, type Format, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const PAGE = 0x1000;
const TABLE_SPAN = 2 * MIB;
const { flush } = flushJournal();

const small = () => armLpaeS1({ ias: 39, oas: 48, pageSizes: [PAGE] });
/** A root of two tables: 8 KiB. */
const twoTables = () => armLpaeS2({ ias: 40, oas: 40, pageSizes: [PAGE] });
/** A root of 16 tables of 16 KiB: nothing larger is asked of the pool. */
const largest = () => armLpaeS2({ ias: 40, oas: 40, pageSizes: [0x4000, 2 ** 25] });

/** Tables until there is no room for another root. */
function makeAll(memory: TableMemory, format: () => Format): IoPageTable[] {
  const tables: IoPageTable[] = [];
  const make = () => {
    while (tables.length < 1000) tables.push(new IoPageTable(memory, { format: format(), flush }));
  };
  failureOf(make, "ENOMEM");
  return tables;
}

/** A page in each of as many tables as there is room for. Returns how many table pages there are with the root. */
function fill(table: IoPageTable): number {
  let count = 0;
  const map = () => {
    for (; count < 10_000; count++) table.map(count * TABLE_SPAN, (count + 1) * PAGE, PAGE, RW);
  };
  failureOf(map, "ENOMEM");
  // Nothing is mapped that was not asked for.
  expect([...table.mappings()].map(({ iova, size }) => [iova, size])).toEqual(
    Array.from({ length: count }, (_, i) => [BigInt(i * TABLE_SPAN), PAGE]),
  );
  expect(table.stats().mappedBytes).toBe(count * PAGE);
  return table.stats().tablePages;
}

function destroyAll(memory: TableMemory, tables: readonly IoPageTable[]): void {
  for (const table of tables) table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
}

describe("the room of a pool", () => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7])("is given to the last page where arrays have %i times 8 KiB", (arrays) => {
    const memory = TableMemory.create({ bytes: 0x1_0000 });
    const pages = 8;
    expect(memory.stats().bytes).toBe(pages * 0x2000);
    for (let i = 0; i < arrays; i++) memory.float64Array(0x2000 / 8);
    const tables = makeAll(memory, twoTables);
    expect(tables).toHaveLength(pages - arrays);
    destroyAll(memory, tables);
  });

  it("serves every size once its largest pages have come back, and these hold nothing of their last use", () => {
    const memory = TableMemory.create({ bytes: 2 * MIB });
    const tables = makeAll(memory, largest);
    expect(tables.length).toBeGreaterThanOrEqual(7);
    for (const table of tables) {
      const root = table.walk(0)[0]?.entryPaddr ?? 0;
      expect(table.walk(2 ** 40 - 1)[0]?.entryPaddr).toBe(root + 2 ** 18 - 8);
      table.map(0, 0, 2 ** 40, RW);
    }
    destroyAll(memory, tables);
    const table = new IoPageTable(memory, { format: small(), flush });
    expect(fill(table)).toBeGreaterThanOrEqual((tables.length * 2 ** 18) / PAGE);
    destroyAll(memory, [table]);
  });

  it("clears a root that was all there was of a table", () => {
    const memory = TableMemory.create({ bytes: 0x1_0000 });
    const single = () => armLpaeS1({ ias: 25, oas: 48, pageSizes: [0x4000] });
    for (let i = 0; i < 2; i++) {
      const table = new IoPageTable(memory, { format: single(), flush });
      expect(table.dump().split("\n")).toEqual(["R 0 3 2048", ""]);
      table.map(0, 0, 2 ** 25, RW);
      expect(table.stats().mappedBytes).toBe(2 ** 25);
      table.destroy();
    }
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("clears both halves of a page that tables were in", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const first = new IoPageTable(memory, { format: armLpaeS1({ ias: 42, oas: 48, pageSizes: [0x1_0000] }), flush });
    // All entries of tables of 64 KiB, as long as there is room for one.
    const mapAll = () => {
      for (let i = 0; i < 100; i++) first.map(i * 2 ** 29 + 0x1_0000, 0, 2 ** 29 - 0x1_0000, RW);
    };
    failureOf(mapAll, "ENOMEM");
    first.destroy();
    const second = new IoPageTable(memory, { format: small(), flush });
    expect(fill(second)).toBeGreaterThan(200);
    destroyAll(memory, [second]);
  });
});

describe("the area of a pool in which a caller's allocator has pages", () => {
  /** A table with pages from `first` on, every second one. */
  function withAllocator(memory: TableMemory, first: number) {
    let next = first;
    const alloc = (): number => {
      next += 2 * PAGE;
      return next - 2 * PAGE;
    };
    return new IoPageTable(memory, { format: small(), flush, allocator: { alloc, free: () => undefined } });
  }

  it.each([
    ["while they are in use", false],
    ["once they have come back, whatever stands in them (they were taken for empty)", true],
  ])("gives all others, and clears them, %s", (_, back) => {
    const memory = TableMemory.create({ bytes: MIB });
    const end = memory.buffer.byteLength;
    const pages = memory.stats().bytes / PAGE;
    // Whole tables of pages, from the middle of the area on.
    const table = withAllocator(memory, end - (pages / 2) * PAGE);
    for (let i = 0; i < 40; i++) table.map(i * TABLE_SPAN, PAGE, TABLE_SPAN, RW);
    const given = table.stats().tablePages;
    expect(given).toBe(42);
    if (back) table.destroy();
    // Of the others one keeps a page in the middle.
    const other = withAllocator(memory, end - 3 * PAGE);
    const dump = other.dump();
    const pooled = new IoPageTable(memory, { format: small(), flush });
    expect(fill(pooled)).toBe(pages - 1 - (back ? 0 : given));
    expect(other.dump()).toBe(dump);
    destroyAll(memory, back ? [other, pooled] : [table, other, pooled]);
  });

  it.each([0, 1, 2, 3])("is the pool's but for the page in whose KiB number %i a short root is", (kib) => {
    const memory = TableMemory.create({ bytes: 0x1_0000 });
    const pages = memory.stats().bytes / PAGE;
    const root = memory.buffer.byteLength - 8 * PAGE + kib * 1024;
    const short = new IoPageTable(memory, {
      format: armLpaeS1({ ias: 31, oas: 48 }),
      flush,
      allocator: { alloc: () => root, free: () => undefined },
    });
    short.map(0, 0, 2 ** 31, RW);
    const dump = short.dump();
    const pooled = new IoPageTable(memory, { format: small(), flush });
    expect(fill(pooled)).toBe(pages - 1);
    expect(short.dump()).toBe(dump);
    destroyAll(memory, [short, pooled]);
  });

  it("begins behind what the pool has taken: the bytes of an array there may hold a table", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const arrays = memory.float64Array(MIB / 2 / 8);
    const pooled = new IoPageTable(memory, { format: small(), flush });
    expect(fill(pooled)).toBe(memory.stats().bytes / PAGE - MIB / 2 / PAGE);
    const table = withAllocator(memory, arrays.byteOffset);
    table.map(0, 5 * PAGE, PAGE, RW);
    expect(table.iovaToPhys(1)).toBe(5 * PAGE + 1);
    failureOf(() => withAllocator(memory, arrays.byteOffset - PAGE), "EINVAL");
    destroyAll(memory, [pooled, table]);
  });
});

describe("free pages of a pool are counted", () => {
  it.each<[string, () => Format, number, number]>([
    ["tables of 4 KiB", small, TABLE_SPAN, 3],
    ["tables of 1 KiB", () => armV7s({ ias: 32, oas: 32, pageSizes: [PAGE] }), MIB, 2],
  ])("%s: each that has come back, and no other", (_, format, span, levels) => {
    const memory = TableMemory.create({ bytes: MIB });
    const table = new IoPageTable(memory, { format: format(), flush });
    const pooled = () => memory.stats().tablePagesPooled;
    for (let i = 0; i < 3; i++) table.map(i * span, PAGE, PAGE, RW);
    const made = levels + 2;
    expect([table.stats().tablePages, pooled()]).toEqual([made, 0]);
    table.unmap(0, 3 * span);
    expect(pooled()).toBe(made - 1);
    table.map(0, PAGE, PAGE, RW);
    expect(pooled()).toBe(2);
    table.destroy();
    expect(pooled()).toBe(made);
  });

  it("also those that realms pass on to each other", () => {
    const memory = TableMemory.create({ bytes: 4 * MIB });
    const other = TableMemory.attach(memory.share());
    const first = new IoPageTable(memory, { format: small(), flush });
    const count = fill(first);
    first.unmap(0, 10_000 * TABLE_SPAN);
    expect(memory.stats().tablePagesPooled).toBe(count - 1);
    const second = new IoPageTable(other, { format: small(), flush });
    const used = fill(second);
    expect(other.stats().tablePagesPooled).toBe(0);
    expect(memory.stats().tablePagesPooled).toBe(count - 1 - used);
    destroyAll(memory, [first, second]);
  });
});
