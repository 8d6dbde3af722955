import type { Configuration } from "../../configurations/configuration.js";
import { endOf, heightOf, inputRanges, type Range } from "../../configurations/geometry.js";

export const lg2 = (size: bigint): number => size.toString(2).length - 1;

/** The input address whose bits select entries: with the prefix of its half. */
export function iovaOf(c: Configuration, va: bigint): bigint {
  const upper = c.space === "signed" && va >> BigInt(c.ias - 1) !== 0n;
  return c.base + va + (upper ? 2n ** 64n - 2n ** BigInt(c.ias) : 0n);
}

/** The first of the input ranges. */
export function lowestRange(c: Configuration): Range {
  const [first] = inputRanges(c);
  if (first === undefined) throw new Error(`${c.name} has no input range`);
  return first;
}

/** The smallest and the largest leaf size of each level. */
export function sizesOfLevels(c: Configuration): bigint[] {
  const level = (size: bigint | undefined) => (size === undefined ? -1 : heightOf(c, size));
  return c.pageSizes.filter((size, i) => {
    const own = heightOf(c, size);
    return level(c.pageSizes[i - 1]) !== own || level(c.pageSizes[i + 1]) !== own;
  });
}

/** The last output address for a leaf. */
export const highestPaddr = (c: Configuration, size: bigint): bigint => 2n ** BigInt(c.paddrBits) - size;

export const lastIova = (range: Range): bigint => endOf(range) - 1n;
