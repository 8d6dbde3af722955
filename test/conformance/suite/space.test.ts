// generic_pt test_max_va and test_cmp_high_va: the last byte of the space can be mapped, and nothing past it.
import { expect, it } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, inputRanges, type Range, smallestPage } from "../../configurations/geometry.js";
import { lastIova, lowestRange } from "./addresses.js";
import { conformance } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;
const PAST_ALL = 2n ** 64n;

/** The last leaf of a size, by each of the three calls. */
function checkLastLeaf(table: IoPageTable, range: Range, size: number): void {
  const iova = endOf(range) - BigInt(size);
  const maps = [
    () => table.map(iova, 0, size, READ_WRITE),
    // Two are asked for, and one is there.
    () => expect(table.mapPages(iova, 0, size, 2, READ_WRITE)).toEqual({ mapped: size, error: null }),
    () => expect(table.mapRange(iova, 0, size, READ_WRITE)).toEqual({ mapped: size, error: null }),
  ];
  for (const map of maps) {
    map();
    expect(table.iovaToPhys64(lastIova(range))).toBe(BigInt(size) - 1n);
    expect(table.walk(lastIova(range)).at(-1)).toMatchObject({ kind: "leaf", iova, size });
    expect([...table.mappings(iova, size)]).toMatchObject([{ iova, size, pageSize: size }]);
    expect(table.unmap(iova, size)).toBe(size);
  }
}

/** Where `iova` is no address of the table. */
function checkOutside(table: IoPageTable, c: Configuration, iova: bigint): void {
  const page = Number(smallestPage(c));
  failureOf(() => table.map(iova, 0, page, READ_WRITE), "ERANGE");
  failureOf(() => table.unmap(iova, page), "ERANGE");
  failureOf(() => table.walk(iova), "ERANGE");
  if (iova >= PAST_ALL) return;
  expect(table.mapPages(iova, 0, page, 1, READ_WRITE)).toEqual({ mapped: 0, error: "ERANGE" });
  expect(table.mapRange(iova, 0, page, READ_WRITE)).toEqual({ mapped: 0, error: "ERANGE" });
  expect([table.unmapPages(iova, page, 1), table.unmapRange(iova, page)]).toEqual([0, 0]);
  expect([table.iovaToPhys(iova), table.iovaToPhys64(iova)]).toEqual([null, null]);
}

conformance("the input space", (c, useTable) => {
  const page = smallestPage(c);

  it("holds a leaf of every size at its end", () => {
    useTable(({ table }) => {
      for (const range of inputRanges(c)) {
        for (const size of c.pageSizes) checkLastLeaf(table, range, Number(size));
      }
    });
  });

  it("ends there", () => {
    useTable(({ table }) => {
      for (const range of inputRanges(c)) {
        checkOutside(table, c, endOf(range));
        if (range.iova > 0n) checkOutside(table, c, range.iova - page);
        // A range that only begins inside.
        const iova = endOf(range) - page;
        failureOf(() => table.map(iova, 0, Number(2n * page), READ_WRITE), "ERANGE");
        expect(table.mapRange(iova, 0, Number(2n * page), READ_WRITE)).toEqual({ mapped: 0, error: "ERANGE" });
        expect(table.iovaToPhys(iova)).toBeNull();
      }
    });
  });

  it("is mapped and unmapped at both of its ends at once", () => {
    useTable(({ table }) => {
      const ranges = inputRanges(c);
      const places = ranges.flatMap((range) => [range.iova, endOf(range) - page]);
      places.forEach((iova, index) => {
        table.map(iova, Number(page) * index, Number(page), READ_WRITE);
      });
      expect([...table.mappings()].map(({ iova }) => iova)).toEqual(places);
      expect(ranges.map(({ iova, size }) => table.unmap(iova, Number(size)))).toEqual(
        ranges.map(() => Number(2n * page)),
      );
      expect(table.stats().tablePages).toBe(2 ** c.rootsLg2);
    });
  });
});

conformance("the output space", (c, useTable) => {
  it("ends after oas bits", () => {
    useTable(({ table }) => {
      const { iova } = lowestRange(c);
      const page = Number(smallestPage(c));
      const end = 2 ** c.oas;
      failureOf(() => table.map(iova, end, page, READ_WRITE), "ERANGE");
      failureOf(() => table.map(iova, end - page, 2 * page, READ_WRITE), "ERANGE");
      expect(table.mapPages(iova, end, page, 1, READ_WRITE)).toEqual({ mapped: 0, error: "ERANGE" });
      expect(table.mapRange(iova, end, page, READ_WRITE)).toEqual({ mapped: 0, error: "ERANGE" });
      expect(table.stats().mappedBytes).toBe(0);
    });
  });
});

conformance(
  "growth",
  (c, useTable) => {
    const reach = (top: number) => 2n ** BigInt(c.shifts[top + 1] ?? c.ias);

    it("adds levels one at a time, each for what lies just outside the top", () => {
      useTable(({ table, read }) => {
        const page = smallestPage(c);
        table.map(0n, 0, Number(page), READ_WRITE);
        for (let top = c.firstTop; top < c.shifts.length - 1; top++) {
          expect(table.walk(0n)).toHaveLength(top + 1);
          const root = table.walk(0n)[0]?.entryPaddr;
          table.map(reach(top) - page, 0, Number(page), READ_WRITE);
          expect(table.walk(0n)).toHaveLength(top + 1);
          table.map(reach(top), 0, Number(page), READ_WRITE);
          const [first, second] = table.walk(0n);
          expect(table.walk(0n)).toHaveLength(top + 2);
          // The old root hangs under the new one's first item.
          expect(second?.entryPaddr).toBe(root);
          expect(read(first?.entryPaddr ?? 0)).toBe(first?.entry);
          expect(table.iovaToPhys64(0x123n)).toBe(0x123n);
          expect(table.iovaToPhys64(reach(top) - 1n)).toBe(page - 1n);
          expect(table.iovaToPhys64(reach(top) + 1n)).toBe(1n);
        }
        expect(table.walk(lastIova(lowestRange(c)))).not.toEqual([]);
      });
    });
  },
  (c) => c.firstTop < c.shifts.length - 1,
);
