// generic_pt test_dirty: clean after it was made clean, and dirty as soon as any item of the leaf is.
import { expect, it } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import type { Configuration } from "../../configurations/configuration.js";
import { written } from "../../configurations/dirty.js";
import { itemSize, smallestPage } from "../../configurations/geometry.js";
import { lowestRange } from "./addresses.js";
import { conformance, type Subject } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;

/** What `readDirty` sets, one bit per `pageSize` bytes. */
function dirtyBits(
  table: IoPageTable,
  { iova, size, pageSize }: { iova: bigint; size: number; pageSize: number },
  clear = false,
): number[] {
  const bitmap = new Uint8Array(Math.ceil(size / pageSize / 8));
  const count = table.readDirty(iova, size, bitmap, { clear, pageSize });
  const bits = Array.from({ length: bitmap.length * 8 }, (_, bit) => bit);
  const set = bits.filter((bit) => ((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1);
  expect(count).toBe(set.length);
  return set;
}

/** The device writes through the item for `iova`. */
function dirty({ c, table, read, write }: Subject, iova: bigint): void {
  const { entryPaddr } = table.walk(iova).at(-1) ?? { entryPaddr: 0 };
  if (c.dirty !== null) write(entryPaddr, written(c.dirty, read(entryPaddr)));
}

/** Places in a leaf whose items are not all the same one. */
function placesIn(c: Configuration, iova: bigint, size: bigint): Set<bigint> {
  const step = itemSize(c, size);
  const last = iova + size - step;
  return new Set([iova, iova + (size / step / 2n) * step, last]);
}

/** A TLB may hold a leaf item by item where each has an address of its own. */
const granuleOf = (c: Configuration, size: bigint): bigint => (c.groups === "equal items" ? size : itemSize(c, size));

const itemsOf = ({ c, table, read }: Subject, iova: bigint, size: bigint): bigint[] => {
  const first = table.walk(iova).at(-1)?.entryPaddr ?? 0;
  return Array.from({ length: Number(size / itemSize(c, size)) }, (_, i) => read(first + i * 2 ** c.itemLg2));
};

conformance(
  "dirty state",
  (c, useTable) => {
    const { iova, size: room } = lowestRange(c);
    const sizes = c.pageSizes.filter((size) => 2n * size <= room);

    it("of a leaf is that of any of its items, and goes with clear", () => {
      useTable((subject) => {
        const { table, journal } = subject;
        for (const size of sizes) {
          const pageSize = Number(size);
          table.map(iova, 0, pageSize, READ_WRITE);
          // A neighbour that stays clean.
          table.map(iova + size, 0, pageSize, READ_WRITE);
          const both = { iova, size: 2 * pageSize, pageSize };
          dirtyBits(table, both, true);
          expect(dirtyBits(table, both)).toEqual([]);
          const clean = itemsOf(subject, iova, size);
          const mappings = [...table.mappings()];
          for (const place of placesIn(c, iova, size)) {
            dirty(subject, place);
            journal.take();
            expect(dirtyBits(table, both)).toEqual([0]);
            expect(journal.take()).toEqual([]);
            // What a device has written to allows what it did before.
            expect([...table.mappings()]).toEqual(mappings);
            expect(dirtyBits(table, both, true)).toEqual([0]);
            expect(journal.take()).toEqual([{ kind: "range", iova, size, granule: granuleOf(c, size) }]);
            expect(itemsOf(subject, iova, size)).toEqual(clean);
            expect(dirtyBits(table, both)).toEqual([]);
          }
          table.unmap(iova, 2 * pageSize);
        }
      });
    });

    it("is counted in pages, and holes have none", () => {
      useTable((subject) => {
        const { table } = subject;
        const page = Number(smallestPage(c));
        // The smallest leaf; a hole; the second size where there is one that is no more than a few thousand pages.
        const second = Number(sizes.find((size) => size > BigInt(page) && size <= 4096n * BigInt(page)) ?? page);
        const at = iova + BigInt(2 * second);
        if (BigInt(4 * second) > room) return;
        table.map(iova, 0, page, READ_WRITE);
        table.map(at, 0, second, READ_WRITE);
        const range = { iova, size: 3 * second, pageSize: page };
        dirtyBits(table, range, true);
        dirty(subject, iova);
        dirty(subject, at + BigInt(second - page));
        const pages = Array.from({ length: second / page }, (_, i) => (2 * second) / page + i);
        expect(dirtyBits(table, range)).toEqual([0, ...pages]);
      });
    });

    it("of a leaf that is only partly asked for is told for that part, and stays", () => {
      useTable((subject) => {
        const { table } = subject;
        const page = Number(smallestPage(c));
        for (const size of sizes.slice(1)) {
          table.map(iova, 0, Number(size), READ_WRITE);
          const whole = { iova, size: Number(size), pageSize: Number(size) };
          dirtyBits(table, whole, true);
          dirty(subject, iova);
          const part = { iova: iova + BigInt(page), size: page, pageSize: page };
          expect(dirtyBits(table, part, true)).toEqual([0]);
          expect(dirtyBits(table, whole)).toEqual([0]);
          table.unmap(iova, Number(size));
        }
      });
    });
  },
  (c) => c.dirty !== null,
);

conformance(
  "dirty state that the format does not keep",
  (c, useTable) => {
    it("is ENOTSUP", () => {
      useTable(({ table }) => {
        const page = Number(smallestPage(c));
        table.map(c.base, 0, page, READ_WRITE);
        failureOf(() => table.readDirty(c.base, page, new Uint8Array(1)), "ENOTSUP");
      });
    });
  },
  (c) => c.dirty === null,
);
