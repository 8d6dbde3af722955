// Table pages that are used again: what stood in them never shows, wherever in the table the first mapping is.
import { describe, expect, it } from "vitest";
import { Prot } from "../../bindings/index.js";
import { smallestPage } from "../configurations/geometry.js";
import { SHAPES } from "../configurations/list.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;

const ofPages = SHAPES.filter(
  (c) => c.shifts.length > 1 && (c.shifts[0] ?? 0) === smallestPage(c).toString(2).length - 1,
);

describe.each(ofPages.map((c) => [c.name, c] as const))("%s", (_, c) => {
  const page = Number(smallestPage(c));
  const items = 2 ** ((c.shifts[1] ?? 0) - (c.shifts[0] ?? 0));
  /** Output addresses one page off, so that no larger leaf fits. */
  const paddr = (index: number): number => (index + 1) * page;

  it.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [0, 2],
    [1, items - 2],
    [1, items - 1],
    [0, items - 1],
    [items - 2, 1],
    [items - 1, 1],
  ])("from item %i on %i", (first, count) => {
    useTable(c.format(), ({ table }) => {
      table.mapPages(c.base, paddr(0), page, items, RW);
      expect(table.unmap(c.base, items * page)).toBe(items * page);
      const iova = c.base + BigInt(first * page);
      table.mapPages(iova, paddr(first), page, count, RW);
      const leaves = [...table.dumpLines()].filter((line) => line.startsWith("P"));
      expect(leaves).toHaveLength(count);
      expect(table.stats().mappedBytes).toBe(count * page);
      for (const each of [0, 1, items - 2, items - 1]) {
        const isMapped = each >= first && each < first + count;
        expect(table.iovaToPhys(c.base + BigInt(each * page))).toBe(isMapped ? paddr(each) : null);
      }
      expect(table.unmap(c.base, items * page)).toBe(count * page);
      expect(table.stats().tablePages).toBe(2 ** c.rootsLg2);
    });
  });

  it("when tables above pages are tables of pages again, and the other way around", () => {
    const spread = 2 ** (c.shifts[1] ?? 0);
    useTable(c.format(), ({ table }) => {
      for (let i = 0; i < 2; i++) table.mapPages(c.base + BigInt(i * spread), paddr(0), page, items, RW);
      table.unmap(c.base, 2 * spread);
      table.map(c.base + BigInt(spread + page), paddr(7), page, RW);
      expect([...table.mappings()].map(({ iova, size }) => [iova - c.base, size])).toEqual([
        [BigInt(spread + page), page],
      ]);
    });
  });
});
