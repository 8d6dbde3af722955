// What the peers agree on.

export const PAGE = 2 ** 12;
export const MEGA = 2 ** 21;
export const GIGA = 2 ** 30;
export const TABLE_BYTES = 4096;
/** Entries of a table. */
export const ENTRIES = 512;
/** Physical address of the first table: the library's own default. */
export const PHYS_BASE = 0x80000000;

export interface PeerFlush {
  flushWalk(iova: number, size: number, granule: number): void;
  flushRange(iova: number, size: number, granule: number): void;
}

export interface PeerOptions {
  /** Of 4 KiB, 2 MiB and 1 GiB; 4 KiB is always there. */
  pageSizes: readonly number[];
  flush: PeerFlush;
  /** Unmapping leaves empty tables linked, as Linux's page-wise calls do; default false. */
  keepEmptyTables?: boolean;
}

const isAligned = (value: number): boolean => (value & 0xfff) === 0 && Math.floor(value) === value;

/** Both sides must be whole pages within 48 bits. */
export function refuseRange(start: number, size: number): void {
  // The int32 of a whole number below 2^53 has its low bits; `%` would cost 20 ns.
  if (!(start >= 0 && size > 0 && isAligned(start) && isAligned(size))) {
    throw new RangeError(`EINVAL: 0x${start.toString(16)}, ${size} bytes`);
  }
  if (start + size > 0x1_0000_0000_0000) throw new RangeError(`ERANGE: 0x${start.toString(16)}, ${size} bytes`);
}
