// Which table pages a map will need: counted over the same choice of leaf sizes, without writing.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { NO_PAGE } from "../memory/record";
import { Window } from "../memory/window";
import { Item } from "./item";
import { Path } from "./path";
import { Sizes } from "./sizes";
import { Table } from "./table";

/** A range that will have been emptied by the time that what is planned is done: none when the first is beyond the last. */
let emptyFirst: u64 = 1;
let emptyLast: u64 = 0;
let total: u32 = 0;

export class Plan {
  /** What is planned from now on goes where [first, last] has been emptied: whole tables in it are gone, leaves that stick out of it are split. */
  static assumeEmpty(first: u64, last: u64): void {
    emptyFirst = first;
    emptyLast = last;
  }
  static assumeNothing(): void {
    emptyFirst = 1;
    emptyLast = 0;
  }

  /** Count the tables that mapping [va, last] makes below `from` at `top`; `from` NO_PAGE: below a table that does not exist yet. */
  static range<F extends Format>(t: Table, sizes: u64, from: u32, top: u32, va: u64, last: u64, oa: u64): void {
    const f = changetype<F>(0);
    while (true) {
      const sizeLg2 = Sizes.best(sizes, va | oa, last - va);
      const runLast = Sizes.runLast(sizes, va, last, va ^ oa, sizeLg2);
      Plan.run<F>(t, from, top, va, runLast, f.levelOf(sizeLg2));
      if (runLast == last) return;
      oa += runLast + 1 - va;
      va = runLast + 1;
    }
  }

  static run<F extends Format>(t: Table, from: u32, top: u32, va: u64, last: u64, level: u32): void {
    if (level == top) return;
    while (true) {
      Plan.path<F>(from, top, va, level);
      const tableLast = Item.tableLast<F>(va, level);
      if (tableLast >= last) return;
      va = tableLast + 1;
    }
  }

  /** Count what is missing between `from` and the table at `level` for `va`. */
  static path<F extends Format>(from: u32, top: u32, va: u64, level: u32): void {
    const f = changetype<F>(0);
    let table = from;
    for (let l = top; l != level; l--) {
      if (table != NO_PAGE) {
        const item = Item.load<F>(Item.slot<F>(table, va, l, top));
        if (item != 0 && !Plan.goes<F>(item, va, l)) {
          if (!f.isTable(item, l)) return;
          table = Path.child<F>(item, l);
          if (table == Window.OUTSIDE) return;
          continue;
        }
        table = NO_PAGE;
      }
      Plan.need(l - 1, Item.tableLast<F>(va, l - 1));
    }
  }

  /** Whether the item for `va` will be empty, or a leaf that is split. */
  static goes<F extends Format>(item: u64, va: u64, level: u32): bool {
    if (emptyFirst > emptyLast) return false;
    const f = changetype<F>(0);
    if (!f.isTable(item, level)) return true;
    const ones = Item.ones(f.shift(level));
    return (va & ~ones) >= emptyFirst && (va | ones) <= emptyLast;
  }

  static need(level: u32, tableLast: u64): void {
    const at = Own.plan(level);
    if (load<u32>(at, 8) != 0 && load<u64>(at) == tableLast) return;
    store<u64>(at, tableLast);
    store<u32>(at, load<u32>(at, 8) + 1, 8);
    total += 1;
  }
}

/** Begin a plan. */
export function planBegin(): void {
  Own.clearPlan();
  total = 0;
  Plan.assumeNothing();
}
/** Count a table of the top level that the table is to grow to. */
export function planRoot(level: u32): void {
  const at = Own.plan(level);
  store<u32>(at, load<u32>(at, 8) + 1, 8);
  total += 1;
}

/** The pages that the plan has counted so far. */
export function plannedTotal(): u32 {
  return total;
}
/** The pages that the last plan counted at a level. */
export function plannedPages(level: u32): u32 {
  return load<u32>(Own.plan(level), 8);
}
