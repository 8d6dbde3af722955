// Mapping one extent with the largest leaves that it allows. All map operations of this library come down to `Mapper.range`; they differ in what a
// collision means and in what stays after one.
import { Format } from "../format/format";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Cache } from "./cache";
import { BreakMode } from "./edit";
import { Events } from "./events";
import { Fill } from "./fill";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Scan } from "./scan";
import { Sizes } from "./sizes";
import { Subtree } from "./subtree";
import { Status, Table, Tables } from "./table";

/** What a larger leaf does to a table that stands in its place. */
export class Collision {
  /** Only a table without leaves gives way (generic_pt's map_range, and `map`). */
  static readonly EMPTY_TABLES: u32 = 0;
  /** Any table gives way, with all that it maps (io-pgtable's map_pages). */
  static readonly ANY_TABLE: u32 = 1;
}

export class Mapper {
  /** Map [va, last] to `oa` below the table `from` at level `top`. Returns the status; `Op.at` is then the first address not mapped. */
  static range<F extends Format>(
    t: Table,
    from: u32,
    top: u32,
    va: u64,
    last: u64,
    oa: u64,
    attrs: u64,
    collision: u32,
  ): i32 {
    while (true) {
      const sizeLg2 = Sizes.best(t.sizes, va | oa, last - va);
      const runLast = Sizes.runLast(t.sizes, va, last, va ^ oa, sizeLg2);
      const status = Mapper.run<F>(t, from, top, va, runLast, oa, attrs, sizeLg2, collision);
      if (status != Status.OK || runLast == last) return status;
      oa += runLast + 1 - va;
      va = runLast + 1;
    }
  }

  /** The same below a table that nobody sees yet. Does not stop for the events to be read. */
  static aside<F extends Format>(t: Table, from: u32, top: u32, va: u64, last: u64, oa: u64, attrs: u64): i32 {
    let at = va;
    while (true) {
      const status = Mapper.range<F>(t, from, top, at, last, oa + (at - va), attrs, Collision.EMPTY_TABLES);
      if (status != Status.MORE) return status;
      at = Op.at;
    }
  }

  /** Leaves of one size over [va, last]: parent table by parent table. */
  static run<F extends Format>(
    t: Table,
    from: u32,
    top: u32,
    va: u64,
    last: u64,
    oa: u64,
    attrs: u64,
    sizeLg2: u32,
    collision: u32,
  ): i32 {
    const level = changetype<F>(0).levelOf(sizeLg2);
    if (level == top) return Mapper.into<F>(t, from, top, va, last, oa, attrs, level, sizeLg2, collision);
    while (true) {
      const parent = Path.make<F>(t, from, top, va, level + 1);
      if (parent == NO_PAGE) return Op.status;
      const parentLast = level + 1 == top ? last : min<u64>(last, Item.tableLast<F>(va, level + 1));
      while (true) {
        const segmentLast = min<u64>(parentLast, Item.last<F>(va, level + 1));
        const status = Mapper.table<F>(t, parent, top, va, segmentLast, oa, attrs, level, sizeLg2, collision);
        if (status != Status.OK) return status;
        if (segmentLast == last) return Status.OK;
        oa += segmentLast + 1 - va;
        va = segmentLast + 1;
        if (Events.full()) return Op.stop(Status.MORE, va);
        if (segmentLast == parentLast) break;
      }
    }
  }

  /** The part of a run that lies in one table below `parent`. */
  @inline static table<F extends Format>(
    t: Table,
    parent: u32,
    top: u32,
    va: u64,
    last: u64,
    oa: u64,
    attrs: u64,
    level: u32,
    sizeLg2: u32,
    collision: u32,
  ): i32 {
    const f = changetype<F>(0);
    const at = Item.slot<F>(parent, va, level + 1, top);
    let item = Item.load<F>(at);
    if (item == 0) {
      if (Mapper.fresh<F>(t, parent, at, top, va, last, oa, attrs, level, sizeLg2)) return Status.OK;
      item = Item.load<F>(at);
      if (item == 0) return Op.stop(Status.ENOMEM, va);
    }
    if (!f.isTable(item, level + 1)) return Op.stop(Status.EEXIST, va);
    Path.rely<F>(t, at, item);
    const child = Path.child<F>(item, level + 1);
    if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    if (level == 0) Cache.keep(t, va, child);
    return Mapper.into<F>(t, child, top, va, last, oa, attrs, level, sizeLg2, collision);
  }

