// Removing every mapping of a range, holes skipped: the idiomatic unmap, and the undo of a map that failed.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Held } from "./held";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Scan } from "./scan";
import { Subtree } from "./subtree";
import { Status, Table, Tables } from "./table";

/** Which tables go once they are empty. */
export class Free {
  /** All (while several realms have the table: those that the range covers whole). */
  static readonly EMPTY: u32 = 0;
  /** Those that the running operation made. */
  static readonly BORN: u32 = 1;
}

export class Clear {
  /**
   * Remove what [va, last] maps below `table`; no leaf sticks out of the range. Returns the status; MORE and EFAULT leave `Op.at` at the first address
   * not looked at yet. `Op.removed` grows.
   */
  static range<F extends Format>(t: Table, table: u32, top: u32, level: u32, va: u64, last: u64, rule: u32): i32 {
    const f = changetype<F>(0);
    while (true) {
      const at = Item.slot<F>(table, va, level, top);
      const items = <u32>((last >> f.shift(level)) - (va >> f.shift(level))) + 1;
      const empty = Scan.empty<F>(at, items);
      if (empty == items) return Status.OK;
      if (empty != 0) va = ((va >> f.shift(level)) + empty) << f.shift(level);
      const slot = at + ((<usize>empty) << f.itemLg2());
      const item = Item.load<F>(slot);
      let segmentLast: u64;
      if (f.isTable(item, level)) {
        segmentLast = min<u64>(last, Item.last<F>(va, level));
        const status = Clear.child<F>(t, table, top, level, slot, item, va, segmentLast, rule);
        if (status != Status.OK) return status;
      } else {
        const cleared = Clear.leaves<F>(t, table, top, level, slot, items - empty, va);
        segmentLast = va + (((<u64>cleared) << f.shift(level)) - 1);
      }
      if (segmentLast >= last) return Status.OK;
      va = segmentLast + 1;
      if (Events.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** The part of the range below one table item. */
  static child<F extends Format>(
    t: Table,
    table: u32,
    top: u32,
    level: u32,
    slot: usize,
    item: u64,
    va: u64,
    last: u64,
    rule: u32,
  ): i32 {
    const f = changetype<F>(0);
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    const ones = Item.ones(f.shift(level));
    const whole = (va & ones) == 0 && (last & ones) == ones;
    const record = Record.of(child);
    const free = record.pins == 0 && (rule == Free.EMPTY || Op.bornHere(record.birth));
    if (whole && free) {
      Clear.unlink<F>(t, table, top, level, slot, va);
      Op.remove(Subtree.release<F>(t, child, level - 1));
      return Status.OK;
    }
    const mark = Events.mark();
    const markBytes = Events.markBytes;
    const status = Clear.range<F>(t, child, top, level - 1, va, last, rule);
    if (status != Status.OK) return status;
    if (!free || t.shared) return Status.OK;
    if (record.live != 0) {
      // Only tables that map nothing may be left in it: those that Linux's calls keep, or the old root of a table that grew.
      if (rule != Free.EMPTY || level == 1 || !Subtree.empty<F>(child, level - 1)) return Status.OK;
    }
    if (rule == Free.EMPTY && Held.keeps<F>(t, va, level)) return Status.OK;
    Events.rewind(mark, markBytes);
    Clear.unlink<F>(t, table, top, level, slot, va & ~ones);
    Subtree.release<F>(t, child, level - 1);
    return Status.OK;
  }

  /** Take out what the running operation made on the way to `va` and left empty. */
  static prune<F extends Format>(t: Table, table: u32, level: u32, va: u64): void {
    const f = changetype<F>(0);
    const slot = Item.slot<F>(table, va, level, t.top);
    const item = Item.load<F>(slot);
    if (t.shared || !f.isTable(item, level)) return;
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return;
    Clear.prune<F>(t, child, level - 1, va);
    const record = Record.of(child);
    if (record.live != 0 || !Op.bornHere(record.birth)) return;
    Clear.unlink<F>(t, table, t.top, level, slot, va & ~Item.ones(f.shift(level)));
    Subtree.release<F>(t, child, level - 1);
  }

  /** Take a table out: its whole span is reported at once. */
  @inline static unlink<F extends Format>(t: Table, table: u32, top: u32, level: u32, slot: usize, va: u64): void {
    const f = changetype<F>(0);
    Item.store<F>(slot, 0);
    if (level != top && !t.shared) Record.of(table).live -= 1;
    Tables.unlinked(t);
    Events.walk(t, va, <f64>((<u64>1) << f.shift(level)), true);
    Events.written(t, slot, 1 << f.itemLg2());
  }

  /** Clear the run of equal leaves at `slot`, at most `items` items. Returns how many. */
  static leaves<F extends Format>(t: Table, table: u32, top: u32, level: u32, slot: usize, items: u32, va: u64): u32 {
    const f = changetype<F>(0);
    let sizeLg2 = f.shift(level);
    let count = Scan.clearSingles<F>(slot, items, level);
    if (count == 0) {
      const contig = f.contigLg2(Item.load<F>(slot), level);
      sizeLg2 += contig;
      count = min<u32>(items, 1 << contig);
      for (let i: u32 = 0; i < count; i++) Item.store<F>(slot + ((<usize>i) << f.itemLg2()), 0);
    }
    if (level != top && !t.shared) Record.of(table).live -= <u16>count;
    const bytes = (<u64>count) << f.shift(level);
    Events.leaves<F>(t, va, bytes, sizeLg2, f.shift(level));
    Events.written(t, slot, count << f.itemLg2());
    Op.remove(bytes);
    return count;
  }
}
