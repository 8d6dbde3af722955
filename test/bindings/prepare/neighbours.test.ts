// Beside what a prepared update holds all goes on as without it.
import { expect, it } from "vitest";
import { Prot, vtdSecondStage } from "../../../bindings/index.js";
import { useTable } from "../support/fixture.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;

it.each([
  { name: "before", other: 4 * M2 },
  { name: "behind", other: 6 * M2 },
])("the table $name the one that an update counts on goes with its last page", ({ other }) => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table, memory }) => {
    table.map(5 * M2, 0, K4, RW);
    const update = table.prepare([{ op: "map", iova: 5 * M2 + K4, paddr: 0, size: K4, prot: RW }]);
    const inUse = memory.stats().tablePagesInUse;
    table.map(other, 0, K4, RW);
    expect(memory.stats().tablePagesInUse).toBe(inUse + 1);
    table.unmap(other, K4);
    expect(memory.stats().tablePagesInUse).toBe(inUse);
    update.commit();
  });
});
