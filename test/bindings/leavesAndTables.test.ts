// Larger leaves in the place of tables, and tables in the place of leaves: what stands beside them stays, and tables go once no entry points to them.
import { expect, it } from "vitest";
import { armLpaeS1, Prot, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const K16 = 2 ** 14;
const M2 = 2 ** 21;
const M32 = 2 ** 25;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;

it("a table of three entries goes with the last of them that gives way to a block", () => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table, memory }) => {
    table.mapRepeat(0, 3 * M2, { paddr: K4, size: K4 }, RW);
    const inUse = [0, 1, 2].map((entry) => {
      expect(table.iovaToPhys(entry * M2 + 5 * K4)).toBe(K4);
      expect(table.mapPages(entry * M2, G1 + entry * M2, M2, 1, RW)).toEqual({ mapped: M2, error: null });
      return memory.stats().tablePagesInUse;
    });
    expect(inUse).toEqual([3, 3, 2]);
    expect([0, 1, 2].map((entry) => table.iovaToPhys(entry * M2))).toEqual([G1, G1 + M2, G1 + 2 * M2]);
  });
});

it("a block stays mapped when the table goes that took the place of the one beside it", () => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table }) => {
    table.map(0, G1, 2 * M2, RW);
    table.replace(0, K4, M2, RW);
    expect(table.unmap(0, M2)).toBe(M2);
    expect(table.iovaToPhys(M2)).toBe(G1 + M2);
  });
});

it("a page inside a block that was just mapped is refused, whether the block's table was made for it or was there", () => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table }) => {
    for (const block of [0, 4 * M2]) {
      table.map(block, G1, M2, RW);
      failureOf(() => table.map(block + K4, 0, K4, RW), "EEXIST");
    }
    expect([...table.mappings()].map(({ iova, size }) => [Number(iova), size])).toEqual([
      [0, M2],
      [4 * M2, M2],
    ]);
  });
});

it("mapPages flushes each of more tables than the core can note at once", () => {
  const TABLES = 1100;
  useTable(armLpaeS1({ ias: 39, oas: 40, pageSizes: [K16, M32] }), ({ table, memory, journal }) => {
    for (let i = 0; i < TABLES; i++) table.map(i * M32, 0, K16, RW);
    expect(memory.stats().tablePagesInUse).toBe(TABLES + 2);
    journal.take();
    expect(table.mapPages(0, 0, M32, TABLES, RW)).toEqual({ mapped: TABLES * M32, error: null });
    const flushed = journal.take().flatMap((flush) => (flush.kind === "walk" ? Number(flush.iova) : []));
    expect(flushed).toEqual(Array.from({ length: TABLES }, (_, i) => i * M32));
    expect(memory.stats().tablePagesInUse).toBe(2);
  });
});
