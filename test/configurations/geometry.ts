import type { Configuration } from "./configuration.js";

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
export const smallestPage = (c: Configuration): bigint => c.pageSizes[0] ?? 4096n;
export const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const rangeBetween = (start: bigint, end: bigint): Range => ({ iova: start, size: end - start });

/** The valid input addresses: one range, or the two halves of a sign-extended space. */
export function inputRanges(c: Configuration): Range[] {
  if (c.space !== "signed") return [inputRange(c)];
  const half = 2n ** BigInt(c.ias - 1);
  return [
    { iova: 0n, size: half },
    { iova: 2n ** 64n - half, size: half },
  ];
}

/** The range of valid addresses that an address is in; of those outside, the one below. */
export function rangeOf(c: Configuration, iova: bigint): Range {
  return inputRanges(c).findLast((range) => range.iova <= iova) ?? inputRange(c);
}

/** The bits of an address that select entries, as a dump shows them, and back. */
export const vaOf = (c: Configuration, iova: bigint): bigint => BigInt.asUintN(c.ias, iova - c.base);
export function iovaOf(c: Configuration, va: bigint): bigint {
  const isUpper = c.space === "signed" && va >= 2n ** BigInt(c.ias - 1);
  return isUpper ? va + 2n ** 64n - 2n ** BigInt(c.ias) : c.base + va;
}

/** The only range of a space that is no two halves. */
export const inputRange = (c: Configuration): Range => ({ iova: c.base, size: 2n ** BigInt(c.ias) });

/** Empty or negative where the two do not meet. */
export function intersection(a: Range, b: Range): Range {
  return rangeBetween(most(a.iova, b.iova), least(endOf(a), endOf(b)));
}

function lg2(size: bigint): number {
  return size.toString(2).length - 1;
}

/** The level that holds leaves of `size`, from the smallest leaves = 0. */
export function heightOf(c: Configuration, size: bigint): number {
  return c.shifts.findLastIndex((shift) => shift <= lg2(size));
}

/** The architecture's number of a level that is counted from the smallest leaves = 0. */
export const numberOf = (c: Configuration, height: number): number => c.leafLevel - c.towardsLeaves * height;

/** The architecture's number of the level that holds leaves of `size`. */
export const levelOf = (c: Configuration, size: bigint): number => numberOf(c, heightOf(c, size));

/** Bytes that one entry covers at a level of the architecture's number. */
export function entrySize(c: Configuration, level: number): bigint {
  return 2n ** BigInt(c.shifts[(c.leafLevel - level) * c.towardsLeaves] ?? 64);
}

/** Bytes that one item of a leaf covers: less than the leaf where a leaf is several items. */
export function itemSize(c: Configuration, leafSize: bigint): bigint {
  return entrySize(c, levelOf(c, leafSize));
}

/** log2 of the bytes that a table translates at a level counted from the smallest leaves = 0. */
export function tableSpanLg2(c: Configuration, height: number): number {
  return c.shifts[height + 1] ?? c.ias - c.rootsLg2;
}

/** Where the table ends that holds the entry of a leaf of `size` at `iova`. */
export function endOfTable(c: Configuration, iova: bigint, size: bigint): bigint {
  const span = 2n ** BigInt(tableSpanLg2(c, heightOf(c, size)));
  return least(((iova - c.base) / span + 1n) * span + c.base, endOf(rangeOf(c, iova)));
}
