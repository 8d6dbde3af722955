// An output address that holds the encryption bit means the same memory as the one without it: `map` refuses it, whichever way the call takes,
// and Linux's own calls take it as Linux does.
import { describe, expect, it } from "vitest";
import { amdV1, type Format, type IoPageTable, Prot, x86_64 } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const BIT = 2 ** 47;
const PAGE = 0x1000;
const FORMATS: { name: string; format: () => Format }[] = [
  { name: "AMDv1", format: () => amdV1({ ias: 48, oas: 52, encryptionBit: 47 }) },
  { name: "x86-64", format: () => x86_64({ ias: 48, oas: 52, encryptionBit: 47 }) },
];

describe.each(FORMATS)("$name", ({ format }) => {
  it.each<{ says: string; map: (table: IoPageTable) => void }>([
    { says: "a page", map: (table) => table.map(PAGE, BIT, PAGE, RW) },
    { says: "a page above it", map: (table) => table.map(PAGE, 2 ** 51 + BIT + PAGE, PAGE, RW) },
    { says: "a page at a bigint", map: (table) => table.map(BigInt(PAGE), BIT, PAGE, RW) },
    { says: "a run that reaches it", map: (table) => table.map(PAGE, BIT - PAGE, 2 * PAGE, RW) },
    { says: "a run that begins in it", map: (table) => table.map(PAGE, 2 * BIT - PAGE, 2 * PAGE, RW) },
    { says: "a run from below it to above it", map: (table) => table.map(0, BIT - PAGE, BIT + 2 * PAGE, RW) },
  ])("$says is ERANGE in map, and nothing is mapped", ({ map }) => {
    useTable(format(), ({ table }) => {
      // The leaf table that a single page needs stands already.
      table.map(0x2000, PAGE, PAGE, RW);
      const dump = table.dump();
      failureOf(() => map(table), "ERANGE");
      expect(table.dump()).toBe(dump);
    });
  });

  it("addresses next to it are mapped", () => {
    useTable(format(), ({ table }) => {
      table.map(0x2000, BIT - PAGE, PAGE, RW);
      table.map(0x3000, 2 * BIT, PAGE, RW);
      table.map(0x4000, BIT - 2 * PAGE, 2 * PAGE, RW);
      expect([0x2fff, 0x3000, 0x5fff].map((iova) => table.iovaToPhys(iova))).toEqual([BIT - 1, 2 * BIT, BIT - 1]);
    });
  });

  it("is taken by mapRange and mapPages, and stripped when looked up", () => {
    useTable(format(), ({ table }) => {
      expect(table.mapRange(PAGE, BIT + 0x5000, PAGE, RW)).toEqual({ mapped: PAGE, error: null });
      expect(table.mapPages(0x2000, BIT + 0x6000, PAGE, 1, RW)).toEqual({ mapped: PAGE, error: null });
      expect([0x1123, 0x2123].map((iova) => table.iovaToPhys(iova))).toEqual([0x5123, 0x6123]);
    });
  });
});
