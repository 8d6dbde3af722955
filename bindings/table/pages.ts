// Unlinked table pages on their way back: lists through the core's records, never touched before the flush that covers them.
import type { Core } from "../core.js";

/** What the core reported to flush: leaves (kind 1) or an unlinked table (kind 2). */
export interface Flush {
  readonly kind: number;
  readonly iova: number;
  size: number;
  readonly granule: number;
}

/** Memory written, for a walker that does not snoop. */
export interface Sync {
  readonly paddr: number;
  bytes: number;
}

export const FLUSH_RANGE = 1;
export const FLUSH_WALK = 2;
export const SYNC = 3;
export const DIRTY = 4;
export const LINKED = 5;

/** No page: the end of a list (assembly/memory/record.ts). */
export const NO_PAGE = 0xffff_ffff;

/** A list of unlinked pages. */
export class PageList {
  head: number = NO_PAGE;
  tail: number = NO_PAGE;
  count = 0;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  append(head: number, tail: number, count: number): void {
    if (count === 0) return;
    if (this.count === 0) this.head = head;
    else this.#core.joinPages(this.tail, head);
    this.tail = tail;
    this.count += count;
  }

  /** Take all pages off the list; returns the first. */
  take(): number {
    const { head } = this;
    this.head = NO_PAGE;
    this.tail = NO_PAGE;
    this.count = 0;
    return head;
  }

  /** Move all pages to another list. */
  moveTo(other: PageList): void {
    const { tail, count } = this;
    other.append(this.take(), tail, count);
  }
}

/** A table item as it was published, at its byte offset. */
interface Linked {
  readonly offset: number;
  readonly low: number;
  readonly high: number;
}

/** What an operation still owes to the outside: filled before the callbacks run, so that one that throws leaves the rest to be done later. */
export class Backlog {
  readonly syncs: Sync[] = [];
  /** Table items that are marked as written back once the syncs were issued. */
  readonly linked: Linked[] = [];
  readonly flushes: Flush[] = [];
  readonly pages: PageList;

  constructor(core: Core) {
    this.pages = new PageList(core);
  }

  get isEmpty(): boolean {
    return this.syncs.length === 0 && this.linked.length === 0 && this.flushes.length === 0 && this.pages.count === 0;
  }
}

/** Pages that wait for the owner's own flush, oldest first. */
export class Quarantine {
  readonly pages: PageList;
  /** The number that pages unlinked now get. */
  mark = 0;
  #rootMark = Number.POSITIVE_INFINITY;
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.pages = new PageList(core);
  }

  add(list: PageList): void {
    if (list.count === 0) return;
    this.#core.markPages(list.head, this.mark);
    list.moveTo(this.pages);
  }

  /** The root of a destroyed table goes as if it had been unlinked last. */
  addRoot(): void {
    this.#rootMark = this.mark;
  }
  rootBefore(mark: number): boolean {
    return this.#rootMark < mark;
  }

  /** Take the pages that were unlinked before `mark`, or all, to another list. */
  release(mark: number | undefined, to: PageList): void {
    if (mark === undefined) {
      this.pages.moveTo(to);
      return;
    }
    const core = this.#core;
    let last = NO_PAGE;
    let count = 0;
    for (let page = this.pages.head; page !== NO_PAGE && core.pageMark(page) < mark; page = core.nextPage(page) >>> 0) {
      last = page;
      count++;
    }
    if (count === 0) return;
    const first = this.pages.head;
    this.pages.head = core.nextPage(last) >>> 0;
    this.pages.count -= count;
    if (this.pages.count === 0) this.pages.tail = NO_PAGE;
    core.joinPages(last, NO_PAGE);
    to.append(first, last, count);
  }
}
