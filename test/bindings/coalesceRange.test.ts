// Which part of the table coalesce looks at: all of its range, however many times it stops on the way, and nothing beside it.
import { expect, it } from "vitest";
import { armLpaeS1, type IoPageTable, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;
const arm = () => armLpaeS1({ ias: 48, oas: 48 });
const runs = (table: IoPageTable): [iova: number, pageSize: number, size: number][] =>
  [...table.mappings()].map(({ iova, pageSize, size }) => [Number(iova), pageSize, size]);

/** Tables of pages that could each be one leaf, beside each other. */
function mapPages(table: IoPageTable, tables: number): void {
  for (let i = 0; i < tables; i++) table.mapPages(i * M2, i * M2, K4, 512, RW);
}

it("leaves the tables on both sides of its range as they are", () => {
  useTable(arm(), ({ table }) => {
    mapPages(table, 3);
    expect(table.coalesce(M2, M2)).toBe(1);
    expect(runs(table)).toEqual([
      [0, K4, M2],
      [M2, M2, M2],
      [2 * M2, K4, M2],
    ]);
  });
});

it("goes on to the end of its range where more is to be flushed first than it can remember", () => {
  useTable(arm(), ({ table, memory }) => {
    mapPages(table, 70);
    const inUse = memory.stats().tablePagesInUse;
    expect(table.coalesce(0, 69 * M2)).toBe(69);
    expect(memory.stats().tablePagesInUse).toBe(inUse - 69);
    expect(runs(table)).toEqual([
      [0, M2, 69 * M2],
      [69 * M2, K4, M2],
    ]);
  });
});
