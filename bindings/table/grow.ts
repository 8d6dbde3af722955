// Tables that grow: more levels above the root when a map reaches beyond it, told to the device once the map has succeeded.
import { Status } from "../core.js";
import type { Range } from "./arguments.js";
import { fetchPage, returnUnused } from "./reserve.js";
import { statusError, type TableState } from "./state.js";

/** `growFor` made no change. */
export const NOT_GROWN = -1;

/**
 * Raise the top to what mapping a range takes, which begins with `run` bytes at `paddr`. Returns the level before, for `undoGrowth`, or NOT_GROWN.
 */
export function growFor(
  s: TableState,
  operation: string,
  range: { readonly iova: number; readonly size: number },
  paddr: number,
  run: number = range.size,
): number {
  const { top } = s;
  const needed = top < s.spec.maxTop ? neededTop(s, range, paddr, run) : top;
  if (needed <= top) return NOT_GROWN;
  fetchLevels(s, operation, needed, range.iova);
  raiseTop(s, operation, needed, range.iova);
  return top;
}

/** The level that the top must have to map a range which begins with `run` bytes at `paddr`. */
export function neededTop(s: TableState, { iova, size }: Range, paddr: number, run: number): number {
  return Math.max(levelForRange(s, iova + size), levelForLeaf(s, iova, paddr, run));
}

/** Fetch a caller's pages for the levels up to `needed`. */
export function fetchLevels(s: TableState, operation: string, needed: number, iova: number): void {
  const { allocator } = s;
  if (allocator === undefined) return;
  try {
    for (let level = s.top + 1; level <= needed; level++) fetchPage(s, allocator, operation, level, iova);
  } catch (error) {
    returnUnused(s);
    throw error;
  }
}

/** Build the levels up to `needed`; the device knows nothing of them yet. */
export function raiseTop(s: TableState, operation: string, needed: number, iova: number): void {
  const status = s.core.setTop(s.handle, needed);
  if (status !== Status.OK) throw statusError(status, operation, iova);
}

function levelForRange(s: TableState, end: number): number {
  let level = 0;
  while (level < s.spec.maxTop && end > 2 ** spanLg2(s, level)) level++;
  return level;
}

/** The first leaf must have a table to stand in. */
function levelForLeaf(s: TableState, iova: number, paddr: number, run: number): number {
  const fits = (size: number): boolean => iova % size === 0 && paddr % size === 0 && size <= run;
  const size = s.spec.pageSizes.findLast(fits) ?? s.page;
  return s.shifts.findLastIndex((shift) => 2 ** shift <= size);
}

function spanLg2(s: TableState, level: number): number {
  return (s.shifts[level] ?? 0) + s.core.geometry(s.spec.core, 1, level);
}

/** The map has succeeded: tell the device. A callback that throws leaves the growth for the caller to undo. */
export function keepGrowth(s: TableState, grown: number): void {
  if (grown === NOT_GROWN) return;
  const root = BigInt(s.memory.paddrOf(s.root)) | s.spec.tableBits;
  const mode = s.top + 1;
  s.call(() => s.spec.changeTop?.(root, mode));
  s.settleDirect();
}

export function undoGrowth(s: TableState, grown: number): void {
  if (grown === NOT_GROWN) return;
  lowerTop(s, grown);
  returnUnused(s);
}

/** Take growth back that the device was not told of; its pages stay in the reserve. */
export function lowerTop(s: TableState, before: number): void {
  s.core.setTop(s.handle, before);
}

/**
 * Grow for a range, fetch what an operation needs, and tell the device of the new top before anything else changes: whatever throws until then leaves all as
 * before, and from then on nothing does.
 */
export function growNow(s: TableState, operation: string, range: Range, paddr: number, fetch: () => void): void {
  const grown = growFor(s, operation, range, paddr);
  try {
    fetch();
    keepGrowth(s, grown);
  } catch (error) {
    returnUnused(s);
    undoGrowth(s, grown);
    throw error;
  }
}
