// Every valid input address can be mapped, the very first and the very last byte included, and no other one: what is outside, or only partly
// inside, is ERANGE and changes nothing. Addresses are numbers and bigints by turns.
import { describe, expect, it } from "vitest";
import { Access, Fault, type IoPageTable, type Iova, Prot } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { type Fixture, useTable } from "./support/fixture.js";
import type { FlushEvent } from "./support/flushJournal.js";
import { INPUT_SPACES, type Space } from "./support/inputSpaces.js";

const RW = Prot.READ | Prot.WRITE;
const BEYOND = 2n ** 64n;

/** Page-aligned addresses are exact as numbers up to 2^64. */
const SPELLINGS: { name: string; spell: (iova: bigint) => Iova }[] = [
  { name: "numbers", spell: Number },
  { name: "bigints", spell: (iova) => iova },
];

const smallest = (table: IoPageTable) => BigInt(table.pageSizes[0] ?? 0);

/** The page of `size` bytes at an end of a space is there, through every way to look. */
function expectMapped(table: IoPageTable, iova: bigint, size: number, paddr: number): void {
  const last = iova + BigInt(size) - 1n;
  const lastPaddr = BigInt(paddr) + BigInt(size) - 1n;
  expect(table.iovaToPhys64(iova)).toBe(BigInt(paddr));
  expect(table.iovaToPhys64(last)).toBe(lastPaddr);
  expect(table.iovaToPhys(last)).toBe(asPaddr(lastPaddr));
  expect(table.access(Number(iova), Access.READ)).toBe(paddr);
  const out = new Float64Array(2);
  expect(table.translate(BigUint64Array.of(iova, last), out)).toBe(2);
  expect([...out]).toEqual([paddr, asPaddr(lastPaddr)]);
  expect(table.translate(Float64Array.of(Number(iova)), out)).toBe(1);
  const leaf = table.walk(last).at(-1);
  expect([leaf?.kind, leaf?.iova, leaf?.size]).toEqual(["leaf", iova, size]);
  const [mapping, ...more] = [...table.mappings()];
  expect([mapping?.iova, mapping?.size, more.length]).toEqual([iova, size, 0]);
  expect([...table.mappings(last, 1)]).toHaveLength(1);
}

/** The leaf was flushed, and nothing outside the space that it is in; but the one entry of a short root may span more than the space. */
function expectFlushed(events: readonly FlushEvent[], iova: bigint, size: number, spaces: readonly Space[]): void {
  const last = iova + BigInt(size) - 1n;
  const space = spaces.find((s) => s.first <= iova && last <= s.last);
  const flushed = events.map((event) =>
    event.kind === "all"
      ? { ...event, from: -1n, to: BEYOND }
      : { ...event, from: event.iova, to: event.iova + event.size - 1n },
  );
  expect(flushed.some(({ from, to }) => from <= iova && last <= to)).toBe(true);
  const stray = flushed.filter(({ kind, from, to }) => {
    if (!space || from < space.first || from > space.last) return true;
    return to > space.last && (kind !== "walk" || spaces.length > 1);
  });
  expect(stray).toEqual([]);
}

/** Numbers above 2^53 are rounded down to a multiple of 8. */
const asPaddr = (paddr: bigint) => Number(paddr < 2n ** 53n ? paddr : paddr - (paddr % 8n));

type Calls = Record<string, (table: IoPageTable, iova: Iova, size: number, paddr: number) => void>;

/** Each way to map a page and to unmap it again. */
const MAPS: Calls = {
  map: (table, iova, size, paddr) => table.map(iova, paddr, size, RW),
  mapPages: (table, iova, size, paddr) => {
    expect(table.mapPages(iova, paddr, size, 1, RW)).toEqual({ mapped: size, error: null });
  },
  mapRange: (table, iova, size, paddr) => {
    expect(table.mapRange(iova, paddr, size, RW)).toEqual({ mapped: size, error: null });
  },
};
const UNMAPS: Record<string, (table: IoPageTable, iova: Iova, size: number) => number> = {
  map: (table, iova, size) => table.unmap(iova, size),
  mapPages: (table, iova, size) => table.unmapPages(iova, size, 1),
  mapRange: (table, iova, size) => table.unmapRange(iova, size),
};

