// `flushedByOwner`: the library does not know when hardware forgets, so that no unlinked table page is used again before the
// owner says so.
import { describe, expect, it } from "vitest";
import { armLpaeS1, flushedByOwner, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const REGION = 2 ** 30;

function ownedTable(bytes = 2 ** 22) {
  const memory = TableMemory.create({ bytes });
  const flush = flushedByOwner("the firmware invalidates the whole address space after each job");
  const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 39, oas: 48 }), flush });
  const inUse = () => memory.stats().tablePagesInUse;
  return { memory, table, inUse };
}

describe("flushedByOwner", () => {
  it("keeps unlinked pages until the owner acknowledges", () => {
    const { table, inUse } = ownedTable();
    table.map(0, PAGE, PAGE, RW);
    expect(inUse()).toBe(3);
    table.unmap(0, PAGE);
    expect(table.stats().tablePages).toBe(1);
    expect(inUse()).toBe(3);
    table.acknowledgeFlush();
    expect(inUse()).toBe(1);
    table.destroy();
    table.acknowledgeFlush();
    expect(inUse()).toBe(0);
  });

  it("frees what was unlinked before the mark, and nothing after it", () => {
    const { table, inUse } = ownedTable();
    table.map(0, PAGE, PAGE, RW);
    table.map(REGION, PAGE, PAGE, RW);
    table.unmap(0, PAGE);
    const mark = table.flushMark();
    table.unmap(REGION, PAGE);
    expect(inUse()).toBe(5);
    table.acknowledgeFlush(mark);
    expect(inUse()).toBe(3);
    table.acknowledgeFlush(mark);
    expect(inUse()).toBe(3);
    table.acknowledgeFlush(table.flushMark());
    expect(inUse()).toBe(1);
    table.destroy();
    table.acknowledgeFlush();
    expect(inUse()).toBe(0);
  });

  it("never hands a quarantined page out again", () => {
    const { table, memory } = ownedTable(2 ** 18);
    const used = new Set<number>();
    const pagesOf = () =>
      table
        .walk(0)
        .map(({ entryPaddr }) => entryPaddr - (entryPaddr % PAGE))
        .slice(1);
    expect(() => {
      for (let round = 0; round < 100; round++) {
        table.map(0, PAGE, PAGE, RW);
        for (const page of pagesOf()) {
          expect(used.has(page)).toBe(false);
          used.add(page);
        }
        table.unmap(0, PAGE);
      }
    }).toThrow(/map/);
    expect(used.size).toBeGreaterThan(4);
    table.acknowledgeFlush();
    table.map(0, PAGE, PAGE, RW);
    expect(table.iovaToPhys(0)).toBe(PAGE);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBeGreaterThan(0);
    table.acknowledgeFlush();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("holds what a gather collected once it is synced", () => {
    const { table, inUse } = ownedTable();
    const gather = table.gather();
    table.map(0, PAGE, PAGE, RW);
    table.unmap(0, PAGE, { gather });
    const before = table.flushMark();
    gather.sync();
    expect(inUse()).toBe(3);
    table.acknowledgeFlush();
    expect(inUse()).toBe(1);
    expect(table.flushMark()).toBeGreaterThanOrEqual(before);
    table.destroy();
    table.acknowledgeFlush();
    expect(inUse()).toBe(0);
  });

  it("keeps the pages of a destroyed table too", () => {
    const { table, inUse } = ownedTable();
    table.map(0, PAGE, PAGE, RW);
    table.destroy();
    expect(inUse()).toBe(3);
    table.acknowledgeFlush();
    expect(inUse()).toBe(0);
    failureOf(() => table.map(0, PAGE, PAGE, RW), "EINVAL");
  });

  it.each([Number.NaN, -1, 0.5, "0", null])("refuses %o as a mark", (mark) => {
    const { table, inUse } = ownedTable();
    table.map(0, PAGE, PAGE, RW);
    table.unmap(0, PAGE);
    failureOf(() => table.acknowledgeFlush(mark as number), "EINVAL");
    expect(inUse()).toBe(3);
    table.destroy();
    table.acknowledgeFlush();
    expect(inUse()).toBe(0);
  });
});
