// An update between its two phases: the fallible one is behind it, and it may be committed or aborted.

import { IoPgtableError } from "../errors.js";
import { stateOf } from "../ioPageTable.js";
import { checkGather, type Gather } from "../table/gather.js";
import type { PreparedUpdate } from "../table/prepare/update.js";
import { endChange } from "./apply.js";
import type { Books, Hold } from "./books.js";
import type { EntryChange } from "./changes.js";
import type { Draft } from "./draft.js";
import { commitUpdate } from "./entries.js";
import type { GpuObject } from "./mapping.js";
import type { RangeSet } from "./rangeSet.js";
import type { Block } from "./splits.js";
import type { GpuVmStep } from "./steps.js";
import { type GpuVmRange, touchedRange } from "./touched.js";

/** What `GpuVm.prepare` gives: all memory is in hand, nothing has changed yet. */
export interface PreparedGpuVmUpdate {
  /** What commit does to the mappings, in order. */
  readonly steps: readonly GpuVmStep[];
  /** Table pages that it holds. */
  readonly tablePages: number;
  /**
   * The addresses whose translations or leaves commit may change, from the first to the last; null where it changes no entry. Larger leaves that it cuts, or
   * joins again, count whole: what a GPU that locks its range meanwhile has to lock (see `lockedRegion`).
   */
  readonly touched: GpuVmRange | null;
  /**
   * Carry it out: never fails for want of memory, calls no allocator but to give pages back.
   * @param gather collects the flushes
   * @throws IoPgtableError EINVAL (committed or aborted already, a gather of another table), EBUSY (in a callback). What a callback throws passes on: from
   *   `changeTop` with nothing changed and the update still prepared, from a flush with all done and the flush owed.
   */
  commit(gather?: Gather): void;
  /** Give everything back; nothing has happened. @throws IoPgtableError EINVAL (committed or aborted already), EBUSY (in a callback) */
  abort(): void;
}

/** What is prepared: the books' side and the table's. */
interface Plan {
  readonly draft: Draft;
  readonly ops: readonly EntryChange[];
  readonly update: PreparedUpdate;
  readonly joins: readonly Block[];
  readonly objects: ReadonlySet<GpuObject>;
  readonly touched: GpuVmRange | null;
}

/** Set a draft back and hold what it needs until it is decided. @throws what the table's prepare throws */
export function holdDraft(books: Books, draft: Draft): PreparedGpuVmUpdate {
  const ops = draft.changes();
  const joins = draft.joins();
  const objects = draft.objects();
  draft.undo();
  const touched = touchedRange(books.table, ops, joins);
  return new Pending(books, { draft, ops, update: books.table.prepare(ops), joins, objects, touched });
}

class Pending implements PreparedGpuVmUpdate, Hold {
  readonly steps: readonly GpuVmStep[];
  readonly tablePages: number;
  readonly touched: GpuVmRange | null;
  readonly ranges: RangeSet;
  readonly objects: ReadonlySet<GpuObject>;
  readonly #books: Books;
  readonly #plan: Plan;

  constructor(books: Books, plan: Plan) {
    this.#books = books;
    this.#plan = plan;
    this.steps = plan.draft.steps;
    this.tablePages = plan.update.tablePages;
    this.touched = plan.touched;
    this.ranges = plan.draft.ranges();
    this.objects = plan.objects;
    books.holds.add(this);
  }

  commit(gather?: Gather): void {
    this.#checkPending("commit");
    const { table, holds } = this.#books;
    checkGather(stateOf(table), gather, "commit");
    const { draft, ops, update, joins } = this.#plan;
    const late = commitUpdate(table, update, ops, gather);
    holds.delete(this);
    draft.redo();
    draft.publish();
    endChange(this.#books, joins, late, gather);
  }

  abort(): void {
    this.#checkPending("abort");
    this.#books.holds.delete(this);
    this.#plan.update.abort();
  }

  #checkPending(operation: string): void {
    stateOf(this.#books.table).checkChangeable(operation);
    if (this.#books.holds.has(this)) return;
    throw new IoPgtableError("EINVAL", operation, "the update was committed or aborted already; prepare another one");
  }
}
