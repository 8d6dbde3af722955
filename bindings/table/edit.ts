// The calls that change mappings in place: replace, protect, coalesce, and the unmap that splits. What they need is planned and fetched first, so that from
// then on nothing can fail; where the architecture demands break-before-make, the flush in between is issued at once.
import { Status } from "../core.js";
import { Mail } from "../memoryState.js";
import { checkOutput, checkRange, type Range } from "./arguments.js";
import { checkGather } from "./gather.js";
import { growNow } from "./grow.js";
import { checkFree } from "./holds.js";
import { tellMapped } from "./map.js";
import { mappings } from "./mappings.js";
import type { Flush } from "./pages.js";
import { fetchPages, returnUnused } from "./reserve.js";
import { drainEvents, issueFlush, issueSyncs, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";
import { clip } from "./unmap.js";

/** Kinds and steps of an edit (assembly/core/edit.ts, editOperations.ts). */
export const EditKind = { REMOVE: 0, REPLACE: 1, PROTECT: 2, OWN: 3 } as const;
const EditStep = { PLAN: 0, BUILD: 1, BREAK: 2, MAKE: 3, MAKE_LIVE: 4, RUN: 5, RESUME: 6 } as const;

/** A range and what becomes of it. */
export interface Edit extends Range {
  readonly kind: number;
  readonly paddr: number;
  readonly low: number;
  readonly high: number;
}

/** An edit that needs no address and no attributes. */
export function plainEdit(kind: number, { iova, size }: Range): Edit {
  return { kind, iova, size, paddr: 0, low: 0, high: 0 };
}

function take(s: TableState, e: Edit, step: number): number {
  return s.core.edit(s.handle, e.iova, e.size, e.paddr, e.low, e.high, e.kind, step);
}

/** Count the pages that an edit needs, beside those counted so far. */
export function planEdit(s: TableState, e: Edit): void {
  take(s, e, EditStep.PLAN);
}

/** Plan, fetch, run. Returns the bytes that were mapped in the range. */
export function edit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
  s.core.planBegin();
  planEdit(s, e);
  fetchPages(s, operation, e.iova);
  return runEdit(s, operation, e, flushes);
}

/** Everything after the pages are in hand. A flush that throws is owed, what is left is done, and then the error passes on. */
export function runEdit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
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
    status = take(s, e, EditStep.RUN);
    while (status === Status.MORE) {
      if (s.core.editWaits() !== 0) breaking.flush(flushes);
      else drainEvents(s, flushes, true);
      status = take(s, e, EditStep.RESUME);
    }
    drainEvents(s, flushes, true);
  }
  const done = s.memory.mail[Mail.DONE] ?? 0;
  returnUnused(s);
  const failure = breaking.failure ?? (status < 0 ? { error: statusError(status, operation, at(s, e)) } : undefined);
  if (failure === undefined) return done;
  s.backlog.flushes.push(...flushes);
  if (status < 0) settle(s, []);
  s.settleDirect();
  throw failure.error;
}

function at(s: TableState, e: Edit): number {
  return s.memory.mail[Mail.AT] ?? e.iova;
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
  checkFree(s, op, range);
  const holes = s.flush.mapped === undefined ? [] : holesOf(s, range);
  const flushes: Flush[] = [];
  growNow(s, op, range, oa, () => {
    s.core.planBegin();
    planEdit(s, e);
    fetchPages(s, op, e.iova);
  });
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
  checkFree(s, op, asked);
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
  checkFree(s, op, asked);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  const flushes: Flush[] = [];
  const breaking = new Breaking(s);
  let status = s.core.coalesce(s.handle, range.iova, range.size, 0);
  while (status === Status.MORE) {
    if (s.core.editWaits() !== 0) breaking.flush(flushes);
    else drainEvents(s, flushes, true);
    status = s.core.coalesce(s.handle, range.iova, range.size, 1);
  }
  drainEvents(s, flushes, true);
  const freed = s.memory.mail[Mail.UNLINKED_COUNT] ?? 0;
  const failure =
    breaking.failure ??
    (status < 0 ? { error: statusError(status, op, s.memory.mail[Mail.AT] ?? range.iova) } : undefined);
  if (failure !== undefined) {
    s.backlog.flushes.push(...flushes);
    s.settleDirect();
    throw failure.error;
  }
  settle(s, flushes, into);
  return freed;
}
