// The idiomatic unmap's longer way: gathers, larger leaves that stick out, bigints, tables that become empty.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import { Mail } from "../memoryState.js";
import { show } from "../numbers.js";
import { checkOptions, checkRange, type Range } from "./arguments.js";
import { checkGather, type Gather, type TableGather } from "./gather.js";
import { FLUSH_RANGE, type Flush } from "./pages.js";
import { fetchPlanned, returnUnused } from "./reserve.js";
import { drainEvents, issueFlush, issueSyncs, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** What becomes of a larger leaf that the range only partly covers. */
export type Partial = "split" | "whole" | "refuse";

export interface UnmapOptions {
  gather?: Gather;
  partial?: Partial;
}

/** Flags of the core's unmap, and steps of its carve (assembly/core/unmapOperations.ts). */
const UnmapFlag = { WHOLE: 1, REFUSE: 2, RESUME: 4 } as const;
const CarveStep = { PLAN: 0, BUILD: 1, BREAK: 2, MAKE: 3, MAKE_LIVE: 4 } as const;

/** With the options checked and the range too: everything but one page that leaves its table in place. */
export function unmapRangeOf(s: TableState, iova: unknown, size: unknown, options: unknown): number {
  s.checkChangeable("unmap");
  const { gather, partial } = checkOptions("unmap", options) as UnmapOptions;
  const into = checkGather(s, gather, "unmap");
  const flags = partialFlags(partial);
  const range = clip(s, checkRange(s, "unmap", iova, size));
  if (range.size === 0) return 0;
  return finishUnmap(s, s.core.unmap(s.handle, range.iova, range.size, flags), range, flags, into);
}

/** Go on from the core's first answer, which was none of EINVAL for its arguments and ERANGE. */
export function finishUnmap(s: TableState, first: number, range: Range, flags: number, into?: TableGather): number {
  if (first === Status.ONE_PAGE) {
    settle(s, [{ kind: FLUSH_RANGE, iova: range.iova, size: range.size, granule: range.size }], into);
    return range.size;
  }
  const flushes: Flush[] = [];
  let status = first;
  if (status === Status.SPLIT) {
    split(s, range, flushes);
    status = s.core.unmap(s.handle, range.iova, range.size, flags | UnmapFlag.RESUME);
  }
  status = runUnmap(s, status, range, flags, flushes);
  const done = s.memory.mail[Mail.DONE] ?? 0;
  if (status === Status.EINVAL) {
    throw new IoPgtableError(
      "EINVAL",
      "unmap",
      'a larger leaf is only partly in the range, and partial is "refuse"',
      range.iova,
    );
  }
  settle(s, flushes, into);
  if (status < 0) throw statusError(status, "unmap", s.memory.mail[Mail.AT] ?? range.iova);
  return done;
}

function partialFlags(partial: unknown): number {
  if (partial === undefined || partial === "split") return 0;
  if (partial === "whole") return UnmapFlag.WHOLE;
  if (partial === "refuse") return UnmapFlag.REFUSE;
  throw new IoPgtableError("EINVAL", "unmap", `partial is ${show(partial)}; give "split", "whole" or "refuse"`);
}

/** A table that can still grow maps nothing beyond its present top. */
export function clip(s: TableState, range: Range): Range {
  const { top } = s;
  if (top >= s.spec.maxTop) return range;
  const end = Math.min(range.iova + range.size, 2 ** ((s.shifts[top] ?? 0) + s.core.geometry(s.spec.core, 1, top)));
  return { iova: range.iova, size: Math.max(end - range.iova, 0) };
}

/** Go on until the core has ended, reading its events in between where there are many. */
function runUnmap(s: TableState, first: number, range: Range, flags: number, flushes: Flush[]): number {
  const { mail } = s.memory;
  let status = first;
  drainEvents(s, flushes, true);
  while (status === Status.MORE) {
    const at = mail[Mail.AT] ?? range.iova;
    // With "whole" the core has moved the end of the range to the end of a leaf.
    const end = Math.max(range.iova + range.size, (mail[Mail.EXTRA] ?? 0) + 1);
    status = s.core.unmap(s.handle, at, end - at, flags | UnmapFlag.RESUME);
    drainEvents(s, flushes, true);
  }
  return status;
}

/**
 * Rebuild the leaves that stick out from the parts that stay. They are built aside first, so that nothing has changed when a page is missing. Where the
 * architecture demands break-before-make, the flush in between is issued at once.
 */
function split(s: TableState, range: Range, flushes: Flush[]): void {
  const carve = (step: number): number => s.core.carve(s.handle, range.iova, range.size, step);
  if (s.allocator !== undefined) {
    carve(CarveStep.PLAN);
    fetchPlanned(s, "unmap", range.iova);
  }
  const status = carve(CarveStep.BUILD);
  if (status !== Status.OK) {
    s.memory.mail[Mail.EVENTS] = 0;
    returnUnused(s);
    throw statusError(status, "unmap", range.iova);
  }
  drainEvents(s, flushes, true);
  if (s.spec.breakBeforeMake !== "always") {
    carve(CarveStep.MAKE_LIVE);
    drainEvents(s, flushes, true);
    return;
  }
  carve(CarveStep.BREAK);
  const broken: Flush[] = [];
  drainEvents(s, broken, false);
  let failure: { error: unknown } | undefined;
  for (const flush of broken) {
    try {
      issueSyncs(s);
      issueFlush(s, flush);
    } catch (error) {
      failure ??= { error };
      flushes.push(flush);
    }
  }
  carve(CarveStep.MAKE);
  drainEvents(s, flushes, true);
  if (failure !== undefined) endBroken(s, range, flushes, failure.error);
}

/** A flush between break and make threw: the operation is carried through, its flush is owed, the error passes on. */
function endBroken(s: TableState, range: Range, flushes: Flush[], error: unknown): never {
  runUnmap(s, s.core.unmap(s.handle, range.iova, range.size, UnmapFlag.RESUME), range, 0, flushes);
  s.backlog.flushes.push(...flushes);
  s.settleDirect();
  throw error;
}
