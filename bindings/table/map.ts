// The map calls' longer ways: everything but one extent with plain numbers that the core maps at once.
import { Status } from "../core.js";
import type { ErrorCode } from "../errors.js";
import { Mail } from "../memoryState.js";
import { checkOutput, checkRange, type Range } from "./arguments.js";
import type { TableGather } from "./gather.js";
import { growFor, keepGrowth, NOT_GROWN, undoGrowth } from "./grow.js";
import { checkFree } from "./holds.js";
import type { Flush } from "./pages.js";
import { fetchPlanned, returnUnused } from "./reserve.js";
import { drainEvents, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** Flags of the core's map (assembly/core/mapOperations.ts). */
export const MapFlag = { WHOLE: 1, RESUME: 2 } as const;

/** What Linux's map calls return. */
export interface MapResult {
  /** Bytes mapped: a prefix of what was asked. */
  mapped: number;
  /** Why it stopped, or null. */
  error: ErrorCode | null;
}

/** An extent with its attribute bits, ready for the core. */
export interface Extent extends Range {
  readonly paddr: number;
  readonly low: number;
  readonly high: number;
}

/** map: all or nothing. */
export function mapWhole(s: TableState, iova: unknown, paddr: unknown, size: unknown, prot: unknown): void {
  s.checkChangeable("map");
  const range = checkRange(s, "map", iova, size);
  checkFree(s, "map", range);
  const oa = checkOutput(s, "map", range.iova, paddr, range.size);
  const extent: Extent = { ...range, paddr: oa, ...s.attributes(prot, "map", range.iova) };
  const grown = prepareTables(s, "map", extent);
  const flushes: Flush[] = [];
  const status = runMap(
    s,
    s.core.map(s.handle, extent.iova, oa, extent.size, extent.low, extent.high, MapFlag.WHOLE),
    extent,
    MapFlag.WHOLE,
    flushes,
  );
  if (status < 0) endFailedMap(s, grown, flushes, range.iova, status);
  tellTop(s, grown, extent, flushes);
  returnUnused(s);
  settle(s, flushes);
  tellMapped(s, range.iova, range.size);
}

/** The end of a map that the core did or undid at once, and that has something to read. */
export function endMapEvents(s: TableState, status: number, extent: Extent): void {
  const flushes: Flush[] = [];
  const last = runMap(s, status, extent, MapFlag.WHOLE, flushes);
  if (last < 0) endFailedMap(s, NOT_GROWN, flushes, extent.iova, last);
  settle(s, flushes);
}

/**
 * What must be there before the core runs: levels enough, and the caller's pages, for leaves of any size or of 2^sizeLg2. Returns the top before, as
 * `growFor`.
 */
export function prepareTables(s: TableState, operation: string, extent: Extent, sizeLg2 = 0): number {
  const { iova, size } = extent;
  const grown = growFor(s, operation, { iova, size: sizeLg2 === 0 ? size : 2 ** sizeLg2 }, extent.paddr);
  if (s.allocator === undefined) return grown;
  try {
    s.core.planBegin();
    s.core.planMap(s.handle, iova, extent.paddr, size, sizeLg2);
    fetchPlanned(s, operation, iova);
  } catch (error) {
    undoGrowth(s, grown);
    throw error;
  }
  return grown;
}

/** Tell the device of a new top; if that throws, take the map back. */
export function tellTop(s: TableState, grown: number, range: Range, flushes: Flush[]): void {
  if (grown === NOT_GROWN) return;
  const birth = s.core.birth();
  try {
    keepGrowth(s, grown);
  } catch (error) {
    takeBack(s, grown, range, birth, flushes);
    settle(s, flushes);
    throw error;
  }
}

/** Take back what a map did in levels that have grown for it, and these: the leaves of the range, and the tables that it made, also where it stopped. */
export function takeBack(s: TableState, grown: number, range: Range, birth: number, flushes: Flush[]): void {
  s.core.undoMap(s.handle, range.iova, range.size, birth);
  drainEvents(s, flushes, true);
  undoGrowth(s, grown);
}

/** Go on with a map until it ends, reading the core's events in between where there are many. */
export function runMap(s: TableState, first: number, extent: Extent, flags: number, flushes: Flush[]): number {
  let status = first;
  drainEvents(s, flushes, true);
  while (status === Status.MORE) {
    const done = s.memory.mail[Mail.DONE] ?? 0;
    const { iova, paddr, size, low, high } = extent;
    status = s.core.map(s.handle, iova + done, paddr + done, size - done, low, high, flags | MapFlag.RESUME);
    drainEvents(s, flushes, true);
  }
  return status === Status.EVENTS ? Status.OK : status;
}

/** The core has undone all: flush what was visible meanwhile, then say why. */
export function endFailedMap(s: TableState, grown: number, flushes: Flush[], iova: number, status: number): never {
  const at = s.memory.mail[Mail.AT] ?? iova;
  settleFailed(s, grown, flushes);
  throw statusError(status, "map", at);
}

/** Take back growth and pages of a map that the core has undone, and flush what was visible meanwhile. */
export function settleFailed(s: TableState, grown: number, flushes: Flush[]): void {
  undoGrowth(s, grown);
  returnUnused(s);
  settle(s, flushes);
}

export function tellMapped(s: TableState, iova: number, size: number): void {
  if (s.flush.mapped !== undefined && size !== 0) s.call(() => s.flush.mapped?.(iova, size));
}

/** Send what a map made free to the gather, or flush it now as one range, as generic_pt does. */
export function settleMerged(s: TableState, flushes: Flush[], gather: TableGather | undefined): void {
  const first = flushes[0];
  if (first === undefined || gather !== undefined) {
    settle(s, flushes, gather);
    return;
  }
  const start = flushes.reduce((low, f) => Math.min(low, f.iova), first.iova);
  const end = flushes.reduce((high, f) => Math.max(high, f.iova + f.size), 0);
  settle(s, [{ kind: first.kind, iova: start, size: end - start, granule: first.granule }]);
}
