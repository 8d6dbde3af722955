// io-pgtable's unmap_pages: one page size, within one table; stops at the first hole, refuses a part of a larger leaf, takes a table that stands where
// a leaf is expected with all that it maps.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Scan } from "./scan";
import { Subtree } from "./subtree";
import { Status, Table, Tables } from "./table";

export class UnmapPages {
  /** Unmap leaves of 2^sizeLg2 in [va, last]. `Op.removed` becomes the bytes. */
  static range<F extends Format>(t: Table, va: u64, last: u64, sizeLg2: u32): i32 {
    const f = changetype<F>(0);
    const level = f.levelOf(sizeLg2);
    let table = t.root;
    for (let l = t.top; l != level; l--) {
      const item = Item.load<F>(Item.slot<F>(table, va, l, t.top));
      if (!f.isTable(item, l)) return Status.OK;
      table = Path.child<F>(item, l);
      if (table == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    }
    if (level != t.top) last = min<u64>(last, Item.tableLast<F>(va, level));
    return UnmapPages.leaves<F>(t, table, va, last, sizeLg2, level);
  }

  static leaves<F extends Format>(t: Table, table: u32, va: u64, last: u64, sizeLg2: u32, level: u32): i32 {
    const f = changetype<F>(0);
    const group: u32 = 1 << (sizeLg2 - f.shift(level));
    const bytes = (<usize>group) << f.itemLg2();
    let at = Item.slot<F>(table, va, level, t.top);
    if (level == 0 && group == 1) {
      const count = Scan.clearSingles<F>(at, <u32>((last - va) >> sizeLg2) + 1, level);
      if (level != t.top && !t.shared) Record.of(table).live -= <u16>count;
      Events.written(t, at, count << f.itemLg2());
      Op.remove((<u64>count) << sizeLg2);
      return Status.OK;
    }
    for (let left = <u32>((last - va) >> sizeLg2) + 1; left != 0; left--) {
      if (!UnmapPages.whole<F>(at, group, level, sizeLg2)) break;
      for (let i: u32 = 0; i < group; i++) {
        UnmapPages.item<F>(t, at + ((<usize>i) << f.itemLg2()), va + ((<u64>i) << f.shift(level)), level);
      }
      if (level != t.top && !t.shared) Record.of(table).live -= <u16>group;
      Op.remove((<u64>1) << sizeLg2);
      at += bytes;
      va += (<u64>1) << sizeLg2;
      if (Events.full() && left != 1) return Op.stop(Status.MORE, va);
    }
    return Status.OK;
  }

  /** Whether all items are in use, and none is part of a leaf larger than asked for. */
  static whole<F extends Format>(at: usize, group: u32, level: u32, sizeLg2: u32): bool {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < group; i++) {
      const item = Item.load<F>(at + ((<usize>i) << f.itemLg2()));
      if (item == 0) return false;
      if (f.isTable(item, level)) {
        if (Path.child<F>(item, level) == Window.OUTSIDE) return false;
      } else if (f.shift(level) + f.contigLg2(item, level) > sizeLg2) {
        return false;
      }
    }
    return true;
  }

  @inline static item<F extends Format>(t: Table, at: usize, va: u64, level: u32): void {
    const f = changetype<F>(0);
    const item = Item.load<F>(at);
    Item.store<F>(at, 0);
    Events.written(t, at, 1 << f.itemLg2());
    if (!f.isTable(item, level)) return;
    Tables.unlinked(t);
    Events.walk(t, va, <f64>((<u64>1) << f.shift(level)), false);
    Subtree.release<F>(t, Path.child<F>(item, level), level - 1);
  }
}
