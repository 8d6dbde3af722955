// Tables in use here and there: what is unmapped is counted to the byte, holes are skipped, and tables among leaves are freed.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type Format, type IoPageTable, Prot, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;
const GIB = 2 ** 30;

const FORMATS: [string, () => Format][] = [
  ["ARM", () => armLpaeS1({ ias: 48, oas: 48 })],
  ["VT-d", () => vtdSecondStage({ ias: 48, oas: 48 })],
  ["v7s", () => armV7s({ ias: 32, oas: 32 })],
];
const UNMAPS: [string, (table: IoPageTable<unknown>, iova: number, size: number) => number][] = [
  ["unmap", (table, iova, size) => table.unmap(iova, size)],
  [
    "unmap into a gather",
    (table, iova, size) => {
      const gather = table.gather();
      const bytes = table.unmap(iova, size, { gather });
      gather.sync();
      return bytes;
    },
  ],
];
/** Positions that are in no pattern of two, four or eight. */
const SOME = [0, 3, 4, 9, 10, 11, 17, 22, 30, 37, 44, 45, 46, 53, 61, 100, 129, 200, 255];

describe.each(FORMATS)("%s", (_, format) => {
  it.each(UNMAPS)("%s skips one hole among pages", (_name, unmap) => {
    useTable<unknown>(format(), ({ table }) => {
      // Keeps the table.
      table.map(60 * PAGE, 0, PAGE, RW);
      for (let hole = 0; hole < 24; hole++) {
        table.map(0, 0x10_0000, 24 * PAGE, RW);
        expect(table.unmap(hole * PAGE, PAGE)).toBe(PAGE);
        expect(unmap(table, hole * PAGE, PAGE)).toBe(0);
        expect(unmap(table, 0, 24 * PAGE), `hole ${hole}`).toBe(23 * PAGE);
        expect([...table.mappings()].length).toBe(1);
      }
      table.unmap(60 * PAGE, PAGE);
    });
  });

  it.each([false, true])("a whole table gives the bytes of its pages, shared: %s", (shared) => {
    useTable<unknown>(format(), ({ table }) => {
      if (shared) table.share();
      for (const skipped of [0, 1, 2, 3]) {
        const pages = SOME.filter((at) => at % 4 !== skipped);
        for (const at of pages) table.map(MIB2 + at * PAGE, 0x10_0000, PAGE, RW);
        table.map(2 * MIB2, 0x10_0000, PAGE, RW);
        expect(table.unmap(MIB2, MIB2)).toBe(pages.length * PAGE);
        expect(table.unmap(2 * MIB2, PAGE)).toBe(PAGE);
      }
    });
  });
});

describe.each(FORMATS.slice(0, 2))("%s", (_, format) => {
  it.each([false, true])(
    "a whole table of 2M leaves and others gives the bytes of its leaves, shared: %s",
    (shared) => {
      useTable<unknown>(format(), ({ table }) => {
        if (shared) table.share();
        for (const skipped of [0, 1, 2, 3]) {
          const leaves = SOME.filter((at) => at % 4 !== skipped);
          for (const at of leaves) table.map(GIB + at * MIB2, 2 ** 32, MIB2, RW);
          table.map(GIB + 70 * MIB2, 2 ** 32 + PAGE, 3 * PAGE, RW);
          table.map(2 * GIB, 0, PAGE, RW);
          expect(table.unmap(GIB, GIB)).toBe(leaves.length * MIB2 + 3 * PAGE);
          expect(table.unmap(2 * GIB, PAGE)).toBe(PAGE);
        }
      });
    },
  );

  it.each(UNMAPS)("%s frees a table among 2M leaves", (_name, unmap) => {
    useTable<unknown>(format(), ({ table }) => {
      for (let at = 0; at < 8; at++) {
        if (at > 0) table.map(GIB, 2 ** 32, at * MIB2, RW);
        table.map(GIB + at * MIB2, 2 ** 33 + PAGE, MIB2, RW);
        table.map(GIB + (at + 1) * MIB2, 2 ** 32, (15 - at) * MIB2, RW);
        expect(unmap(table, GIB, 16 * MIB2)).toBe(16 * MIB2);
        expect(table.stats().tablePages).toBe(1);
      }
    });
  });
});
