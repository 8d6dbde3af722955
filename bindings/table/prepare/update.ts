// Updates whose memory is in hand: prepared where failing and allocating are allowed, committed where neither is.
import { Status } from "../../core.js";
import { IoPgtableError } from "../../errors.js";
import type { Range } from "../arguments.js";
import { holesOf } from "../edit.js";
import { Breaking, checkEnd } from "../editSteps.js";
import { checkGather, type Gather } from "../gather.js";
import { keepGrowth, lowerTop, raiseTop } from "../grow.js";
import { type Hold, hold, unhold } from "../holds.js";
import { tellMapped } from "../map.js";
import { PageList } from "../pages.js";
import { returnUnused } from "../reserve.js";
import { drainPages, settle } from "../settle.js";
import type { TableState } from "../state.js";
import { clip, runUnmap } from "../unmap.js";
import { carryOut, type Outcome } from "./carryOut.js";
import { foldOperations } from "./operations.js";
import { holdsOf, type Plan, type PlannedPiece, planPieces } from "./plan.js";

/**
 * An update for which all memory is in hand: `commit` never fails for want of anything, and calls no allocator but to give pages back. New subtrees are built
 * aside and published by one store each. Until one of the two is called, the ranges of its operations are held: everything else that would change them throws
 * EBUSY. A second commit, or one after abort, throws EINVAL.
 */
export interface PreparedUpdate {
  /**
   * Table pages that it takes. Exact, unless the update changes several of the places that share a table of a repeat mapping: the last of them may then
   * find it its own, and the page for a copy is given back.
   */
  readonly tablePages: number;
  /**
   * Carry it out. What is to be flushed goes to the gather, or is flushed now; but what break-before-make demands is flushed at once.
   * @throws IoPgtableError EINVAL (committed or aborted already, a gather of another table), EBUSY (in a callback). What a callback throws passes on:
   *   from `changeTop` with nothing changed and the update still prepared, from a flush with all done and the flush owed.
   */
  commit(gather?: Gather): void;
  /** Give everything back; nothing was changed. @throws IoPgtableError EINVAL (committed or aborted already), EBUSY (in a callback) */
  abort(): void;
}

/** Work out and fetch all that the operations need. @throws IoPgtableError; nothing has changed then */
export function prepareUpdate(s: TableState, ops: unknown): PreparedUpdate {
  s.checkChangeable("prepare");
  return new Update(s, planPieces(s, foldOperations(s, ops)));
}

class Update implements PreparedUpdate {
  readonly tablePages: number;
  readonly #state: TableState;
  readonly #plan: Plan;
  readonly #holds: readonly Hold[];
  /** By level, the first of the pages that wait; none once the update has ended. */
  #pages: readonly number[] | undefined;

  constructor(s: TableState, plan: Plan) {
    this.tablePages = plan.tablePages;
    this.#state = s;
    this.#plan = plan;
    this.#holds = holdsOf(plan.pieces);
    this.#setAside();
    hold(s, this.#holds);
  }

  commit(gather?: Gather): void {
    const s = this.#state;
    this.#checkPending("commit");
    const into = checkGather(s, gather, "commit");
    this.#putBack();
    this.#grow();
    this.#pages = undefined;
    const outcome: Outcome = {
      breaking: new Breaking(s),
      flushes: [],
      unlinked: new PageList(s.core),
      status: Status.OK,
    };
    const mapped = s.flush.mapped === undefined ? [] : this.#plan.pieces.flatMap((piece) => newlyMapped(s, piece));
    // Removing comes last, when nothing is held any more: a table that it leaves empty, and that nothing else counts on, goes.
    const removes = ({ piece }: PlannedPiece): boolean => piece.content.kind === "unmap";
    carryOut(
      s,
      this.#plan.pieces.filter((piece) => !removes(piece)),
      outcome,
    );
    unhold(s, this.#holds);
    carryOut(s, this.#plan.pieces.filter(removes), outcome);
    // Whatever was thrown before.
    const unreturned = returnUnused(s);
    outcome.breaking.failure ??= unreturned;
    freeKept(s, outcome);
    const { breaking, flushes, unlinked, status } = outcome;
    checkEnd(s, "commit", status, this.#plan.pieces[0]?.piece.iova ?? 0, breaking, flushes, unlinked);
    settle(s, flushes, into, unlinked);
    s.settleDirect();
    for (const { iova, size } of mapped) tellMapped(s, iova, size);
  }

  abort(): void {
    const s = this.#state;
    this.#checkPending("abort");
    this.#putBack();
    this.#pages = undefined;
    unhold(s, this.#holds);
    const outcome: Outcome = {
      breaking: new Breaking(s),
      flushes: [],
      unlinked: new PageList(s.core),
      status: Status.OK,
    };
    freeKept(s, outcome);
    const failure = returnUnused(s);
    settle(s, outcome.flushes, undefined, outcome.unlinked);
    s.settleDirect();
    if (failure !== undefined) throw failure.error;
  }

  #checkPending(operation: string): void {
    this.#state.checkChangeable(operation);
    if (this.#pages !== undefined) return;
    throw new IoPgtableError("EINVAL", operation, "the update was committed or aborted already; prepare another one");
  }

  /** The reserve is for the operation that runs: until then the pages wait here. */
  #setAside(): void {
    const s = this.#state;
    const pages: number[] = [];
    for (let level = 0; level <= s.spec.maxTop; level++) pages.push(s.core.setAside(s.handle, level) >>> 0);
    s.stocked = false;
    this.#pages = pages;
  }

  #putBack(): void {
    const s = this.#state;
    s.stocked = s.allocator === undefined;
    const stocked = s.stocked ? 1 : 0;
    this.#pages?.forEach((page, level) => {
      s.core.putBack(s.handle, level, page, stocked);
    });
  }

  /** Other work may have grown the table meanwhile. */
  #grow(): void {
    const s = this.#state;
    const before = s.top;
    const { top } = this.#plan;
    if (top <= before) return;
    raiseTop(s, "commit", top, this.#plan.pieces[0]?.piece.iova ?? 0);
    try {
      keepGrowth(s, before);
    } catch (error) {
      lowerTop(s, before);
      this.#setAside();
      throw error;
    }
  }
}

/** Where a piece maps something that was not mapped. */
function newlyMapped(s: TableState, { piece }: PlannedPiece): Range[] {
  switch (piece.content.kind) {
    case "unmap":
    case "protect":
      return [];
    case "extent":
      return piece.over ? holesOf(s, piece) : [piece];
    default:
      return [piece];
  }
}

/** Tables that stayed empty only because something was held in them go now. */
function freeKept(s: TableState, { flushes, unlinked }: Outcome): void {
  for (const kept of s.holds.takeKept()) {
    const range = clip(s, kept);
    // Where something is mapped now, or is still held, they stay.
    if (range.size === 0 || s.core.firstLeaf(s.handle, range.iova, range.size) !== Status.MORE) continue;
    if (s.holds.keeps(range.iova, range.size)) continue;
    runUnmap(s, s.core.unmap(s.handle, range.iova, range.size, 0), range, 0, flushes);
    drainPages(s, unlinked);
  }
}
