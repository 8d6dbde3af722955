// generic_pt test_map_simple, test_map_table_to_oa, test_unmap_split and test_cmp_unmap_split: leaves beside, over and in the place of each other.
import { expect, it } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, heightOf, smallestPage } from "../../configurations/geometry.js";
import { LeafModel } from "../../property/leafModel.js";
import { lowestRange } from "./addresses.js";
import { conformance } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;

const roomFor = (c: Configuration, size: bigint, count: bigint) => size * count <= lowestRange(c).size;

/** Leaf sizes that fit `count` times beside each other. */
const sizesWithRoom = (c: Configuration, count: bigint) => c.pageSizes.filter((size) => roomFor(c, size, count));
const largerThanPages = (c: Configuration) => c.pageSizes.slice(1);

function census(table: IoPageTable): [number, number][] {
  return [...table.stats().leaves].sort(([a], [b]) => a - b);
}

conformance("one leaf of every size", (c, useTable) => {
  it("are all there at once, and all go", () => {
    useTable(({ table }) => {
      // Largest first from the start of the space, each aligned by those before it.
      const room = lowestRange(c);
      const leaves: { iova: bigint; size: bigint }[] = [];
      let iova = room.iova;
      for (const size of [...c.pageSizes].reverse()) {
        if (iova + size > endOf(room)) continue;
        leaves.push({ iova, size });
        iova += size;
      }
      for (const leaf of leaves) table.map(leaf.iova, 0, Number(leaf.size), READ_WRITE);
      expect(census(table)).toEqual(leaves.map(({ size }) => [Number(size), 1]).reverse());
      for (const leaf of leaves) {
        expect(table.iovaToPhys64(leaf.iova)).toBe(0n);
        expect(table.iovaToPhys64(endOf(leaf) - 1n)).toBe(leaf.size - 1n);
        failureOf(() => table.map(endOf(leaf) - smallestPage(c), 0, Number(smallestPage(c)), READ_WRITE), "EEXIST");
      }
      for (const leaf of leaves) expect(table.unmap(leaf.iova, Number(leaf.size))).toBe(Number(leaf.size));
      expect(census(table)).toEqual([]);
      expect(table.stats().tablePages).toBe(2 ** c.rootsLg2);
    });
  });
});

/** Small leaves come and go, by calls that leave the tables where they are. */
function leaveTables(c: Configuration, table: IoPageTable, iova: bigint, size: bigint): void {
  const page = smallestPage(c);
  for (const place of [iova, iova + size / 2n, iova + size - page]) {
    expect(table.mapPages(place, 0, Number(page), 1, READ_WRITE)).toEqual({ mapped: Number(page), error: null });
    expect(table.unmapPages(place, Number(page), 1)).toBe(Number(page));
  }
}

const WAYS: { call: string; map: (table: IoPageTable, iova: bigint, size: number) => unknown }[] = [
  { call: "map", map: (table, iova, size) => table.map(iova, 0, size, READ_WRITE) },
  { call: "mapRange", map: (table, iova, size) => table.mapRange(iova, 0, size, READ_WRITE) },
  { call: "mapPages", map: (table, iova, size) => table.mapPages(iova, 0, size, 1, READ_WRITE) },
];

conformance(
  "a larger leaf",
  (c, useTable) => {
    it.each(WAYS)("by $call takes the place of tables that are empty", ({ map }) => {
      useTable(({ table, backing, journal }) => {
        for (const size of largerThanPages(c)) {
          const { iova } = lowestRange(c);
          leaveTables(c, table, iova, size);
          journal.take();
          map(table, iova, Number(size));
          expect(census(table)).toEqual([[Number(size), 1]]);
          expect(table.iovaToPhys64(iova + size - 1n)).toBe(size - 1n);
          // What is left are the roots and the tables on the way to the leaf.
          const { tablePages } = table.stats();
          expect(tablePages).toBe(2 ** c.rootsLg2 - 1 + table.walk(iova).length);
          expect(backing.memory.stats().tablePagesInUse).toBe(tablePages);
          const unlinked = journal.take().some(({ kind }) => kind === "walk");
          expect(unlinked).toBe(heightOf(c, size) > 0);
          table.unmap(iova, Number(size));
          table.trim();
        }
      });
    });

    it("that cannot be mapped whole leaves them, and what they hang in", () => {
      useTable(({ table }) => {
        const page = smallestPage(c);
        for (const size of largerThanPages(c).filter((each) => roomFor(c, each, 2n))) {
          const { iova } = lowestRange(c);
          table.map(iova + size, 0, Number(page), READ_WRITE);
          leaveTables(c, table, iova, size);
          const before = table.dump();
          failureOf(() => table.map(iova, 0, Number(size + page), READ_WRITE), "EEXIST");
          expect(table.dump()).toBe(before);
          expect(table.unmap(iova, Number(2n * size))).toBe(Number(page));
          table.trim();
          expect(table.stats().tablePages).toBe(2 ** c.rootsLg2);
        }
      });
    });
  },
  (c) => c.pageSizes.length > 1,
);

conformance(
  "a part of a leaf",
  (c, useTable) => {
    const page = Number(smallestPage(c));
    const larger = sizesWithRoom(c, 2n).slice(1);

    /** Two leaves side by side. */
    const withTwo = (body: (table: IoPageTable, iova: bigint, size: bigint) => void) => {
      useTable(({ table }) => {
        for (const size of larger) {
          const { iova } = lowestRange(c);
          table.map(iova, 0, Number(size), READ_WRITE);
          table.map(iova + size, 0, Number(size), READ_WRITE);
          body(table, iova, size);
          table.unmap(iova, Number(2n * size));
          table.trim();
        }
      });
    };

    it("at its start takes the whole leaf with unmapRange, and not its neighbour", () => {
      withTwo((table, iova, size) => {
        expect(table.unmapRange(iova, page)).toBe(Number(size));
        expect(census(table)).toEqual([[Number(size), 1]]);
        expect(table.iovaToPhys64(iova + size)).toBe(0n);
      });
    });

    it("elsewhere stops unmapRange", () => {
      withTwo((table, iova, size) => {
        expect(table.unmapRange(iova + BigInt(page), page)).toBe(0);
        expect(census(table)).toEqual([[Number(size), 2]]);
      });
    });

    it("is refused by unmapPages", () => {
      withTwo((table, iova, size) => {
        expect(table.unmapPages(iova, page, 1)).toBe(0);
        expect(census(table)).toEqual([[Number(size), 2]]);
      });
    });

    it("is split off by unmap, into the largest leaves that remain", () => {
      const model = new LeafModel(c);
      withTwo((table, iova, size) => {
        const hole = { iova: iova + BigInt(page), size: BigInt(page) };
        const rest = model.remains({ iova, size, paddr: 0n, attributes: c.says(READ_WRITE) }, hole);
        expect(table.unmap(hole.iova, page)).toBe(page);
        const expected = new Map<number, number>();
        for (const leaf of [...rest, { size }])
          expected.set(Number(leaf.size), (expected.get(Number(leaf.size)) ?? 0) + 1);
        expect(census(table)).toEqual([...expected].sort(([a], [b]) => a - b));
        expect(table.iovaToPhys64(hole.iova)).toBeNull();
        const output = new Float64Array(rest.length);
        table.translate(
          BigUint64Array.from(rest, (leaf) => endOf(leaf) - 1n),
          output,
        );
        expect(output).toEqual(Float64Array.from(rest, (leaf) => Number(leaf.paddr + leaf.size - 1n)));
      });
    });
  },
  (c) => sizesWithRoom(c, 2n).length > 1,
);
