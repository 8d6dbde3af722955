// The steps of an edit, which changes mappings in place: what it needs is planned and fetched first, so that from then on nothing can fail; where the
// architecture demands break-before-make, the flush in between is issued at once.
import { Status } from "../core.js";
import { Mail } from "../memoryState.js";
import type { Range } from "./arguments.js";
import type { Flush, PageList } from "./pages.js";
import { fetchPages, returnUnused } from "./reserve.js";
import { drainEvents, drainPages, issueFlush, issueSyncs, settleBacklog } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** Kinds and steps of an edit (assembly/core/edit.ts, editOperations.ts). */
export const EditKind = { REMOVE: 0, REPLACE: 1, PROTECT: 2, OWN: 3 } as const;
const EditStep = {
  PLAN: 0,
  BUILD: 1,
  BREAK: 2,
  MAKE: 3,
  MAKE_LIVE: 4,
  RUN: 5,
  RESUME: 6,
  PLAN_LOW: 7,
  PLAN_HIGH: 8,
} as const;

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

/** Plan, fetch, run. Returns the bytes that were mapped in the range. */
export function edit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
  fetchFor(s, operation, e);
  return runEdit(s, operation, e, flushes);
}

/** Plan an edit and fetch the pages that it needs. */
export function fetchFor(s: TableState, operation: string, e: Edit): void {
  s.core.planBegin();
  planEdit(s, e);
  fetchPages(s, operation, e.iova);
}

/** Count what an edit needs, beside what the plan has counted for ranges below it. */
export function planEdit(s: TableState, e: Edit): void {
  take(s, e, EditStep.PLAN);
}

/** Count what emptying a range needs and what `inside` plans in it then. */
export function planEmptied(s: TableState, range: Range, inside: () => void): void {
  const e = plainEdit(EditKind.REMOVE, range);
  take(s, e, EditStep.PLAN_LOW);
  inside();
  take(s, e, EditStep.PLAN_HIGH);
}

/** Everything after the pages are in hand. A flush that throws is owed, what is left is done, and then the error passes on. */
export function runEdit(s: TableState, operation: string, e: Edit, flushes: Flush[]): number {
  const breaking = new Breaking(s);
  const status = takeSteps(s, e, breaking, flushes);
  const done = s.memory.mail[Mail.DONE] ?? 0;
  // Whatever was thrown before.
  const unreturned = returnUnused(s);
  breaking.failure ??= unreturned;
  checkEnd(s, operation, status, e.iova, breaking, flushes);
  return done;
}

/** All steps of an edit. Returns the last status. */
export function takeSteps(s: TableState, e: Edit, breaking: Breaking, flushes: Flush[]): number {
  let status = take(s, e, EditStep.BUILD);
  drainEvents(s, flushes, true);
  if (status < 0 || e.kind === EditKind.OWN) return status;
  if (status === Status.BREAK) {
    take(s, e, EditStep.BREAK);
    breaking.flush(flushes);
  }
  take(s, e, status === Status.BREAK ? EditStep.MAKE : EditStep.MAKE_LIVE);
  drainEvents(s, flushes, true);
  status = finishWalk(s, take(s, e, EditStep.RUN), () => take(s, e, EditStep.RESUME), breaking, flushes);
  return status;
}

/** Go on until the core has come to the end of the range, flushing at once where it waits for that. */
export function finishWalk(
  s: TableState,
  first: number,
  resume: () => number,
  breaking: Breaking,
  flushes: Flush[],
): number {
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
export function checkEnd(
  s: TableState,
  operation: string,
  status: number,
  iova: number,
  breaking: Breaking,
  flushes: readonly Flush[],
  unlinked?: PageList,
): void {
  const { failure } = breaking;
  if (status >= 0 && failure === undefined) return;
  s.backlog.flushes.push(...flushes);
  unlinked?.moveTo(s.backlog.pages);
  drainPages(s, s.backlog.pages);
  if (failure === undefined) settleBacklog(s);
  s.settleDirect();
  throw failure === undefined ? statusError(status, operation, s.memory.mail[Mail.AT] ?? iova) : failure.error;
}

/** The flushes between clearing an entry and storing what it becomes. */
export class Breaking {
  /** What a callback threw, for `checkEnd`. */
  failure: { readonly error: unknown } | undefined;

  constructor(readonly state: TableState) {}

  /** Issue what the core has recorded now; what cannot be issued joins `flushes`. */
  flush(flushes: Flush[]): void {
    const broken: Flush[] = [];
    drainEvents(this.state, broken, true);
    this.issue(broken, flushes);
  }

  /** Issue flushes now. */
  issue(broken: readonly Flush[], flushes: Flush[]): void {
    const s = this.state;
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
