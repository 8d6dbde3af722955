import { expect, test } from "vitest";
import { tableDigest, tablePages } from "../../bench/harness/tableReader.js";

const PHYS_BASE = 0x1_0000_0000;
const PAGE_ENTRIES = 512;

/** Root, level 1, level 2 and a leaf table at the given page numbers, with one leaf. */
function tables([root, giga, mega, leaf]: readonly [number, number, number, number], entry = 0x60_0000_8000_0f47n) {
  const entries = new BigUint64Array(16 * PAGE_ENTRIES);
  const pointer = (page: number) => BigInt(PHYS_BASE + page * 4096) | 3n;
  entries[root * PAGE_ENTRIES + 1] = pointer(giga);
  entries[giga * PAGE_ENTRIES + 2] = pointer(mega);
  entries[mega * PAGE_ENTRIES + 3] = pointer(leaf);
  entries[leaf * PAGE_ENTRIES + 4] = entry;
  return { buffer: entries.buffer, physBase: PHYS_BASE, rootPaddr: PHYS_BASE + root * 4096 };
}

test("tables are found in the order of a walk", () => {
  expect(tablePages(tables([3, 1, 7, 2]))).toEqual([
    { level: 0, offset: 3 * 4096 },
    { level: 1, offset: 1 * 4096 },
    { level: 2, offset: 7 * 4096 },
    { level: 3, offset: 2 * 4096 },
  ]);
});

test("the digest does not depend on where tables lie", () => {
  expect(tableDigest(tables([3, 1, 7, 2]))).toBe(tableDigest(tables([0, 1, 2, 3])));
});

test("the digest sees every bit of a leaf", () => {
  const bits = Array.from({ length: 64 }, (_, bit) => bit);
  const digests = bits.map((bit) => tableDigest(tables([0, 1, 2, 3], 0x60_0000_8000_0f47n ^ (1n << BigInt(bit)))));
  expect(new Set([...digests, tableDigest(tables([0, 1, 2, 3]))]).size).toBe(65);
});
