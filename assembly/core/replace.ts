// One extent over whatever is mapped there: the same leaves that `map` chooses, each put in the place of what it replaces. Tables that it needs are built
// aside and linked by one store, so that no address that was and stays mapped is without a translation in between.
import { Format } from "../format/format";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Change } from "./change";
import { Edit } from "./edit";
import { Events } from "./events";
import { Item } from "./item";
import { Mapper } from "./map";
import { Op } from "./operation";
import { Path } from "./path";
import { Plan } from "./plan";
import { Scan } from "./scan";
import { Sizes } from "./sizes";
import { Status, Table } from "./table";
import { Unshare } from "./unshare";

export class Replace {
  /** The part [va, last] of the edit that lies in `table`. MORE: read the events, flush what was cleared, go on at `Op.at`. */
  static level<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const item = Item.load<F>(slot);
      const isLeaf = item != 0 && f.isLeaf(item, level);
      let end = isLeaf ? Replace.keptUntil<F>(item, level, va) : 0;
      if (end == 0) {
        const oa = Edit.oaAt(va);
        const sizeLg2 = Sizes.best(t.sizes, va | oa, Edit.last - va);
        if (f.levelOf(sizeLg2) == level) {
          const same = isLeaf && Edit.oldOa<F>(item, level, va) == oa;
          const attrs = same ? Edit.newAttrs<F>(t, item, level) : Edit.attrs;
          const shift = f.shift(level);
          const runLast = min<u64>(last, Sizes.runLast(t.sizes, va, Edit.last, va ^ oa, sizeLg2));
          const limit = sizeLg2 == shift ? <u32>((runLast - va) >> shift) + 1 : 1;
          const run = limit == 1 ? 1 : Change.alike<F>(slot, limit, va, level);
          if (run != 1) {
            end = va + (((<u64>run) << shift) - 1);
            Change.run<F>(t, table, level, slot, run, va, oa, attrs);
          } else {
            end = va | Item.ones(sizeLg2);
            Change.leaf<F>(t, table, level, slot, va, sizeLg2, oa, attrs);
          }
        } else {
          end = min<u64>(last, Item.last<F>(va, level));
          const status = Replace.below<F>(t, table, level, slot, va, end);
          if (status != Status.OK) return status;
        }
      }
      if (end >= last) return Status.OK;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** The last address of a leaf that sticks out of the edit: it was left there because nothing of it changes. Else 0. */
  static keptUntil<F extends Format>(item: u64, level: u32, va: u64): u64 {
    const f = changetype<F>(0);
    const ones = Item.ones(f.shift(level) + f.contigLg2(item, level));
    const sticksOut = (va & ~ones) < Edit.first || (va | ones) > Edit.last;
    return sticksOut ? va | ones : 0;
  }

  /** [va, last], which needs smaller leaves than an item of this level. */
  static below<F extends Format>(t: Table, table: u32, level: u32, slot: usize, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    const item = Item.load<F>(slot);
    if (item == 0 || !f.isTable(item, level)) return Replace.build<F>(t, table, level, slot, va, last);
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    const own = Unshare.own<F>(t, slot, child, level, va);
    if (own == NO_PAGE) return Op.stop(Status.ENOMEM, va);
    return Replace.level<F>(t, own, level - 1, va, last);
  }

  /** A table for [va, last], where there is none. */
  static build<F extends Format>(t: Table, table: u32, level: u32, slot: usize, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    const child = Path.page<F>(t, level - 1);
    if (child == NO_PAGE) return Op.stop(Status.ENOMEM, va);
    const oa = Edit.oaAt(va);
    const bytes: u32 = 1 << (f.indexLg2(level - 1) + f.itemLg2());
    const sizeLg2 = Sizes.best(t.sizes, va | oa, last - va);
    const whole = last - va == Item.ones(f.shift(level)) && Sizes.runLast(t.sizes, va, last, va ^ oa, sizeLg2) == last;
    if (whole && f.levelOf(sizeLg2) == level - 1) {
      Mapper.write<F>(child, 1 << f.indexLg2(level - 1), oa, Edit.attrs, level - 1, sizeLg2);
    } else {
      if (!Path.zero) memory.fill(child, 0, bytes);
      const from = Path.asRoot<F>(child, level - 1, va & ~Item.ones(f.shift(level)));
      const status = Mapper.aside<F>(t, from, level - 1, va, last, oa, Edit.attrs);
      if (status != Status.OK) return status;
    }
    Record.of(child).live = <u16>Scan.count<F>(child, 1 << f.indexLg2(level - 1));
    Events.written(t, child, bytes);
    Change.link<F>(t, table, level, slot, va, child, Edit.oaAt(va));
    return Status.OK;
  }

  /** Count the tables that `level` makes and copies. `shared`: the table is one of several entries'. */
  static plan<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64, shared: bool): void {
    const f = changetype<F>(0);
    while (true) {
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      const isLeaf = item != 0 && f.isLeaf(item, level);
      let end = isLeaf ? Replace.keptUntil<F>(item, level, va) : 0;
      if (end == 0) {
        const oa = Edit.oaAt(va);
        const sizeLg2 = Sizes.best(t.sizes, va | oa, Edit.last - va);
        if (f.levelOf(sizeLg2) == level) {
          end = min<u64>(last, Sizes.runLast(t.sizes, va, Edit.last, va ^ oa, sizeLg2));
        } else {
          end = min<u64>(last, Item.last<F>(va, level));
          Replace.planBelow<F>(t, level, item, va, end, shared);
        }
      }
      if (end >= last) return;
      va = end + 1;
    }
  }

  static planBelow<F extends Format>(t: Table, level: u32, item: u64, va: u64, last: u64, shared: bool): void {
    const f = changetype<F>(0);
    if (item == 0 || !f.isTable(item, level)) {
      Plan.range<F>(t, t.sizes, NO_PAGE, level, va, last, Edit.oaAt(va));
      return;
    }
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return;
    const copied = shared || Record.of(child).refs > 1;
    if (copied) Plan.need(level - 1, Item.tableLast<F>(va, level - 1));
    Replace.plan<F>(t, child, level - 1, va, last, copied);
  }
}
