import type { Extent, RangeWork } from "./ranges.js";

const GIGA = 2 ** 30;

/** 1 GiB, with no 2M or 1G leaves to hide behind. */
export const GIB: Extent = { iova: 4 * GIGA, paddr: 8 * GIGA, size: GIGA };
export const PAGES_PER_GIB: number = GIGA / 2 ** 12;

export const GIB_OF_PAGES: RangeWork = { pageSizes: [2 ** 12], extents: [GIB], keepTables: false };
export const GIB_OF_PAGES_TABLES_STAY: RangeWork = { ...GIB_OF_PAGES, keepTables: true };

const BLOCKS_64_GIB: Extent = { iova: 0, paddr: 512 * GIGA, size: 64 * GIGA };
export const BLOCKS: number = BLOCKS_64_GIB.size / 2 ** 21;

export const BLOCKS_OF_2M: RangeWork = {
  pageSizes: [2 ** 12, 2 ** 21],
  extents: [BLOCKS_64_GIB],
  keepTables: false,
};
