// Calls for single pages that come one after the other: the table that the last one used serves only the table and the addresses that it is for.
import { expect, it } from "vitest";
import { armV7s, IoPageTable, Prot, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";

const K4 = 0x1000;
const RW = Prot.READ | Prot.WRITE;

it("two tables of one memory, in turn, at the same addresses", () => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table, memory }) => {
    const format = vtdSecondStage({ ias: 39, oas: 40 });
    const other = new IoPageTable(memory, { format, flush: flushJournal().flush });
    table.map(0, 0x10_0000, K4, RW);
    other.map(K4, 0x20_0000, K4, RW);
    table.map(2 * K4, 0x30_0000, K4, RW);
    const pages = [0, K4, 2 * K4];
    expect(pages.map((iova) => table.iovaToPhys(iova))).toEqual([0x10_0000, null, 0x30_0000]);
    expect(pages.map((iova) => other.iovaToPhys(iova))).toEqual([null, 0x20_0000, null]);
    other.destroy();
  });
});

it("v7s: addresses that are 16 times those of the page before", () => {
  useTable(armV7s({ ias: 32, oas: 32 }), ({ table }) => {
    table.map(2 ** 24, 0x10_0000, K4, RW);
    table.map(2 ** 20, 0x20_0000, K4, RW);
    expect([2 ** 24, 2 ** 20].map((iova) => table.iovaToPhys(iova))).toEqual([0x10_0000, 0x20_0000]);
    expect(table.unmap(2 ** 20, K4)).toBe(K4);
    expect([2 ** 24, 2 ** 20].map((iova) => table.iovaToPhys(iova))).toEqual([0x10_0000, null]);
  });
});
