// Where the table pages of one table come from: the memory's pool, or a reserve by level that was filled before the operation runs, from a caller's allocator
// or, for what must not fail, from the pool.
import { Format } from "../format/format";
import { Pool } from "../memory/pool";
import { NO_PAGE, Record } from "../memory/record";
import { CLASS_MIN_LG2 } from "../memory/superblock";
import { Window } from "../memory/window";
import { Operation } from "./operation";
import { plannedPages } from "./plan";
import { MAX_LEVELS, Table } from "./table";

/** Table pages of one table. */
export class Pages {
  /** Bytes of a table at `level`: at least a unit, so that each page has a record of its own. */
  @inline static lg2<F extends Format>(level: u32): u32 {
    const f = changetype<F>(0);
    return max<u32>(f.indexLg2(level) + f.itemLg2(), CLASS_MIN_LG2);
  }

  /** A page for `level`, not linked yet, with undefined contents; NO_PAGE: none left. The caller books it with `Shared.count`. */
  static take<F extends Format>(t: Table, level: u32): u32 {
    return Pages.takeSized(t, level, Pages.lg2<F>(level));
  }

  /** The same, where its size is known. */
  static takeSized(t: Table, level: u32, lg2: u32): u32 {
    return t.callerPages | t.stocked ? Pages.reserved(t, level) : Pages.fromPool(t, lg2);
  }

  /** The first of the pages that wait at a level, taken off the list. NO_PAGE: there is none. */
  static reserved(t: Table, level: u32): u32 {
    const head = changetype<usize>(t) + offsetof<Table>("reserve0") + ((<usize>level) << 2);
    const page = load<u32>(head);
    if (page != NO_PAGE) store<u32>(head, Record.of(page).next);
    return page;
  }

  static fromPool(t: Table, lg2: u32): u32 {
    const page = Pool.take(lg2);
    if (page == 0) return NO_PAGE;
    if (Window.paddr(page) <= t.tableLast) return page;
    Pool.give(page, lg2, false);
    return NO_PAGE;
  }

  /** Undo a `take`. */
  static untake<F extends Format>(t: Table, page: u32, level: u32): void {
    if (!(t.callerPages | t.stocked)) {
      Pool.give(page, Pages.lg2<F>(level), false);
      return;
    }
    // Or the number of the operation might say that it holds only zeros.
    Record.of(page).birth = 0;
    Pages.keep(t, page, level);
  }

  static keep(t: Table, page: u32, level: u32): void {
    const head = changetype<usize>(t) + offsetof<Table>("reserve0") + ((<usize>level) << 2);
    Record.of(page).next = load<u32>(head);
    store<u32>(head, page);
  }
}

/** Take the pages that the last plan counted from the pool, for an operation that must not fail. False, and none is taken, when there are not enough. */
export class StockOperation extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    for (let level: u32 = 0; level < MAX_LEVELS; level++) {
      for (let left = plannedPages(level); left != 0; left--) {
        const page = Pages.fromPool(t, Pages.lg2<F>(level));
        if (page == NO_PAGE) {
          UnstockOperation.all<F>(t);
          return 0;
        }
        Pages.keep(t, page, level);
      }
    }
    t.stocked = 1;
    return 1;
  }
}

/** Give the pool back what such an operation did not need. */
export class UnstockOperation extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    UnstockOperation.all<F>(t);
    return 0;
  }
  static all<F extends Format>(t: Table): void {
    for (let level: u32 = 0; level < MAX_LEVELS; level++) {
      for (let page = Pages.reserved(t, level); page != NO_PAGE; page = Pages.reserved(t, level)) {
        Pool.give(page, Pages.lg2<F>(level), Record.of(page).birth == 1);
      }
    }
    t.stocked = 0;
  }
}

/** Give a table a free page of the caller's allocator for its next operation. False when its records find no room. */
export function reservePage(handle: u32, page: u32, bytes: u32, level: u32): bool {
  if (!bookBytes(page, bytes)) return false;
  Record.of(page).birth = 0;
  Pages.keep(changetype<Table>(<usize>handle), page, level);
  return true;
}

/** Book bytes of the caller's as in use. False when their records find no room. */
export function bookBytes(offset: u32, bytes: u32): bool {
  if (!Record.ensure(offset, bytes)) return false;
  Record.mark(offset, bytes, 1);
  return true;
}

/** Take all pages that wait at a level off the reserve, for an operation that comes later. Returns the first; NO_PAGE: there are none. */
export function setAside(handle: u32, level: u32): u32 {
  const head = <usize>handle + offsetof<Table>("reserve0") + ((<usize>level) << 2);
  const page = load<u32>(head);
  store<u32>(head, NO_PAGE);
  changetype<Table>(<usize>handle).stocked = 0;
  return page;
}
/** Put them back. `stocked`: they are the pool's. */
export function putBack(handle: u32, level: u32, page: u32, stocked: u32): void {
  store<u32>(<usize>handle + offsetof<Table>("reserve0") + ((<usize>level) << 2), page);
  changetype<Table>(<usize>handle).stocked = stocked;
}

/** Whether no table has a page in these bytes, nor the pool. */
export function isFree(offset: u32, bytes: u32): bool {
  return !Pool.owns(offset) && !Record.used(offset, bytes);
}

/** Take back a page of `bytes` that the operation did not need; NO_PAGE = none is left at that level. */
export function unreservePage(handle: u32, level: u32, bytes: u32): u32 {
  const page = Pages.reserved(changetype<Table>(<usize>handle), level);
  if (page != NO_PAGE) forgetPage(page, bytes);
  return page;
}

/** The page goes back to the caller's allocator. */
export function forgetPage(page: u32, bytes: u32): void {
  if (Record.ensure(page, bytes)) Record.mark(page, bytes, 0);
}
