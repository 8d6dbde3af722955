// A map that fails is undone: the tables that gave way to its larger leaves are back as they were, and those that it made are gone.
import { expect, it } from "vitest";
import { IoPageTable, Prot, TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const format = () => vtdSecondStage({ ias: 39, oas: 40 });

/** An empty table, as Linux's unmap leaves it. */
function leaveEmptyTable(table: IoPageTable, iova: number): void {
  table.map(iova, 0, K4, RW);
  expect(table.unmapPages(iova, K4, 1)).toBe(K4);
}

it("the table above knows the tables that are back in it: they go when it goes", () => {
  useTable(format(), ({ table, memory }) => {
    // Two tables of tables, at an even and at an odd page.
    for (const first of [0, G1]) {
      for (const empty of [0, 1]) leaveEmptyTable(table, first + empty * M2);
      for (const used of [2, 3]) table.map(first + used * M2, 0, K4, RW);
    }
    const above = [0, G1].map((iova) => (table.walk(iova)[1]?.entryPaddr ?? 0) / K4);
    expect(above.map((page) => page % 2).sort()).toEqual([0, 1]);
    for (const first of [0, G1]) {
      expect(failureOf(() => table.map(first, G1, 3 * M2, RW), "EEXIST").iova).toBe(BigInt(first + 2 * M2));
    }
    expect(memory.stats().tablePagesInUse).toBe(11);
    for (const first of [0, G1]) for (const used of [2, 3]) table.unmap(first + used * M2, K4);
    expect(memory.stats().tablePagesInUse).toBe(1);
  });
});

it("a table that is back is taken for its own by no map that fails later", () => {
  useTable(format(), ({ table }) => {
    leaveEmptyTable(table, 0);
    table.map(M2, 0, K4, RW);
    failureOf(() => table.map(0, G1, 2 * M2, RW), "EEXIST");
    const before = table.walk(0).map(({ entryPaddr }) => entryPaddr);
    expect(before.length).toBe(3);
    // It makes no table itself.
    failureOf(() => table.map(M2 - K4, G1, 2 * K4, RW), "EEXIST");
    expect(table.walk(0).map(({ entryPaddr }) => entryPaddr)).toEqual(before);
  });
});

it("a table of only the map's own pages goes, also while another realm has the table", () => {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
  table.share();
  table.map(M2, 0, K4, RW);
  expect(memory.stats().tablePagesInUse).toBe(3);
  failureOf(() => table.map(0, G1 + K4, M2 + K4, RW), "EEXIST");
  expect(memory.stats().tablePagesInUse).toBe(3);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
