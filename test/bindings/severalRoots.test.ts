// A DART with several roots: pages on both sides of a boundary between them, and the same tables seen through `open`.
import { describe, expect, it } from "vitest";
import { Access, appleDart, Fault, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const PAGE = 0x1000;
const format = () => appleDart({ ias: 32, oas: 36, pageSizes: [PAGE] });

function tableOfFourRoots() {
  const memory = TableMemory.create({ bytes: MIB });
  const journal = flushJournal();
  return { memory, journal, table: new IoPageTable(memory, { format: format(), flush: journal.flush }) };
}

describe("four roots of 1 GiB each", () => {
  it("are four table pages, four registers and four R lines", () => {
    const { memory, table } = tableOfFourRoots();
    expect(memory.stats().tablePagesInUse).toBe(4);
    expect(new Set(table.registers.ttbr).size).toBe(4);
    expect(table.registers.levels).toBe(3);
    expect(table.dump()).toBe("R 0 2 512\nR 1 2 512\nR 2 2 512\nR 3 2 512\n");
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("map across a boundary in one call, and keep their roots when all is unmapped", () => {
    const { memory, journal, table } = tableOfFourRoots();
    table.map(GIB - 2 * PAGE, 0x10_0000, 4 * PAGE, Prot.READ | Prot.WRITE);
    expect(table.iovaToPhys(GIB + 0x123)).toBe(0x10_2123);
    expect([...table.mappings()]).toMatchObject([{ iova: BigInt(GIB - 2 * PAGE), size: 4 * PAGE, paddr: 0x10_0000 }]);
    expect(table.stats()).toMatchObject({ tablePages: 6, mappedBytes: 4 * PAGE });
    expect(table.unmap(0, 2 ** 32)).toBe(4 * PAGE);
    expect(memory.stats().tablePagesInUse).toBe(4);
    // The table on each side of the boundary covers 2 MiB; both were unlinked.
    expect(journal.take()).toEqual([
      { kind: "walk", iova: BigInt(GIB - 2 * MIB), size: BigInt(4 * MIB), granule: 4096n },
    ]);
    expect(table.trim()).toBe(0);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("translate the last page through the last root, also when they are opened by their addresses", () => {
    const { memory, table } = tableOfFourRoots();
    const last = 2 ** 32 - PAGE;
    table.map(last, PAGE, PAGE, Prot.READ);
    const opened = IoPageTable.open(memory, { format: format(), root: table.registers.ttbr.map(Number) });
    for (const walker of [table, opened]) {
      expect(walker.iovaToPhys(last + 0x10)).toBe(0x1010);
      expect(walker.access(last, Access.READ)).toBe(PAGE);
      expect(walker.access(last, Access.WRITE)).toBe(-Fault.PERMISSION);
      expect(walker.iovaToPhys(last - GIB)).toBeNull();
      expect(walker.walk(last).map(({ level, kind }) => [level, kind])).toEqual([
        [2, "table"],
        [1, "leaf"],
      ]);
    }
    expect(opened.dump()).toBe(table.dump());
    table.destroy();
  });

  it("destroy gives every page back to the caller's allocator once", () => {
    const { memory } = tableOfFourRootsOverGuest();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

/** The roots from a caller's allocator, which counts. */
function tableOfFourRootsOverGuest(): { memory: TableMemory } {
  const guest = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const bookkeeping = { offset: 2 * MIB, bytes: TableMemory.bookkeepingBytes(MIB) };
  const memory = TableMemory.over(guest, { windows: [{ offset: 0, bytes: MIB, physBase: 0x1000_0000 }], bookkeeping });
  const out = new Set<number>();
  let next = 0;
  const allocator = {
    alloc: (bytes: number): number => {
      const at = next;
      next += bytes;
      out.add(at);
      return at;
    },
    free: (offset: number): void => {
      expect(out.delete(offset)).toBe(true);
    },
  };
  const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush, allocator });
  expect(out.size).toBe(4);
  table.map(3 * GIB, 0, 3 * PAGE, Prot.READ);
  expect(out.size).toBe(5);
  table.destroy();
  expect(out.size).toBe(0);
  return { memory };
}
