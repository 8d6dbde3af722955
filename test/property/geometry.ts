import type { Configuration } from "./configurations.js";

/** Half-open range of input addresses. */
export interface Range {
  iova: bigint;
  size: bigint;
}

export interface Leaf extends Range {
  paddr: bigint;
  /** What of the requested protection the entry says. */
  attributes: number;
}

export const endOf = ({ iova, size }: Range) => iova + size;
export const overlaps = (a: Range, b: Range) => a.iova < endOf(b) && b.iova < endOf(a);
export const contains = (outer: Range, inner: Range) => outer.iova <= inner.iova && endOf(inner) <= endOf(outer);
export const inputRange = (c: Configuration): Range => ({ iova: c.base, size: 2n ** BigInt(c.ias) });
export const smallestPage = (c: Configuration): bigint => 2n ** BigInt(c.granuleLg2);
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const rangeBetween = (start: bigint, end: bigint): Range => ({ iova: start, size: end - start });

/** Empty or negative where the two do not meet. */
export function intersection(a: Range, b: Range): Range {
  return rangeBetween(most(a.iova, b.iova), least(endOf(a), endOf(b)));
}

function lg2(size: bigint): number {
  return size.toString(2).length - 1;
}

/** Levels between the one whose entries hold leaves of `size` and the one of the smallest leaves. */
function height(c: Configuration, size: bigint): number {
  return Math.floor((lg2(size) - c.granuleLg2) / c.tableLg2);
}

/** The architecture's number of the level that holds leaves of `size`. */
export function levelOf(c: Configuration, size: bigint): number {
  return c.leafLevel - c.towardsLeaves * height(c, size);
}

/** Bytes that one entry covers at a level of the architecture's number. */
export function entrySize(c: Configuration, level: number): bigint {
  const steps = (c.leafLevel - level) * c.towardsLeaves;
  return 2n ** BigInt(c.granuleLg2 + c.tableLg2 * steps);
}

/** Bytes that one item of a leaf covers: less than the leaf where a leaf is several items. */
export function itemSize(c: Configuration, leafSize: bigint): bigint {
  return entrySize(c, levelOf(c, leafSize));
}

/** Where the table ends that holds the entry of a leaf of `size` at `iova`. */
export function endOfTable(c: Configuration, iova: bigint, size: bigint): bigint {
  const span = itemSize(c, size) << BigInt(c.tableLg2);
  const end = (iova / span + 1n) * span;
  const last = endOf(inputRange(c));
  // A root of concatenated tables is longer than one table, and any root may be shorter.
  return end > last || span >= rootSpan(c) ? last : end;
}

/** Bytes under one table of the root's level: with concatenation the root is several of them. */
function rootSpan(c: Configuration): bigint {
  let span = smallestPage(c) << BigInt(c.tableLg2);
  while (span << BigInt(c.concatenatedLg2) < 2n ** BigInt(c.ias)) span <<= BigInt(c.tableLg2);
  return span;
}
