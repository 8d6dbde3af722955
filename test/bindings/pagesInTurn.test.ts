// Calls for single pages that come one after the other: the table that the last one used serves no other IoPageTable.
import { expect, it } from "vitest";
import { IoPageTable, Prot, vtdSecondStage } from "../../bindings/index.js";
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
