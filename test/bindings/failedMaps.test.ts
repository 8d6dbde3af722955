// What a map leaves that fails on the way, in a table that other realms use: their tables, also those that map nothing yet.
import { expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;
const format = () => armLpaeS1({ ias: 48, oas: 48, pageSizes: [PAGE] });

it("another realm's empty table stays, whichever operation made it (that of the one before was taken for its own)", () => {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const { flush } = flushJournal();
  const first = new IoPageTable(memory, { format: format(), flush });
  const second = IoPageTable.attach(TableMemory.attach(memory.share()), first.share(), { format: format(), flush });
  for (let i = 0; i < 4; i++) {
    const iova = i * 2 ** 30;
    first.map(iova + 2 * MIB2, 0x5000, PAGE, RW);
    second.map(iova + MIB2, 0x5000, PAGE, RW);
    second.unmap(iova + MIB2, PAGE);
    const before = first.walk(iova + MIB2).map(({ entryPaddr }) => entryPaddr);
    expect(before.length).toBe(4);
    // It makes a table itself, for its first page.
    failureOf(() => first.map(iova + MIB2 - PAGE, 2 ** 32, MIB2 + 2 * PAGE, RW), "EEXIST");
    expect(first.walk(iova + MIB2).map(({ entryPaddr }) => entryPaddr)).toEqual(before);
    expect(first.iovaToPhys(iova + MIB2)).toBeNull();
  }
  first.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
