// Other attributes for what is mapped in a range. Sizes and addresses stay, and so does the dirty state of each item.
import { Format } from "../format/format";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Change } from "./change";
import { Edit } from "./edit";
import { Events } from "./events";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Plan } from "./plan";
import { Scan } from "./scan";
import { Status, Table } from "./table";
import { Unshare } from "./unshare";

export class Protect {
  /** The part [va, last] of the edit that lies in `table`. `Op.removed` counts what is mapped. MORE as in `Replace.level`. */
  static level<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const shift = f.shift(level);
      const first = Item.slot<F>(table, va, level, t.top);
      const items = <u32>((last >> shift) - (va >> shift)) + 1;
      const empty = Scan.empty<F>(first, items);
      if (empty == items) return Status.OK;
      if (empty != 0) va = ((va >> shift) + empty) << shift;
      const slot = first + ((<usize>empty) << f.itemLg2());
      const item = Item.load<F>(slot);
      let end = min<u64>(last, Item.last<F>(va, level));
      if (f.isTable(item, level)) {
        const child = Path.child<F>(item, level);
        if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
        const own = Unshare.own<F>(t, slot, child, level, va);
        if (own == NO_PAGE) return Op.stop(Status.ENOMEM, va);
        const status = Protect.level<F>(t, own, level - 1, va, end);
        if (status != Status.OK) return status;
      } else if (f.isLeaf(item, level)) {
        const ones = Item.ones(shift + f.contigLg2(item, level));
        const run = Protect.run<F>(t, table, level, slot, item, va, last);
        if (run != 1) {
          end = va + (((<u64>run) << shift) - 1);
          Op.remove(end - va + 1);
          if (end >= last) return Status.OK;
          va = end + 1;
          if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
          continue;
        }
        end = min<u64>(last, va | ones);
        Op.remove(end - va + 1);
        if ((va & ones) == 0 && end == (va | ones)) Protect.leaf<F>(t, table, level, slot, item, va, end);
      }
      if (end >= last) return Status.OK;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** As many leaves as are alike; 1: it is one alone, and nothing is done. Where a device may make them dirty meanwhile, each is changed by itself. */
  static run<F extends Format>(t: Table, table: u32, level: u32, slot: usize, item: u64, va: u64, last: u64): u32 {
    const f = changetype<F>(0);
    if (t.dirtyMask != 0) return 1;
    const items = Change.alike<F>(slot, <u32>((last + 1 - va) >> f.shift(level)), va, level);
    if (items > 1)
      Change.run<F>(t, table, level, slot, items, va, f.leafOa(item, level), Edit.newAttrs<F>(t, item, level));
    return max<u32>(items, 1);
  }

  /** A whole leaf. */
  static leaf<F extends Format>(t: Table, table: u32, level: u32, slot: usize, item: u64, va: u64, last: u64): void {
    const f = changetype<F>(0);
    const contig = f.contigLg2(item, level);
    const items: u32 = 1 << contig;
    const sizeLg2 = f.shift(level) + contig;
    const attrs = Edit.newAttrs<F>(t, item, level);
    if (((Item.attrs<F>(item, level) ^ attrs) & t.memoryMask) != 0) {
      Change.leaf<F>(t, table, level, slot, va, sizeLg2, Edit.oldOa<F>(item, level, va), attrs);
      return;
    }
    let changed = false;
    for (let i: u32 = 0; i < items; i++) {
      if (Protect.item<F>(t, slot + ((<usize>i) << f.itemLg2()), level, sizeLg2)) changed = true;
    }
    if (!changed) return;
    Events.leaves<F>(t, va, last - va + 1, sizeLg2, f.shift(level));
    Events.written(t, slot, items << f.itemLg2());
  }

  /** One item; a device may make it dirty meanwhile. */
  static item<F extends Format>(t: Table, at: usize, level: u32, sizeLg2: u32): bool {
    const f = changetype<F>(0);
    while (true) {
      const old = Item.load<F>(at);
      const item = f.leafItem(Item.oa<F>(old, level), Edit.newAttrs<F>(t, old, level), level, sizeLg2);
      if (item == old) return false;
      if (t.dirtyMask == 0) {
        Item.store<F>(at, item);
        return true;
      }
      if (Item.exchange<F>(at, old, item)) return true;
    }
  }

  /** Count the tables that have to be copied. */
  static plan<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64, shared: bool): void {
    const f = changetype<F>(0);
    if (level == 0) return;
    while (true) {
      const end = min<u64>(last, Item.last<F>(va, level));
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      if (item != 0 && f.isTable(item, level)) {
        const child = Path.child<F>(item, level);
        if (child != Window.OUTSIDE) {
          const copied = shared || Record.of(child).refs > 1;
          if (copied) Plan.need(level - 1, Item.tableLast<F>(va, level - 1));
          Protect.plan<F>(t, child, level - 1, va, end, copied);
        }
      }
      if (end >= last) return;
      va = end + 1;
    }
  }
}
