// One entry alone in a table, at each place and with no more than its lowest byte set: whatever looks at many entries at once finds it.
import { describe, expect, it } from "vitest";
import { type Format, type IoPageTable, Prot, riscv, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const { READ, WRITE } = Prot;
const RW = READ | WRITE;
const PAGE = 0x1000;
const TABLE = 512 * PAGE;
/** At the beginning of a table, in its middle and at its end. */
const PLACES = [...Array(40).keys(), 255, 256, 257, ...[...Array(18).keys()].map((i) => 494 + i)];

const FORMATS: readonly (readonly [string, () => Format, bigint])[] = [
  ["VT-d", () => vtdSecondStage({ ias: 39, oas: 48 }), 3n],
  ["RISC-V", () => riscv({ ias: 39, oas: 56 }), 0xdfn],
];

/** What is before the entry, and behind it. */
const others = (iova: number): { at: number; size: number }[] =>
  [
    { at: 0, size: iova },
    { at: iova + PAGE, size: TABLE - iova - PAGE },
  ].filter(({ size }) => size > 0);

describe.each(FORMATS)("%s", (_name, format, entry) => {
  const each = (body: (table: IoPageTable, place: number, iova: number) => void): void => {
    useTable(format(), ({ table }) => {
      // The table stays.
      table.map(TABLE, 0x4000_0000, PAGE, RW);
      for (const place of PLACES) {
        const iova = place * PAGE;
        table.map(iova, 0, PAGE, RW);
        expect(table.walk(iova).at(-1)?.entry).toBe(entry);
        body(table, place, iova);
        expect(table.unmap(0, TABLE)).toBe(PAGE);
      }
      expect(table.stats().mappedBytes).toBe(PAGE);
    });
  };

  it("is in the way of a map, which leaves no trace before or behind it", () => {
    each((table, _place, iova) => {
      const error = failureOf(() => table.map(0, PAGE, TABLE, RW), "EEXIST");
      expect(error.iova).toBe(BigInt(iova));
      expect(table.mapRange(0, PAGE, TABLE, RW)).toEqual({ mapped: iova, error: "EEXIST" });
      expect(table.unmapRange(0, iova || PAGE)).toBe(iova || PAGE);
      if (iova === 0) table.map(0, 0, PAGE, RW);
      expect(table.stats().mappedBytes).toBe(2 * PAGE);
    });
  });

  it("is found by those that read", () => {
    each((table, _place, iova) => {
      expect([...table.mappings(0, TABLE)].map((one) => one.iova)).toEqual([BigInt(iova)]);
      expect([...table.dumpLines()].filter((line) => line.startsWith("P"))).toHaveLength(2);
      expect(table.stats().mappedBytes).toBe(2 * PAGE);
      expect(table.unmapRange(iova, PAGE)).toBe(PAGE);
      table.map(iova, 0, PAGE, RW);
    });
  });

  it("is changed by those that change, and no other entry is", () => {
    each((table, _place, iova) => {
      expect(table.protect(0, TABLE, READ)).toBe(PAGE);
      expect([...table.mappings(0, TABLE)].map((one) => [one.iova, one.prot & RW])).toEqual([[BigInt(iova), READ]]);
      expect(table.coalesce(0, TABLE)).toBe(0);
      table.replace(0, PAGE, TABLE, RW);
      expect(table.stats().mappedBytes).toBe(TABLE + PAGE);
      for (const { at, size } of others(iova)) expect(table.unmap(at, size)).toBe(size);
    });
  });

  it("keeps its table when all others go", () => {
    each((table, _place, iova) => {
      for (const { at, size } of others(iova)) table.map(at, at + PAGE, size, RW);
      for (const { at, size } of others(iova)) expect(table.unmap(at, size)).toBe(size);
      expect(table.trim()).toBe(0);
      expect(table.iovaToPhys(iova)).toBe(0);
    });
  });
});
