// Leaves that a prepared repeat is put into: the tables for what stays of them on both sides are counted beside those for the repeat.
import { expect, it } from "vitest";
import { Prot, vtdSecondStage } from "../../../bindings/index.js";
import { GIB, useTable } from "../support/fixture.js";

const K4 = 4096;
const RW = Prot.READ | Prot.WRITE;

// Without leaves of 2 MiB, what stays of a leaf of 1 GiB takes a table for each 2 MiB.
it.each([
  ["two leaves", GIB - K4, 2 * 513],
  ["one leaf", GIB / 2 - K4, 513],
])("of 1 GiB become pages around a repeat: %s", (_, iova, pages) => {
  useTable(vtdSecondStage({ ias: 48, oas: 48, pageSizes: [K4, GIB] }), ({ table, memory }) => {
    table.map(0, 4 * GIB, 2 * GIB, RW);
    const before = memory.stats().tablePagesInUse;
    const update = table.prepare([
      { op: "unmap", iova, size: 2 * K4 },
      { op: "mapRepeat", iova, size: 2 * K4, source: { paddr: 0, size: K4 }, prot: RW },
    ]);
    expect(update.tablePages).toBe(pages);
    update.commit();
    expect(memory.stats().tablePagesInUse).toBe(before + pages);
    const around = [0, iova - K4, iova, iova + K4, iova + 2 * K4, 2 * GIB - K4];
    const at = (offset: number): number => 4 * GIB + offset;
    expect(around.map((address) => table.iovaToPhys(address))).toEqual([
      at(0),
      at(iova - K4),
      0,
      0,
      at(iova + 2 * K4),
      at(2 * GIB - K4),
    ]);
  });
});
