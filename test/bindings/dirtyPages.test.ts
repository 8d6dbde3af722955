// Pages that are free again with what their tables held: whoever gets one for a table finds no mapping in it that it did not make.
import { expect, it } from "vitest";
import { armLpaeS1, armV7s, IoPageTable, Prot, TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const TABLES = 12;
const { flush } = flushJournal();
const vtd = () => vtdSecondStage({ ias: 39, oas: 40 });

/** Tables full of pages go, as they are, back to the pool. */
function leaveFullTables(table: IoPageTable): void {
  table.map(0, K4, TABLES * M2, RW);
  table.unmap(0, G1);
}

/** The pages that are mapped, after one was mapped in each of some tables. */
function mappedPages(table: IoPageTable): bigint[] {
  for (let i = 0; i < TABLES; i++) table.map(i * M2, G1, K4, RW);
  return [...table.mappings()].map(({ iova }) => iova);
}
const ONE_IN_EACH = Array.from({ length: TABLES }, (_, i) => BigInt(i * M2));

it("a page that another table could not reach", () => {
  const books = TableMemory.create({ bytes: 2 ** 20 });
  const first = new IoPageTable(books, { format: vtd(), flush }).walk(0)[0]?.entryPaddr ?? 0;
  // The first four pages are below 2^48.
  const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 2 ** 48 - 4 * K4 - (first - books.physBase) });
  const near = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
  const table = new IoPageTable(memory, { format: vtd(), flush });
  leaveFullTables(table);
  failureOf(() => near.map(0, 0, K4, RW), "ENOMEM");
  expect(mappedPages(table)).toEqual(ONE_IN_EACH);
  for (const each of [near, table]) each.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

it("pages that were taken for a change for which there are not enough", () => {
  const memory = TableMemory.create({ bytes: 2 ** 16 });
  const table = new IoPageTable(memory, { format: vtd(), flush });
  leaveFullTables(table);
  // A table of tables, and more tables than there are pages.
  failureOf(() => table.replace(0, K4, 32 * M2, RW), "ENOMEM");
  expect(mappedPages(table)).toEqual(ONE_IN_EACH);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

it("a page for a list of pages of several entries each: it is cleared, and no page behind it", () => {
  const [K64, M1] = [2 ** 16, 2 ** 20];
  const memory = TableMemory.create({ bytes: K64 });
  const table = new IoPageTable(memory, { format: armV7s({ ias: 32, oas: 32 }), flush });
  table.map(0, K4, M1, RW);
  for (let i = 1; i < 16; i++) table.map(i * M1, i * M1, K4, RW);
  table.unmap(0, M1);
  table.mapList(0, [K64], K64, RW);
  const others = Array.from({ length: 15 }, (_, i) => [BigInt((i + 1) * M1), (i + 1) * M1, K4]);
  expect([...table.mappings()].map(({ iova, paddr, size }) => [iova, paddr, size])).toEqual([
    [0n, K64, K64],
    ...others,
  ]);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
