// Tables that map nothing: Linux's calls leave them; the idiomatic ones take them along with the table that they hang in, once nothing else is in it.
import { expect, it } from "vitest";
import { Prot, vtdSecondStage, x86_64 } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;

it("unmap of the last page frees the table above it with the empty table that is left there", () => {
  useTable(vtdSecondStage({ ias: 39, oas: 40 }), ({ table, memory }) => {
    table.map(0, 0, K4, RW);
    table.map(5 * M2, 0, K4, RW);
    expect(table.unmapPages(5 * M2, K4, 1)).toBe(K4);
    expect(memory.stats().tablePagesInUse).toBe(4);
    expect(table.unmap(0, K4)).toBe(K4);
    expect(memory.stats().tablePagesInUse).toBe(1);
  });
});

it("unmap of the last page frees tables of two levels with the empty ones that are left there", () => {
  useTable(x86_64({ ias: 48, oas: 48 }), ({ table, memory }) => {
    table.map(0, 0, K4, RW);
    table.map(G1 + 5 * M2, 0, K4, RW);
    expect(table.unmapPages(G1 + 5 * M2, K4, 1)).toBe(K4);
    expect(memory.stats().tablePagesInUse).toBe(6);
    expect(table.unmap(0, K4)).toBe(K4);
    expect(memory.stats().tablePagesInUse).toBe(1);
  });
});

it("unmap of a page leaves the table above it where another page is mapped there", () => {
  useTable(x86_64({ ias: 48, oas: 48 }), ({ table, memory }) => {
    table.map(0, 0, K4, RW);
    table.map(G1 + 5 * M2, 0x9000, K4, RW);
    expect(table.unmap(0, K4)).toBe(K4);
    expect(table.iovaToPhys(G1 + 5 * M2)).toBe(0x9000);
    expect(memory.stats().tablePagesInUse).toBe(4);
  });
});
