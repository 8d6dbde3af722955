// generic_pt test_best_pgsize, test_pgsz_count, test_pgsize_boundary and test_mixed: which leaves a range is made of.
import { expect, it } from "vitest";
import { type IoPageTable, Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { inputRanges, type Leaf, type Range, smallestPage } from "../../configurations/geometry.js";
import { limitSize } from "../../property/addresses.js";
import { LeafModel } from "../../property/leafModel.js";
import { lg2, lowestRange } from "./addresses.js";
import { Random } from "./random.js";
import { conformance } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;
const GIB = 2n ** 30n;
const MIB = 2n ** 20n;
const K4 = 4096n;
/** Leaves in a range that is compared leaf by leaf. */
const FEW = 40n;

/** The leaves that stand in the table. */
function leavesOf(table: IoPageTable, { iova, size }: Range): Leaf[] {
  return [...table.mappings(iova, Number(size))].flatMap((run) =>
    Array.from({ length: run.size / run.pageSize }, (_, i) => ({
      iova: run.iova + BigInt(i * run.pageSize),
      size: BigInt(run.pageSize),
      paddr: BigInt(run.paddr) + BigInt(i * run.pageSize),
      attributes: run.prot,
    })),
  );
}

/** Maps a range and takes it away again; its leaves are those that trying every size, largest first, gives. */
function checkChoice(c: Configuration, table: IoPageTable, range: Range, paddr: bigint): void {
  const model = new LeafModel(c);
  table.map(range.iova, Number(paddr), Number(range.size), READ_WRITE);
  expect(leavesOf(table, range)).toEqual(model.cut(range, paddr, model.attributes(READ_WRITE)));
  expect(table.unmap(range.iova, Number(range.size))).toBe(Number(range.size));
}

/** An address whose lowest set bit is `bit`, below `limit`. */
function aligned(random: Random, bit: number, limit: bigint): bigint {
  const step = 2n ** BigInt(bit);
  return step >= limit ? 0n : random.multiple(step, limit) | step;
}

conformance("the size of the next leaf", (c, useTable) => {
  const page = smallestPage(c);
  const bits = Array.from({ length: lg2(c.pageSizes.at(-1) ?? page) + 2 - lg2(page) }, (_, i) => i + lg2(page));

  it("is the largest that both addresses and the length allow", () => {
    const random = new Random();
    useTable(({ table }) => {
      for (const bit of bits) {
        for (const room of inputRanges(c)) {
          const iova = room.iova + aligned(random, bit, room.size);
          const paddr = aligned(random, random.pick(bits), 2n ** BigInt(c.paddrBits));
          const asked = page + random.multiple(page, 2n ** BigInt(random.pick(bits) + 2));
          const ends = [room.iova + room.size - iova, 2n ** BigInt(c.paddrBits) - paddr, asked];
          const size = ends.reduce((a, b) => (a < b ? a : b));
          checkChoice(c, table, { iova, size: limitSize(c, iova, paddr, size, FEW) }, paddr);
        }
      }
    });
  });

  it("is so at both ends of the space", () => {
    useTable(({ table }) => {
      for (const room of inputRanges(c)) {
        const size = limitSize(c, room.iova, 0n, least(room.size, 2n ** BigInt(c.paddrBits)), FEW);
        checkChoice(c, table, { iova: room.iova, size }, 0n);
        const last = { iova: room.iova + room.size - size, size };
        checkChoice(c, table, last, 2n ** BigInt(c.paddrBits) - size);
      }
    });
  });

  it("holds with addresses that differ below the second size", () => {
    // generic_pt's case, from a report: the range ends at a boundary that no larger leaf can use.
    const limit = lowestRange(c).size;
    const start = (0xfef8_0000n % limit) - ((0xfef8_0000n % limit) % page);
    const paddr = 0x20_8b95_d000n % 2n ** BigInt(c.paddrBits);
    const range = { iova: c.base + start, size: page > 0x2_0000n ? page : 0x2_0000n };
    if (start + range.size > limit) range.iova -= range.size;
    useTable(({ table }) => checkChoice(c, table, range, paddr - (paddr % page)));
  });
});

const least = (a: bigint, b: bigint) => (a < b ? a : b);

conformance("how many leaves", (c, useTable) => {
  const page = smallestPage(c);

  it("of the smallest size fill many tables, table by table", () => {
    const size = least(least(lowestRange(c).size, 2n ** BigInt(c.paddrBits)), 32768n * page);
    useTable(({ table }) => {
      for (let done = 0n; done < size; ) {
        const count = Number((size - done) / page);
        const { mapped, error } = table.mapPages(c.base + done, Number(done), Number(page), count, READ_WRITE);
        expect(error).toBeNull();
        expect(mapped).toBeGreaterThan(0);
        done += BigInt(mapped);
      }
      expect([...table.stats().leaves]).toEqual([[Number(page), Number(size / page)]]);
    });
  });
});

const has = (c: Configuration, ...sizes: bigint[]) => sizes.every((size) => c.pageSizes.includes(size));
const hasNoneBetween = (c: Configuration, a: bigint, b: bigint) => !c.pageSizes.some((size) => size > a && size < b);
const reaches = (c: Configuration, end: bigint) => end <= lowestRange(c).size && end <= 2n ** BigInt(c.oas);

conformance(
  "a page short of a gibibyte",
  (c, useTable) => {
    it("is 511 pages up to the first 2M boundary, then 511 of 2M", () => {
      useTable(({ table }) => {
        table.map(c.base + K4, Number(K4), Number(GIB - K4), READ_WRITE);
        const leaves = [...table.stats().leaves].sort(([a], [b]) => a - b);
        expect(leaves).toEqual([
          [Number(K4), 511],
          [Number(2n * MIB), 511],
        ]);
      });
    });
  },
  (c) => has(c, K4, 2n * MIB) && hasNoneBetween(c, K4, 2n * MIB) && hasNoneBetween(c, 2n * MIB, GIB) && reaches(c, GIB),
);

const MIXED = { start: 0x3_fe40_0000n, end: 0x4_c060_0000n };

conformance(
  "a range of mixed sizes",
  (c, useTable) => {
    it("is exactly 20 entries: 14 of 2M, 3 of 1G, 3 of 2M", () => {
      useTable(({ table }) => {
        const iova = c.base + MIXED.start;
        table.map(iova, Number(MIXED.start), Number(MIXED.end - MIXED.start), READ_WRITE);
        const runs = [...table.mappings()].map(({ size, pageSize }) => [size / pageSize, BigInt(pageSize)]);
        expect(runs).toEqual([
          [14, 2n * MIB],
          [3, GIB],
          [3, 2n * MIB],
        ]);
      });
    });
  },
  (c) =>
    has(c, 2n * MIB, GIB) &&
    hasNoneBetween(c, 2n * MIB, GIB) &&
    hasNoneBetween(c, GIB, 4n * GIB) &&
    reaches(c, MIXED.end),
);
