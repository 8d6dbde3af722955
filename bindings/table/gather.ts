// Collecting the flushes of several operations.
import { IoPgtableError } from "../errors.js";
import { show } from "../numbers.js";
import { FLUSH_RANGE, FLUSH_WALK, type Flush, PageList } from "./pages.js";
import { freePages, issueFlush } from "./settle.js";
import { Blocked, type TableState } from "./state.js";

/**
 * Collects the flushes of several operations of one table in one realm, issues them once, then frees the table pages. Usable again after sync; dispose
 * syncs; destroying the table syncs it. With gatherRanges "exact" it may sync by itself before a disjoint range is added. Leaf sizes may mix: the granule
 * is the smallest.
 */
export interface Gather {
  /** Issue what was collected, and free the table pages that waited for it. */
  sync(): void;
  /** The same, at the end of a `using` block. */
  [Symbol.dispose](): void;
}

export class TableGather implements Gather {
  readonly #state: TableState;
  readonly #pages: PageList;
  /** The covering range [first, end); empty while end is 0 or below first. */
  #first = 0;
  #end = 0;
  #granule = 0;
  #walk = false;

  constructor(state: TableState) {
    this.#state = state;
    this.#pages = new PageList(state.core);
  }

  /** Issue one flush for all that was gathered, then free the pages. A flush that throws leaves the gather as it was. */
  sync(): void {
    const s = this.#state;
    if (s.blocked & Blocked.CALLBACK) {
      throw new IoPgtableError("EBUSY", "gather.sync", "called from one of the table's own callbacks");
    }
    this.flush();
  }

  [Symbol.dispose](): void {
    this.sync();
  }

  belongsTo(state: TableState): boolean {
    return this.#state === state;
  }

  /** Take over the flushes of an operation, and the pages that it unlinked. */
  add(flushes: readonly Flush[], unlinked: PageList): void {
    const s = this.#state;
    let failure: { error: unknown } | undefined;
    for (const flush of flushes) {
      try {
        this.#addAfterSync(flush);
      } catch (error) {
        failure ??= { error };
      }
    }
    unlinked.moveTo(this.#pages);
    if (this.#pages.count !== 0) {
      this.#walk = true;
      s.gathers.add(this);
    }
    if (failure !== undefined) throw failure.error;
  }

  /** A run of smallest pages is gone, and no table. Returns the size. */
  addRun(iova: number, size: number): number {
    this.#addAfterSync({ kind: FLUSH_RANGE, iova, size, granule: this.#state.page });
    return size;
  }

  /** What could not be flushed before stays, and the new range joins it. */
  #addAfterSync(flush: Flush): void {
    try {
      this.#syncBefore(flush);
    } finally {
      this.#addFlush(flush);
    }
  }

  /** Exact ranges: what is gathered goes out before a range that does not touch it comes in. */
  #syncBefore(flush: Flush): void {
    const disjoint = flush.iova > this.#end || flush.iova + flush.size < this.#first;
    if (this.#state.exact && this.#end > this.#first && disjoint) this.flush();
  }

  #addFlush(flush: Flush): void {
    const end = flush.iova + flush.size;
    if (this.#end <= this.#first) {
      this.#first = flush.iova;
      this.#end = end;
      this.#granule = flush.granule;
    } else {
      this.#first = Math.min(this.#first, flush.iova);
      this.#end = Math.max(this.#end, end);
      this.#granule = Math.min(this.#granule, flush.granule);
    }
    if (flush.kind === FLUSH_WALK) this.#walk = true;
    this.#state.gathers.add(this);
  }

  /** The one flush for all that was gathered. */
  get pending(): Flush | undefined {
    if (this.#end <= this.#first) return undefined;
    const kind = this.#walk ? FLUSH_WALK : FLUSH_RANGE;
    const granule = this.#walk ? this.#state.page : this.#granule;
    return { kind, iova: this.#first, size: this.#end - this.#first, granule };
  }

  /** The pages that it frees after that flush. */
  get pages(): PageList {
    return this.#pages;
  }

  flush(): void {
    const s = this.#state;
    const { pending } = this;
    if (pending !== undefined) issueFlush(s, pending);
    this.forget();
    freePages(s, this.#pages);
  }

  /** Everything was flushed at once: only the pages are left. */
  forget(): void {
    this.#first = 0;
    this.#end = 0;
    this.#walk = false;
    this.#state.gathers.delete(this);
  }

  /** The pages it holds go to another list. */
  movePagesTo(list: PageList): void {
    this.#pages.moveTo(list);
  }
}

/** @throws IoPgtableError EINVAL for anything that is no gather of this table in this realm */
export function checkGather(s: TableState, gather: unknown, operation: string): TableGather | undefined {
  if (gather === undefined) return undefined;
  if (!(gather instanceof TableGather)) {
    throw new IoPgtableError("EINVAL", operation, `the gather is ${show(gather)}; make one with table.gather()`);
  }
  if (!gather.belongsTo(s))
    throw new IoPgtableError("EINVAL", operation, "the gather belongs to another table or realm");
  return gather;
}