  /**
   * A new table of leaves: filled while nobody sees it, so that a whole one is neither zeroed nor checked (0.11 against 0.24 ns per item), then
   * published by one store. False: no page, or another realm was first.
   */
  static fresh<F extends Format>(
    t: Table,
    parent: u32,
    at: usize,
    top: u32,
    va: u64,
    last: u64,
    oa: u64,
    attrs: u64,
    level: u32,
    sizeLg2: u32,
  ): bool {
    const f = changetype<F>(0);
    const child = Path.page<F>(t, level);
    if (child == NO_PAGE) return false;
    const lg2 = f.itemLg2();
    const first = <u32>Item.index<F>(va, level);
    const count = <u32>((last - va) >> f.shift(level)) + 1;
    if (!Path.zero) {
      const items: u32 = 1 << f.indexLg2(level);
      if (first != 0) memory.fill(child, 0, (<usize>first) << lg2);
      const tail = first + count;
      if (tail != items) memory.fill(<usize>child + ((<usize>tail) << lg2), 0, (<usize>(items - tail)) << lg2);
    }
    Mapper.write<F>(<usize>child + ((<usize>first) << lg2), count, oa, attrs, level, sizeLg2);
    Record.of(child).live = <u16>count;
    Events.written(t, child, 1 << (f.indexLg2(level) + lg2));
    if (Path.link<F>(t, parent, at, child, level + 1, top)) {
      if (level == 0) Cache.keep(t, va, child);
      return true;
    }
    Path.drop<F>(t, child, level);
    return false;
  }

  /** Write `items` items, unchecked. */
  static write<F extends Format>(at: usize, items: u32, oa: u64, attrs: u64, level: u32, sizeLg2: u32): void {
    const f = changetype<F>(0);
    if (f.contigMask() == 0 || sizeLg2 == f.shift(level) || !f.sameItems()) {
      Mapper.writeLinear<F>(at, items, oa, attrs, level, sizeLg2);
      return;
    }
    const group: u32 = 1 << (sizeLg2 - f.shift(level));
    const bytes = (<usize>group) << f.itemLg2();
    for (; items != 0; items -= group) {
      Fill.linear<F>(at, group, f.leafItem(oa, attrs, level, sizeLg2), 0);
      at += bytes;
      oa += (<u64>1) << sizeLg2;
    }
  }

  /** Items that each hold their own address. */
  @inline static writeLinear<F extends Format>(
    at: usize,
    items: u32,
    oa: u64,
    attrs: u64,
    level: u32,
    sizeLg2: u32,
  ): void {
    const f = changetype<F>(0);
    const step = Mapper.step<F>(attrs, level, sizeLg2);
    while (true) {
      const count = Mapper.linearCount<F>(oa, items, level);
      Fill.linear<F>(at, count, f.leafItem(oa, attrs, level, sizeLg2), step);
      if (f.linearLg2() == 64 || count == items) return;
      items -= count;
      at += (<usize>count) << f.itemLg2();
      oa += (<u64>count) << f.shift(level);
    }
  }

  /** How an item differs from the one before it in a run. */
  @inline static step<F extends Format>(attrs: u64, level: u32, sizeLg2: u32): u64 {
    const f = changetype<F>(0);
    return f.leafItem((<u64>1) << f.shift(level), attrs, level, sizeLg2) - f.leafItem(0, attrs, level, sizeLg2);
  }

  /** How many of `items` items from `oa` on form a linear run. */
  @inline static linearCount<F extends Format>(oa: u64, items: u32, level: u32): u32 {
    const f = changetype<F>(0);
    if (f.linearLg2() == 64) return items;
    const left = ((oa | Item.ones(f.linearLg2())) - oa) >> f.shift(level);
    return <u32>min<u64>(<u64>items, left + 1);
  }

