/** How Linux's IOMMU core splits a range into calls of one page size each. */

export interface PageRun {
  readonly pageSize: bigint;
  readonly count: bigint;
}

/**
 * The first call for `size` bytes: the largest page that both addresses and the size allow, as many as fit, but no more
 * than up to the boundary of the next larger page when a larger page could follow there.
 * @param pageSizes smallest first
 */
export function firstRun(pageSizes: readonly bigint[], iova: bigint, paddr: bigint, size: bigint): PageRun {
  const pageSize = pageSizes.filter((page) => page <= size && (iova | paddr) % page === 0n).at(-1);
  if (pageSize === undefined) throw new Error(`no page size for ${size} bytes at ${iova}`);
  const next = pageSizes[pageSizes.indexOf(pageSize) + 1];
  if (next !== undefined && (iova ^ paddr) % next === 0n) {
    const toBoundary = next - (iova % next);
    if (toBoundary + next <= size) return { pageSize, count: toBoundary / pageSize };
  }
  return { pageSize, count: size / pageSize };
}

/** The core refuses what the smallest page does not divide. */
export function isAligned(pageSizes: readonly bigint[], ...values: readonly bigint[]): boolean {
  const smallest = pageSizes[0] ?? 1n;
  return values.every((value) => value % smallest === 0n);
}
