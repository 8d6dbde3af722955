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

  const isEncrypted = (table: IoPageTable, iova: number): boolean =>
    ((table.walk(iova).at(-1)?.entry ?? 0n) & BigInt(BIT)) !== 0n;

  it("follows MMIO when the protection changes (it stayed as it was)", () => {
    useTable(format(), ({ table, journal }) => {
      table.map(0, 0, 0x4000, RW);
      table.protect(PAGE, PAGE, RW | Prot.MMIO);
      expect([0, PAGE, 0x2000].map((iova) => isEncrypted(table, iova))).toEqual([true, false, true]);
      table.protect(0, 0x4000, RW);
      expect(isEncrypted(table, PAGE)).toBe(true);
      table.map(2 ** 21, 2 ** 21, 2 ** 21, RW | Prot.MMIO);
      table.protect(2 ** 21 + PAGE, PAGE, RW);
      expect([0, PAGE, 2 ** 20].map((at) => isEncrypted(table, 2 ** 21 + at))).toEqual([false, true, false]);
      for (const at of [0, PAGE, 2 ** 20]) expect(table.iovaToPhys(2 ** 21 + at + 5)).toBe(2 ** 21 + at + 5);
      journal.take();
    });
  });

  it("is nothing that changes where the same is mapped again: no flush (there was one)", () => {
    useTable(format(), ({ table, journal }) => {
      table.map(2 ** 21, 2 ** 21, 2 ** 21, RW);
      const before = table.dump();
      table.replace(2 ** 21 + PAGE, 2 ** 21 + PAGE, PAGE, RW);
      table.protect(2 ** 21, 2 ** 20, RW);
      expect(journal.take()).toEqual([]);
      expect(table.dump()).toBe(before);
    });
  });

  it("keeps coalesce from joining memory that is encrypted with memory that is not", () => {
    useTable(format(), ({ table }) => {
      for (let page = 0; page < 512; page++)
        table.map(page * PAGE, page * PAGE, PAGE, page === 300 ? RW | Prot.MMIO : RW);
      table.coalesce(0, 2 ** 21);
      expect([299, 300, 301].map((page) => isEncrypted(table, page * PAGE))).toEqual([true, false, true]);
      table.protect(300 * PAGE, PAGE, RW);
      table.coalesce(0, 2 ** 21);
      expect([...table.mappings()]).toMatchObject([{ pageSize: 2 ** 21, prot: RW }]);
    });
  });
});