  /** Leaves over [va, last] in a table that exists. */
  static into<F extends Format>(
    t: Table,
    table: u32,
    top: u32,
    va: u64,
    last: u64,
    oa: u64,
    attrs: u64,
    level: u32,
    sizeLg2: u32,
    collision: u32,
  ): i32 {
    const f = changetype<F>(0);
    const at = Item.slot<F>(table, va, level, top);
    const items = <u32>((last - va) >> f.shift(level)) + 1;
    let done: u32 = 0;
    let status = Status.OK;
    if (collision == Collision.ANY_TABLE && Scan.empty<F>(at, items) != items) {
      status = Mapper.clearWay<F>(t, table, at, 0, items, va, level, top, collision);
      // Where the architecture demands break-before-make, what hardware may know of the tables is flushed before leaves take their place.
      if (status == Status.OK && t.breakMode != BreakMode.NEVER) status = Status.MORE;
      if (status != Status.OK) return Op.stop(status, va);
    }
    while (done != items && status == Status.OK) {
      const from = at + ((<usize>done) << f.itemLg2());
      const oaFrom = oa + ((<u64>done) << f.shift(level));
      let stopAt = done;
      if (f.contigMask() == 0 || sizeLg2 == f.shift(level)) {
        const count = Mapper.linearCount<F>(oaFrom, items - done, level);
        const written = Fill.free<F>(
          from,
          count,
          f.leafItem(oaFrom, attrs, level, sizeLg2),
          Mapper.step<F>(attrs, level, sizeLg2),
        );
        done += written;
        if (written == count) continue;
        stopAt = done;
        status = Mapper.clearWay<F>(t, table, at, done, 1, va, level, top, collision);
      } else {
        const group: u32 = 1 << (sizeLg2 - f.shift(level));
        if (Scan.empty<F>(from, group) == group) {
          Mapper.write<F>(from, group, oaFrom, attrs, level, sizeLg2);
          done += group;
          continue;
        }
        status = Mapper.clearWay<F>(t, table, at, done, group, va, level, top, collision);
      }
      if (status != Status.OK) Op.stop(status, va + ((<u64>stopAt) << f.shift(level)));
    }
    if (done != 0) {
      if (level != top && !t.shared) Record.of(table).live += <u16>done;
      if (level != top || table == t.root) Events.written(t, at, done << f.itemLg2());
    }
    return status;
  }

  /**
   * Tables stand where leaves of `group` items are to go. Nothing is changed unless all of them may give way. MORE: the events are to be read, then the
   * rest is to be cleared.
   */
  static clearWay<F extends Format>(
    t: Table,
    table: u32,
    at: usize,
    index: u32,
    group: u32,
    va: u64,
    level: u32,
    top: u32,
    collision: u32,
  ): i32 {
    const f = changetype<F>(0);
    for (let i = index; i < index + group; i++) {
      const item = Item.load<F>(at + ((<usize>i) << f.itemLg2()));
      if (item == 0) continue;
      if (!f.isTable(item, level)) return Status.EEXIST;
      const child = Path.child<F>(item, level);
      if (child == Window.OUTSIDE) return Status.EFAULT;
      if (Record.of(child).pins != 0) return Status.EEXIST;
      if (collision == Collision.EMPTY_TABLES && !Subtree.empty<F>(child, level - 1)) return Status.EEXIST;
    }
    for (let i = index; i < index + group; i++) {
      const slot = at + ((<usize>i) << f.itemLg2());
      const item = Item.load<F>(slot);
      if (item == 0) continue;
      if (collision == Collision.ANY_TABLE && Events.full()) return Status.MORE;
      const child = Path.child<F>(item, level);
      Item.store<F>(slot, 0);
      if (collision == Collision.ANY_TABLE && t.breakMode != BreakMode.NEVER) {
        Events.written(t, slot, 1 << f.itemLg2());
      }
      if (level != top && !t.shared) Record.of(table).live -= 1;
      Tables.unlinked(t);
      Events.walk(
        t,
        va + ((<u64>i) << f.shift(level)),
        <f64>((<u64>1) << f.shift(level)),
        collision != Collision.ANY_TABLE,
      );
      const record = Record.of(child);
      if (record.refs > 1) {
        record.refs -= 1;
        continue;
      }
      // Until the operation has succeeded only the top of the subtree is on the list, with the entry to restore.
      Events.unlink(child, level - 1, false);
      record.refs = <u32>slot;
    }
    return Status.OK;
  }
}
