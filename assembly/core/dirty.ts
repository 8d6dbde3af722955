// Dirty state: which leaves were written through, and making them clean again. A leaf of several items has one state: any of its items may carry it.
import { Format } from "../format/format";
import { EventKind, Own } from "../memory/realm";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Address } from "./address";
import { Events } from "./events";
import { Item } from "./item";
import { Op, Operation } from "./operation";
import { Path } from "./path";
import { Status, Table } from "./table";

export class Dirty {
  /** Whether this leaf item was written through. False for all items of a table whose format keeps no such state. */
  @inline static is(t: Table, item: u64): bool {
    return (item & t.dirtyMask) == t.dirtyValue && t.dirtyMask != 0;
  }

  /** A leaf item as it is when clean. */
  @inline static plain(t: Table, item: u64): u64 {
    return Dirty.is(t, item) ? item ^ t.dirtyFlip : item;
  }

  /** Whether hardware keeps dirty state in this leaf item. */
  @inline static isKept(t: Table, item: u64): bool {
    return Dirty.is(t, item) || Dirty.is(t, item ^ t.dirtyFlip);
  }

  /** `item` with the dirty state of another leaf item, where both keep one. */
  static like(t: Table, item: u64, other: u64): u64 {
    if (!Dirty.isKept(t, item) || !Dirty.isKept(t, other)) return item;
    return Dirty.is(t, item) == Dirty.is(t, other) ? item : item ^ t.dirtyFlip;
  }

  /** Make the leaf item at `at` clean; a device may write through it meanwhile. True: it was dirty. */
  static clean<F extends Format>(t: Table, at: usize): bool {
    const wide = changetype<F>(0).itemLg2() == 3;
    while (true) {
      const item = Item.load<F>(at);
      if (!Dirty.is(t, item)) return false;
      const clean = item ^ t.dirtyFlip;
      const found = wide ? atomic.cmpxchg<u64>(at, item, clean) : <u64>atomic.cmpxchg<u32>(at, <u32>item, <u32>clean);
      if (found == item) return true;
    }
  }
}

/** Report the dirty leaves of one range, as events; with `clear`, those that lie inside whole become clean. */
class DirtyReader {
  static level<F extends Format>(t: Table, table: u32, level: u32, from: u64, to: u64, clear: bool): i32 {
    const f = changetype<F>(0);
    const shift = f.shift(level);
    let va = from;
    while (true) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const item = Item.load<F>(slot);
      let segmentLast = min<u64>(to, Item.last<F>(va, level));
      if (item != 0 && level != 0 && f.isTable(item, level)) {
        const child = Path.pointed<F>(item, level);
        if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
        // A leaf below several entries speaks for all its addresses: each reports it, and none makes it clean for the others.
        const own = !t.repeats || (Record.isLinked(child) && Record.of(child).refs <= 1);
        const status = DirtyReader.level<F>(t, child, level - 1, va, segmentLast, clear && own);
        if (status != Status.OK) return status;
      } else if (item != 0 && f.isLeaf(item, level)) {
        const sizeLg2 = shift + f.contigLg2(item, level);
        segmentLast = min<u64>(to, va | Item.ones(sizeLg2));
        const group = slot - ((<usize>((va & Item.ones(sizeLg2)) >> shift)) << f.itemLg2());
        DirtyReader.leaf<F>(t, group, sizeLg2, 1 << (sizeLg2 - shift), va, segmentLast, clear);
      }
      if (segmentLast >= to) return Status.OK;
      va = segmentLast + 1;
      if (Events.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** The part [va, last] of the leaf whose first item is at `group`. */
  static leaf<F extends Format>(
    t: Table,
    group: usize,
    sizeLg2: u32,
    items: u32,
    va: u64,
    last: u64,
    clear: bool,
  ): void {
    const lg2 = changetype<F>(0).itemLg2();
    const whole = last - va == Item.ones(sizeLg2);
    let dirty = false;
    for (let i: u32 = 0; i < items; i++) {
      const at = group + ((<usize>i) << lg2);
      if (clear && whole) {
        if (!Dirty.clean<F>(t, at)) continue;
        Events.written(t, at, 1 << lg2);
        dirty = true;
      } else if (Dirty.is(t, Item.load<F>(at))) {
        dirty = true;
        break;
      }
    }
    if (!dirty) return;
    if (clear && whole) Events.leaves<F>(t, va, last - va + 1, sizeLg2, sizeLg2 - <u32>ctz(items));
    else Events.extend(EventKind.DIRTY, <f64>Address.iova(t, va), <f64>(last - va + 1), 0);
  }
}

/** Report the dirty leaves of [a, b]; c = 1: and make them clean. What was made clean is to be flushed. */
export class ReadDirtyOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, last: u64, clear: u64, d: u64, e: u32): i64 {
    Events.begin();
    const status = DirtyReader.level<F>(t, t.root, t.top, va, last, clear != 0);
    if (status != Status.OK) Own.realm.at = <f64>Address.iova(t, Op.at);
    return status;
  }
}
