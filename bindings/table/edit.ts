// The calls that change mappings in place: replace, protect, coalesce, and the unmap that splits. What they need is planned and fetched first, so that from
// then on nothing can fail; where the architecture demands break-before-make, the flush in between is issued at once.
import { Status } from "../core.js";
import { Mail } from "../memoryState.js";
import { checkOutput, checkRange, type Range } from "./arguments.js";
import { checkGather } from "./gather.js";
import { growNow } from "./grow.js";
import { tellMapped } from "./map.js";
import { mappings } from "./mappings.js";
import type { Flush } from "./pages.js";
import { fetchPages, returnUnused } from "./reserve.js";
import { drainEvents, drainPages, issueFlush, issueSyncs, settle, settleBacklog } from "./settle.js";
import { statusError, type TableState } from "./state.js";
import { clip } from "./unmap.js";

/** Kinds and steps of an edit (assembly/core/edit.ts, editOperations.ts). */
const EditKind = { REMOVE: 0, REPLACE: 1, PROTECT: 2, OWN: 3 } as const;
const EditStep = { PLAN: 0, BUILD: 1, BREAK: 2, MAKE: 3, MAKE_LIVE: 4, RUN: 5, RESUME: 6 } as const;

/** A range and what becomes of it. */
interface Edit extends Range {
  readonly kind: number;
  readonly paddr: number;
  readonly low: number;
  readonly high: number;
}

/** An edit that needs no address and no attributes. */
function plainEdit(kind: number, { iova, size }: Range): Edit {
  return { kind, iova, size, paddr: 0, low: 0, high: 0 };
}

function take(s: TableState, e: Edit, step: number): number {
  return s.core.edit(s.handle, e.iova, e.size, e.paddr, e.low, e.high, e.kind, step);
}

/** Plan, fetch, run. Returns the bytes that were mapped in the range. */
function edit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
  fetchFor(s, operation, e);
  return runEdit(s, operation, e, flushes);
}

/** Plan an edit and fetch the pages that it needs. */
function fetchFor(s: TableState, operation: string, e: Edit): void {
  s.core.planBegin();
  take(s, e, EditStep.PLAN);
  fetchPages(s, operation, e.iova);
}

/** Everything after the pages are in hand. A flush that throws is owed, what is left is done, and then the error passes on. */
function runEdit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
  const breaking = new Breaking(s);
  let status = take(s, e, EditStep.BUILD);
  drainEvents(s, flushes, true);
  if (status >= 0 && e.kind !== EditKind.OWN) {
    if (status === Status.BREAK) {
      take(s, e, EditStep.BREAK);
      breaking.flush(flushes);
    }
    take(s, e, status === Status.BREAK ? EditStep.MAKE : EditStep.MAKE_LIVE);
    drainEvents(s, flushes, true);
    status = finishWalk(s, take(s, e, EditStep.RUN), () => take(s, e, EditStep.RESUME), breaking, flushes);
  }
  const done = s.memory.mail[Mail.DONE] ?? 0;
  returnUnused(s);
  checkEnd(s, operation, status, e.iova, breaking, flushes);
  return done;
}

/** Go on until the core has come to the end of the range, flushing at once where it waits for that. */
function finishWalk(s: TableState, first: number, resume: () => number, breaking: Breaking, flushes: Flush[]): number {
  let status = first;
  while (status === Status.MORE) {
    if (s.core.editWaits() !== 0) breaking.flush(flushes);
    else drainEvents(s, flushes, true);
    status = resume();
  }
  drainEvents(s, flushes, true);
  return status;
}

/** Throw what went wrong. What is to be flushed, and the pages that are free after it, are owed. */
function checkEnd(
  s: TableState,
  operation: string,
  status: number,
  iova: number,
  breaking: Breaking,
  flushes: readonly Flush[],
): void {
  const { failure } = breaking;
  if (status >= 0 && failure === undefined) return;
  s.backlog.flushes.push(...flushes);
  drainPages(s, s.backlog.pages);
  if (failure === undefined) settleBacklog(s);
  s.settleDirect();
  throw failure === undefined ? statusError(status, operation, s.memory.mail[Mail.AT] ?? iova) : failure.error;
}

