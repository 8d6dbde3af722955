// A table in whose page's place another one was, right before the page of a table in use: what is done to the one stays out of the other.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type IoPageTable, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;
const GIB = 2 ** 30;
const FORMAT = () => armLpaeS1({ ias: 39, oas: 48 });

/** Two tables of pages, one behind the other in memory; the second maps its first page and its last. */
function mapTwoTables(table: IoPageTable): void {
  table.map(0, 16 * PAGE, PAGE, RW);
  table.map(MIB2, 17 * PAGE, PAGE, RW);
  table.map(2 * MIB2 - PAGE, 18 * PAGE, PAGE, RW);
}

function expectSecond(table: IoPageTable): void {
  expect(table.iovaToPhys(MIB2)).toBe(17 * PAGE);
  expect(table.iovaToPhys(2 * MIB2 - PAGE)).toBe(18 * PAGE);
}

/** What the page in question held before: zeros, or the pages that went with the table. */
const emptied: [string, number][] = [
  ["zeros", PAGE],
  ["a mapping", MIB2],
];

describe.each(emptied)("in the page of a table that holds %s", (_, unmapped) => {
  it.each([
    ["a page", PAGE],
    ["511 pages", 511 * PAGE],
  ])("replace of nothing by %s", (_says, size) => {
    useTable(FORMAT(), ({ table, memory }) => {
      mapTwoTables(table);
      table.unmap(0, unmapped);
      const before = memory.stats().tablePagesInUse;
      table.replace(3 * MIB2, 32 * PAGE, size, RW);
      expectSecond(table);
      expect(memory.stats().tablePagesInUse).toBe(before + 1);
      expect(table.unmap(3 * MIB2, size)).toBe(size);
      expect(memory.stats().tablePagesInUse).toBe(before);
    });
  });

  it("map of pages below a table of tables of their own", () => {
    useTable(FORMAT(), ({ table }) => {
      mapTwoTables(table);
      table.unmap(0, unmapped);
      table.map(GIB, 32 * PAGE, 2 * PAGE, RW);
      expectSecond(table);
      expect([...table.mappings()].map(({ iova }) => iova)).toEqual([MIB2, 2 * MIB2 - PAGE, GIB].map(BigInt));
    });
  });
});

it("trim frees the table that maps nothing, and later the one above both goes with the last page", () => {
  useTable(FORMAT(), ({ table, memory }) => {
    mapTwoTables(table);
    // Linux's call leaves the table.
    table.unmapPages(0, PAGE, 1);
    expect(table.trim()).toBe(1);
    expectSecond(table);
    expect(memory.stats().tablePagesInUse).toBe(3);
    table.unmap(MIB2, MIB2);
    expect(memory.stats().tablePagesInUse).toBe(1);
  });
});

it("trim frees a short table that maps nothing", () => {
  useTable(armV7s({ ias: 32, oas: 32 }), ({ table, memory }) => {
    for (const iova of [0, MIB2]) table.map(iova, PAGE, PAGE, RW);
    table.unmapPages(0, PAGE, 1);
    expect(table.trim()).toBe(1);
    expect(table.iovaToPhys(MIB2)).toBe(PAGE);
    expect(memory.stats().tablePagesInUse).toBe(2);
  });
});
