// Tables that hang below several entries (repeat mappings). Before anything in one changes, the path to it becomes the changing range's own: a copy takes
// its place by one store, which changes no translation. What hardware remembers of the old path is flushed before the old table can go.
import { Format } from "../format/format";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Plan } from "./plan";
import { Status, Table, Tables } from "./table";

export class Unshare {
  /** Make the tables that [first, last] covers only in part its own, at both ends of the range: at most one a level and end. */
  static ends<F extends Format>(t: Table, first: u64, last: u64): i32 {
    if (!t.repeats) return Status.OK;
    const status = Unshare.path<F>(t, first, first, last);
    return status == Status.OK ? Unshare.path<F>(t, last, first, last) : status;
  }

  static path<F extends Format>(t: Table, va: u64, first: u64, last: u64): i32 {
    const f = changetype<F>(0);
    let table = t.root;
    for (let level = t.top; level != 0; level--) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const item = Item.load<F>(slot);
      if (!f.isTable(item, level) || Unshare.isWhole<F>(va, level, first, last)) return Status.OK;
      table = Path.child<F>(item, level);
      if (table == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
      table = Unshare.own<F>(t, slot, table, level, va);
      if (table == NO_PAGE) return Op.stop(Status.ENOMEM, va);
    }
    return Status.OK;
  }

  /** Whether the range covers all that the item for `va` translates. */
  @inline static isWhole<F extends Format>(va: u64, level: u32, first: u64, last: u64): bool {
    const ones = Item.ones(changetype<F>(0).shift(level));
    return (va & ~ones) >= first && (va | ones) <= last;
  }

  /** Whether `ends` has something to do. */
  static isNeeded<F extends Format>(t: Table, first: u64, last: u64): bool {
    return t.repeats != 0 && (Unshare.isShared<F>(t, first, first, last) || Unshare.isShared<F>(t, last, first, last));
  }

  static isShared<F extends Format>(t: Table, va: u64, first: u64, last: u64): bool {
    const f = changetype<F>(0);
    let table = t.root;
    for (let level = t.top; level != 0; level--) {
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      if (!f.isTable(item, level) || Unshare.isWhole<F>(va, level, first, last)) return false;
      table = Path.child<F>(item, level);
      if (table == Window.OUTSIDE) return false;
      if (Record.of(table).refs > 1) return true;
    }
    return false;
  }

  /** Count the pages that `path` needs. Below a table that is copied, all on the path are. */
  static plan<F extends Format>(t: Table, va: u64, first: u64, last: u64): void {
    if (!t.repeats) return;
    const f = changetype<F>(0);
    let table = t.root;
    let shared = false;
    for (let level = t.top; level != 0; level--) {
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      if (!f.isTable(item, level) || Unshare.isWhole<F>(va, level, first, last)) return;
      table = Path.child<F>(item, level);
      if (table == Window.OUTSIDE) return;
      shared = shared || Record.of(table).refs > 1;
      if (shared) Plan.need(level - 1, Item.tableLast<F>(va, level - 1));
    }
  }

  /** The table that the item at `slot` points to, or a copy of it that takes its place there when other entries point to it, too. NO_PAGE: none left. */
  static own<F extends Format>(t: Table, slot: usize, child: u32, level: u32, va: u64): u32 {
    const f = changetype<F>(0);
    const old = Record.of(child);
    if (old.refs <= 1) return child;
    const copy = Path.page<F>(t, level - 1);
    if (copy == NO_PAGE) return NO_PAGE;
    const bytes = 1 << (f.indexLg2(level - 1) + f.itemLg2());
    memory.copy(copy, child, bytes);
    Record.of(copy).live = old.live;
    if (level != 1) Unshare.refer<F>(copy, level - 1);
    Events.written(t, copy, bytes);
    Item.store<F>(slot, f.tableItem(Window.paddr(copy), level) | t.tableAttrs);
    old.refs -= 1;
    Tables.unlinked(t);
    Events.written(t, slot, 1 << f.itemLg2());
    const ones = Item.ones(f.shift(level));
    Events.walk(t, va & ~ones, <f64>((<u64>1) << f.shift(level)), true);
    return copy;
  }

  /** One more entry points to each table below the copy. */
  static refer<F extends Format>(copy: u32, level: u32): void {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < 1 << f.indexLg2(level); i++) {
      const item = Item.load<F>(<usize>copy + ((<usize>i) << f.itemLg2()));
      if (!f.isTable(item, level)) continue;
      const below = Path.child<F>(item, level);
      if (below != Window.OUTSIDE) Record.of(below).refs += 1;
    }
  }
}