describe.each(INPUT_SPACES)("the ends of $name", ({ format, spaces }) => {
  it.each(SPELLINGS.flatMap((spelling) => Object.keys(MAPS).map((call) => ({ ...spelling, call }))))(
    "are mapped in leaves of every size by $call with $name",
    ({ spell, call }) => {
      useTable(format(), ({ table, journal }) => {
        for (const size of table.pageSizes) {
          const paddr = 2 ** table.oas - size;
          for (const iova of spaces.flatMap(({ first, last }) => [first, last - BigInt(size) + 1n])) {
            MAPS[call]?.(table, spell(iova), size, paddr);
            expectMapped(table, iova, size, paddr);
            journal.take();
            expect(UNMAPS[call]?.(table, spell(iova), size)).toBe(size);
            expectFlushed(journal.take(), iova, size, spaces);
            expect(table.iovaToPhys(iova + BigInt(size) - 1n)).toBeNull();
          }
        }
        table.trim();
      });
    },
  );

  it("are mapped all together, and each is itself", () => {
    useTable(format(), ({ table }) => {
      const page = smallest(table);
      const ends = spaces.flatMap(({ first, last }) => [first, last + 1n - page]);
      ends.forEach((iova, i) => {
        table.map(iova, (2 * i + 1) * Number(page), Number(page), RW);
      });
      expect([...table.mappings()].map(({ iova }) => iova)).toEqual(ends);
      expect(ends.map((iova) => table.iovaToPhys(iova))).toEqual(ends.map((_, i) => (2 * i + 1) * Number(page)));
    });
  });

  it("are where a run of pages ends: what is behind is not mapped", () => {
    useTable(format(), ({ table }) => {
      const page = Number(smallest(table));
      for (const { last } of spaces) {
        const iova = last + 1n - BigInt(page);
        expect(table.mapPages(iova, page, page, 4, RW)).toEqual({ mapped: page, error: null });
        expect([...table.mappings()].map((mapping) => [mapping.iova, mapping.size])).toEqual([[iova, page]]);
        expect(table.unmapPages(iova, page, 4)).toBe(page);
      }
    });
  });
});

/** Ranges of pages that are outside, or only partly inside. `first` is outside where `inside` is false. */
function strayRanges(spaces: readonly Space[], page: bigint): { iova: bigint; size: bigint; inside: boolean }[] {
  const ranges: { iova: bigint; size: bigint; inside: boolean }[] = [];
  for (const { first, last } of spaces) {
    const end = last + 1n;
    ranges.push({ iova: end - page, size: 2n * page, inside: true });
    ranges.push({ iova: end - page, size: 2n ** 63n, inside: true });
    // As long as 64 bits count: its end is its start once more.
    ranges.push({ iova: end - page, size: BEYOND, inside: true });
    if (end < BEYOND) ranges.push({ iova: end, size: page, inside: false });
    if (first > 0n) {
      ranges.push({ iova: first - page, size: page, inside: false });
      ranges.push({ iova: first - page, size: 2n * page, inside: false });
    }
  }
  const [low, high] = spaces;
  if (low && high) {
    const hole = { first: low.last + 1n, last: high.first - 1n };
    ranges.push({ iova: hole.first - page, size: high.first - hole.first + 2n * page, inside: true });
    ranges.push({ iova: 0n, size: BEYOND, inside: true });
    ranges.push({ iova: (hole.first + hole.last + 1n) / 2n, size: page, inside: false });
  }
  return ranges;
}

