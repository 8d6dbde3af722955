// What unmap says and flushes where whole tables go.
import { describe, expect, it } from "vitest";
import { armV7s, type Format, Prot, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const M1 = 2 ** 20;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const vtd = () => vtdSecondStage({ ias: 39, oas: 40 });

it("a table of tables that maps nothing is no byte", () => {
  useTable(vtd(), ({ table, memory }) => {
    table.map(0, 0, M2, RW);
    expect(table.unmapPages(0, M2, 1)).toBe(M2);
    expect(memory.stats().tablePagesInUse).toBe(2);
    expect(table.unmap(0, G1)).toBe(0);
    expect(memory.stats().tablePagesInUse).toBe(1);
  });
});

describe("a table that other realms have, too", () => {
  it.each<{ name: string; format: () => Format; span: number; bytes: number }>([
    { name: "VT-d", format: vtd, span: M2, bytes: 4096 },
    { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), span: M1, bytes: 1024 },
  ])("$name: counts its own pages, not those of the table behind it in the memory", ({ format, span, bytes }) => {
    useTable(format(), ({ table }) => {
      table.share();
      table.map(0, 0, 3 * K4, RW);
      table.map(span, K4, span, RW);
      const [first, second] = [0, span].map((iova) => table.walk(iova).at(-1)?.entryPaddr ?? 0);
      expect(second).toBe((first ?? 0) + bytes);
      expect(table.unmap(0, span)).toBe(3 * K4);
      expect(table.unmap(0, 2 * span)).toBe(span);
    });
  });
});

it("a page before a table that becomes empty is flushed by itself, and the table as one", () => {
  useTable(vtd(), ({ table, journal }) => {
    table.map(M2 - 2 * K4, 0, 3 * K4, RW);
    journal.take();
    expect(table.unmap(M2 - K4, 2 * K4)).toBe(2 * K4);
    expect(journal.take()).toEqual([
      { kind: "range", iova: BigInt(M2 - K4), size: BigInt(K4), granule: BigInt(K4) },
      { kind: "walk", iova: BigInt(M2), size: BigInt(M2), granule: BigInt(K4) },
    ]);
  });
});
