// From the root towards a table: finding it, and making what is missing on the way.
import { Format } from "../format/format";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Item } from "./item";
import { Op } from "./operation";
import { Pages } from "./pages";
import { Status, Table } from "./table";

export class Path {
  /** The table that an item points to, if it is one that the library linked; else OUTSIDE: something else has written to the table. For whoever changes it. */
  static child<F extends Format>(item: u64, level: u32): u32 {
    const table = Path.pointed<F>(item, level);
    return table != Window.OUTSIDE && Record.isLinked(table) ? table : Window.OUTSIDE;
  }

  /** The table that an item points to, if it lies in the memory; else OUTSIDE. For whoever only reads: it need not be the library's. */
  @inline static pointed<F extends Format>(item: u64, level: u32): u32 {
    const f = changetype<F>(0);
    const paddr = f.tablePaddr(item, level);
    return Window.resolve(f.mayEncrypt() ? paddr & Op.addressMask : paddr, 1 << (f.indexLg2(level - 1) + f.itemLg2()));
  }

  /** A page for a table at `level`, its record fresh. NO_PAGE: none left. Its contents are undefined unless `Path.zero` says otherwise. */
  static page<F extends Format>(t: Table, level: u32): u32 {
    return Path.begin(Pages.take<F>(t, level));
  }

  /** Begin the record of a page that was taken. */
  static begin(page: u32): u32 {
    if (page == NO_PAGE) return NO_PAGE;
    const record = Record.of(page);
    zero = record.birth == 1;
    record.refs = 1;
    record.live = 0;
    record.pins = 0;
    record.birth = Op.birth;
    Op.made(1);
    return page;
  }

  /** Whether the page that `Path.page` returned last is known to hold only zeros. */
  @inline static get zero(): bool {
    return zero;
  }

  /** Take back a page that was never linked. */
  static drop<F extends Format>(t: Table, page: u32, level: u32): void {
    Pages.untake<F>(t, page, level);
    Op.made(-1);
  }

  /** Link `child` at `at` in `table`. False: another realm linked one first. */
  @inline static link<F extends Format>(t: Table, table: u32, at: usize, child: u32, level: u32, top: u32): bool {
    const racy = t.incoherent && t.shared;
    const attrs = racy ? t.tableAttrs & ~t.writtenBit : t.tableAttrs;
    const item = changetype<F>(0).tableItem(Window.paddr(child), level) | attrs;
    if (!Item.publish<F>(at, item)) return false;
    if (level != top && !t.shared) Record.of(table).live += 1;
    Events.written(t, at, 1 << changetype<F>(0).itemLg2());
    if (racy && t.writtenBit != 0) Events.linked(at, item);
    return true;
  }

  /** The map that is running relies on the table item at `at`: whoever made it may not have written it back for the device yet. */
  @inline static rely<F extends Format>(t: Table, at: usize, item: u64): void {
    if (t.incoherent && t.shared && !(item & t.writtenBit)) Events.written(t, at, 1 << changetype<F>(0).itemLg2());
  }

  /** The table at `level` on the way to `va`, below `from` at `top`, made if it is missing. NO_PAGE: stopped, see `Op.status`. */
  static make<F extends Format>(t: Table, from: u32, top: u32, va: u64, level: u32): u32 {
    const f = changetype<F>(0);
    let table = from;
    for (let l = top; l != level; l--) {
      const at = Item.slot<F>(table, va, l, top);
      let item = Item.load<F>(at);
      if (item == 0) {
        const made = Path.makeChild<F>(t, table, at, l, top);
        if (made != NO_PAGE) {
          table = made;
          continue;
        }
        item = Item.load<F>(at);
        if (item == 0) return Path.stop(Status.ENOMEM, va);
      }
      if (!f.isTable(item, l)) return Path.stop(Status.EEXIST, va);
      Path.rely<F>(t, at, item);
      table = Path.child<F>(item, l);
      if (table == Window.OUTSIDE) return Path.stop(Status.EFAULT, va);
    }
    return table;
  }

  /** An empty table linked at `at`. NO_PAGE: none left, or another realm was first. */
  static makeChild<F extends Format>(t: Table, table: u32, at: usize, level: u32, top: u32): u32 {
    const f = changetype<F>(0);
    const child = Path.page<F>(t, level - 1);
    if (child == NO_PAGE) return NO_PAGE;
    const bytes = 1 << (f.indexLg2(level - 1) + f.itemLg2());
    if (!zero) memory.fill(child, 0, bytes);
    Events.written(t, child, bytes);
    if (Path.link<F>(t, table, at, child, level, top)) return child;
    Path.drop<F>(t, child, level - 1);
    return NO_PAGE;
  }

  /** A table at `level` for the addresses from `first` on, as the root of a walk that starts there: roots are indexed by the whole address. */
  @inline static asRoot<F extends Format>(table: u32, level: u32, first: u64): u32 {
    const f = changetype<F>(0);
    return table - ((<u32>(first >> f.shift(level))) << f.itemLg2());
  }

  static stop(why: i32, va: u64): u32 {
    Op.stop(why, va);
    return NO_PAGE;
  }
}

let zero: bool = false;