describe.each(INPUT_SPACES)("outside $name", ({ format, spaces }) => {
  const prepare = (table: IoPageTable) => {
    const page = smallest(table);
    for (const { last } of spaces) table.map(last + 1n - page, Number(page), Number(page), RW);
    return strayRanges(spaces, page);
  };

  it.each(SPELLINGS)("nothing is mapped or unmapped, with $name", ({ spell }) => {
    useTable(format(), (fixture) => {
      const { table, journal, memory } = fixture;
      const ranges = prepare(table);
      const before = stateOf(fixture);
      journal.take();
      for (const { iova, size, inside } of ranges) {
        expectOutside(table, spell(iova), Number(size), inside);
        expect(stateOf(fixture)).toEqual(before);
        expect(journal.take()).toEqual([]);
      }
      expect(memory.stats().tablePagesPeak).toBe(memory.stats().tablePagesInUse);
    });
  });

  it("nothing is found", () => {
    useTable(format(), ({ table }) => {
      for (const { iova, inside } of prepare(table)) {
        if (inside) continue;
        for (const at of [iova, iova + 1n]) {
          expect(table.iovaToPhys(at)).toBeNull();
          expect(table.iovaToPhys64(at)).toBeNull();
          expect(table.translate(BigUint64Array.of(at), new Float64Array(1))).toBe(0);
          failureOf(() => table.walk(at), "ERANGE");
          failureOf(() => table.mappings(at, 1), "ERANGE");
        }
        expect(table.access(Number(iova), Access.READ)).toBe(-Fault.ADDRESS_SIZE);
        expect(table.translate(Float64Array.of(Number(iova)), new Float64Array(1))).toBe(0);
      }
    });
  });

  it("is what has more than 64 bits or a sign", () => {
    useTable(format(), (fixture) => {
      const { table } = fixture;
      const ranges = prepare(table);
      expect(ranges.length).toBeGreaterThan(0);
      const page = Number(smallest(table));
      const before = stateOf(fixture);
      for (const iova of [BEYOND, BEYOND + BigInt(page), 2n ** 65n - BigInt(page)]) {
        failureOf(() => table.map(iova, page, page, RW), "ERANGE");
        failureOf(() => table.unmap(iova, page), "ERANGE");
        failureOf(() => table.walk(iova), "ERANGE");
        failureOf(() => table.iovaToPhys(iova), "ERANGE");
      }
      for (const iova of [-page, BigInt(-page), -1n]) {
        failureOf(() => table.map(iova, page, page, RW), "EINVAL");
        failureOf(() => table.unmap(iova, page), "EINVAL");
        failureOf(() => table.iovaToPhys(iova), "EINVAL");
      }
      failureOf(() => table.map(2 ** 64, page, page, RW), "ERANGE", "EINVAL");
      expect(stateOf(fixture)).toEqual(before);
    });
  });
});

const stateOf = ({ table, memory }: Fixture<unknown>) => [table.dump(), memory.stats().tablePagesInUse];

/** Every changing call refuses the range; Linux's page calls go as far as the space does, where they begin inside it. */
function expectOutside(table: IoPageTable, iova: Iova, size: number, inside: boolean): void {
  const page = Number(smallest(table));
  failureOf(() => table.map(iova, page, size, RW), "ERANGE");
  failureOf(() => table.unmap(iova, size), "ERANGE");
  failureOf(() => table.unmap(iova, size, { partial: "whole" }), "ERANGE");
  failureOf(() => table.mappings(iova, size), "ERANGE");
  expect(table.mapRange(iova, page, size, RW)).toEqual({ mapped: 0, error: "ERANGE" });
  expect(table.unmapRange(iova, size)).toBe(0);
  if (inside) return;
  expect(table.mapPages(iova, page, page, Math.min(size / page, 8), RW)).toEqual({ mapped: 0, error: "ERANGE" });
  expect(table.unmapPages(iova, page, Math.min(size / page, 8))).toBe(0);
}
