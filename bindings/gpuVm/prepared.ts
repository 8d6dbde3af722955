// An update between its two phases: the fallible one is behind it, and it may be committed or aborted.
import { IoPgtableError } from "../errors.js";
import type { Gather } from "../table/gather.js";
import { joinBlocks } from "./apply.js";
import type { Books, Hold } from "./books.js";
import type { Draft } from "./draft.js";
import { type PreparedUpdate, prepareOps } from "./entries.js";
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
   * Never fails for want of memory, calls no allocator. What a flush throws passes on, with all changed.
   * @param gather collects the flushes
   * @throws IoPgtableError EINVAL after commit or abort
   */
  commit(gather?: Gather): void;
  /** Give everything back; nothing has happened. @throws IoPgtableError EINVAL after commit or abort */
  abort(): void;
}

/** A draft that has been set back, held until it is decided. @throws what the table's prepare throws */
export function holdDraft(books: Books, draft: Draft): PreparedGpuVmUpdate {
  const ops = draft.changes();
  const joins = draft.joins();
  const objects = draft.objects();
  draft.undo();
  const touched = touchedRange(books.table, ops, joins);
  const update = prepareOps(books.table, ops);
  return new Pending(books, draft, update, { joins, objects, touched });
}

interface Plan {
  readonly joins: readonly Block[];
  readonly objects: ReadonlySet<GpuObject>;
  readonly touched: GpuVmRange | null;
}

class Pending implements PreparedGpuVmUpdate, Hold {
  readonly steps: readonly GpuVmStep[];
  readonly tablePages: number;
  readonly touched: GpuVmRange | null;
  readonly ranges: RangeSet;
  readonly objects: ReadonlySet<GpuObject>;
  readonly #books: Books;
  readonly #draft: Draft;
  readonly #update: PreparedUpdate;
  readonly #joins: readonly Block[];

  constructor(books: Books, draft: Draft, update: PreparedUpdate, { joins, objects, touched }: Plan) {
    this.#books = books;
    this.#draft = draft;
    this.#update = update;
    this.#joins = joins;
    this.steps = draft.steps;
    this.tablePages = update.tablePages;
    this.touched = touched;
    this.ranges = draft.ranges;
    this.objects = objects;
    books.holds.add(this);
  }

  commit(gather?: Gather): void {
    this.#decide("commit");
    this.#draft.redo();
    this.#draft.publish();
    this.#update.commit(gather);
    joinBlocks(this.#books, this.#joins, gather);
  }

  abort(): void {
    this.#decide("abort");
    this.#update.abort();
  }

  #decide(operation: string): void {
    if (this.#books.holds.delete(this)) return;
    throw new IoPgtableError("EINVAL", operation, "the update has been committed or aborted already");
  }
}