/** The flushes between clearing an entry and storing what it becomes. */
class Breaking {
  failure: { readonly error: unknown } | undefined;

  constructor(readonly state: TableState) {}

  /** Issue what the core has recorded now; what cannot be issued joins `flushes`. */
  flush(flushes: Flush[]): void {
    const s = this.state;
    const broken: Flush[] = [];
    drainEvents(s, broken, true);
    for (const flush of broken) {
      try {
        issueSyncs(s);
        issueFlush(s, flush);
      } catch (error) {
        this.failure ??= { error };
        flushes.push(flush);
      }
    }
  }
}

/** Remove what the range maps, leaves that stick out split. Returns the bytes. */
export function removeRange(s: TableState, operation: string, range: Range, flushes: Flush[]): number {
  return edit(s, operation, plainEdit(EditKind.REMOVE, range), flushes);
}

/** Before a change inside tables that hang below several entries: those that the range covers in part become its own. */
export function ownTables(s: TableState, operation: string, range: Range, flushes: Flush[]): void {
  if (s.core.tableRepeats(s.handle) !== 0) edit(s, operation, plainEdit(EditKind.OWN, range), flushes);
}

/** Like map, over whatever is mapped there. */
export function replace(
  s: TableState,
  iova: unknown,
  paddr: unknown,
  size: unknown,
  prot: unknown,
  gather: unknown,
): void {
  const op = "replace";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const range = checkRange(s, op, iova, size);
  const oa = checkOutput(s, op, range.iova, paddr, range.size);
  const e: Edit = { ...range, kind: EditKind.REPLACE, paddr: oa, ...s.attributes(prot, op, range.iova) };
  const holes = s.flush.mapped === undefined ? [] : holesOf(s, range);
  const flushes: Flush[] = [];
  growNow(s, op, range, oa, () => fetchFor(s, op, e));
  runEdit(s, op, e, flushes);
  settle(s, flushes, into);
  for (const hole of holes) tellMapped(s, hole.iova, hole.size);
}

/** The parts of a range that map nothing. */
function holesOf(s: TableState, range: Range): Range[] {
  const holes: Range[] = [];
  const end = range.iova + range.size;
  let next = range.iova;
  const runs = mappings(s, BigInt(range.iova), BigInt(range.iova) + BigInt(range.size) - 1n);
  for (const run of runs) {
    const start = Number(run.iova);
    if (start > next) holes.push({ iova: next, size: start - next });
    next = Math.max(next, start + run.size);
  }
  if (next < end) holes.push({ iova: next, size: end - next });
  return holes;
}

/** Change the protection of everything mapped in the range. Returns the bytes. */
export function protect(s: TableState, iova: unknown, size: unknown, prot: unknown, gather: unknown): number {
  const op = "protect";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const asked = checkRange(s, op, iova, size);
  const bits = s.attributes(prot, op, asked.iova);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  const flushes: Flush[] = [];
  const done = edit(s, op, { ...range, kind: EditKind.PROTECT, paddr: 0, ...bits }, flushes);
  settle(s, flushes, into);
  return done;
}

/** Turn runs of small leaves into large ones. Returns the table pages that this frees. */
export function coalesce(s: TableState, iova: unknown, size: unknown, gather: unknown): number {
  const op = "coalesce";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const asked = checkRange(s, op, iova, size);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  const flushes: Flush[] = [];
  const breaking = new Breaking(s);
  const first = s.core.coalesce(s.handle, range.iova, range.size, 0);
  const resume = () => s.core.coalesce(s.handle, range.iova, range.size, 1);
  const status = finishWalk(s, first, resume, breaking, flushes);
  const freed = s.memory.mail[Mail.UNLINKED_COUNT] ?? 0;
  checkEnd(s, op, status, range.iova, breaking, flushes);
  settle(s, flushes, into);
  return freed;
}
