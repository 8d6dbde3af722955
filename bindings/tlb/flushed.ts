// What a flush operation names, in the inner addresses of a table, and what of a worst TLB it reaches.
import { FLUSH_WALK, type Flush } from "../table/pages.js";
import type { TableState } from "../table/state.js";

/** A flush of [first, end). */
export interface Flushed {
  /** Partial walks go, too: flushWalk and flushAll. */
  readonly walks: boolean;
  readonly first: number;
  readonly end: number;
  readonly granule: number;
}

export const EVERYTHING: Flushed = { walks: true, first: 0, end: Number.POSITIVE_INFINITY, granule: 1 };

/** An input address as a flush operation gives it, without the prefix of its half. Page multiples are exact. */
export function innerAddress(s: TableState, iova: number): number {
  const span = 2 ** s.spec.ias;
  const upper = s.spec.space === "upper" || (s.spec.space === "signed" && iova >= span / 2);
  return upper ? iova - (2 ** 64 - span) : iova;
}

export function flushOf(s: TableState, walks: boolean, iova: number, size: number, granule: number): Flushed {
  const first = innerAddress(s, iova);
  return { walks, first, end: first + size, granule };
}

export function pendingFlush(s: TableState, { kind, iova, size, granule }: Flush): Flushed {
  return flushOf(s, kind === FLUSH_WALK, iova, size, granule);
}
