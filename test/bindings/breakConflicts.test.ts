// Whether what is mapped conflicts with what takes its place, and so has to be invalid at the flush: asked of every leaf that goes, of nothing else.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type IoPageTable, Prot } from "../../bindings/index.js";
import { watched } from "./support/watchedTable.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;

const arm = (breakBeforeMake: "always" | "bbm2" | "never") => () => armLpaeS1({ ias: 48, oas: 48, breakBeforeMake });

function mapPages(table: IoPageTable, iova: number, paddr: number, pages: number, prot = RW): void {
  for (let page = 0; page < pages; page++) table.map(iova + page * K4, paddr + page * K4, K4, prot);
}

describe("a page", () => {
  it("does not break for the neighbour that stays", () => {
    const { table, seen, finish } = watched(arm("always"), [0, K4]);
    table.map(0, 0x4000, K4, Prot.READ);
    table.map(K4, 0x2_0000, K4, RW);
    table.replace(0, 0x9000, K4, Prot.READ);
    expect(seen).toEqual([[0x9000, 0x2_0000]]);
    finish();
  });

  const formats = [
    { name: "LPAE", format: arm("always") },
    { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }) },
  ];
  it.each(formats)("$name: that only may be read does not break for another that may only be read", ({ format }) => {
    const { table, seen, finish } = watched(format, [0]);
    table.map(0, 0x4000, K4, Prot.READ);
    table.replace(0, 0x9000, K4, Prot.READ);
    expect(seen).toEqual([[0x9000]]);
    finish();
  });

  it.each(formats)(
    "$name: that only may be read breaks for one at another address that may be written",
    ({ format }) => {
      const { table, seen, finish } = watched(format, [0]);
      table.map(0, 0x4000, K4, Prot.READ);
      table.replace(0, 0x9000, K4, RW);
      expect(seen[0]).toEqual([null]);
      expect(table.iovaToPhys(0)).toBe(0x9000);
      finish();
    },
  );
});

describe("a block that gives way to a table", () => {
  it.each([
    { mode: "always", broken: true },
    { mode: "bbm2", broken: false },
    { mode: "never", broken: false },
  ] as const)("$mode: breaks for the size alone: $broken", ({ mode, broken }) => {
    const { table, seen, finish } = watched(arm(mode), [0]);
    table.map(0, M2, M2, Prot.READ);
    table.replace(0, M2 + K4, M2, Prot.READ);
    expect(seen[0]).toEqual([broken ? null : M2 + K4]);
    finish();
  });
});

/** A table of pages, between two others that map elsewhere. */
function mapBetween(table: IoPageTable): void {
  mapPages(table, 2 * M2, 8 * G1 + K4, 512);
  mapPages(table, M2, M2, 512);
  mapPages(table, 0, 8 * G1 + K4, 512);
}

describe("bbm2: a table of pages that gives way to a block", () => {
  const block = (table: IoPageTable): void => table.replace(M2, M2, M2, RW);

  it("does not break where every page maps the same", () => {
    const { table, seen, finish } = watched(arm("bbm2"), [M2, 2 * M2 - K4]);
    mapBetween(table);
    block(table);
    expect(seen).toEqual([[M2, 2 * M2 - K4]]);
    finish();
  });

  it("does not break for pages that are not mapped", () => {
    const { table, seen, finish } = watched(arm("bbm2"), [M2 + 5 * K4]);
    table.map(M2 + 5 * K4, M2 + 5 * K4, K4, RW);
    block(table);
    expect(seen).toEqual([[M2 + 5 * K4]]);
    finish();
  });

  it.each([0, 1, 300, 511])("breaks where page %i alone maps another address", (page) => {
    const { table, seen, finish } = watched(arm("bbm2"), [M2 + page * K4]);
    table.map(M2 + page * K4, 4 * G1, K4, RW);
    block(table);
    expect(seen).toEqual([[null]]);
    expect(table.iovaToPhys(M2 + page * K4)).toBe(M2 + page * K4);
    finish();
  });
});

describe("bbm2: tables of two levels that give way to a block", () => {
  const block = (table: IoPageTable): void => table.replace(G1, G1, G1, RW);

  it("do not break where what is mapped maps the same", () => {
    const { table, seen, finish } = watched(arm("bbm2"), [G1, G1 + M2 + 7 * K4]);
    table.map(G1, G1, M2, RW);
    table.map(G1 + M2 + 7 * K4, G1 + M2 + 7 * K4, K4, RW);
    block(table);
    expect(seen).toEqual([[G1, G1 + M2 + 7 * K4]]);
    finish();
  });

  it.each([
    { says: "a block", iova: G1 + 3 * M2, size: M2 },
    { says: "a page", iova: G1 + 3 * M2 + 7 * K4, size: K4 },
  ])("break where $says maps another address", ({ iova, size }) => {
    const { table, seen, finish } = watched(arm("bbm2"), [iova]);
    table.map(iova, 4 * G1, size, RW);
    block(table);
    expect(seen).toEqual([[null]]);
    expect(table.iovaToPhys(iova)).toBe(iova);
    finish();
  });
});
