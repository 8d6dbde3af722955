// Changing entries that hardware may be using. Where the architecture demands break-before-make, an entry is cleared and noted here; the bindings flush, and
// `make` stores what it becomes. Everywhere else one store does it.
import { Format, Permit } from "../format/format";
import { Own, PENDING } from "../memory/realm";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { BreakMode, Edit } from "./edit";
import { Events } from "./events";
import { Item } from "./item";
import { Mapper } from "./map";
import { Path } from "./path";
import { Scan } from "./scan";
import { Subtree } from "./subtree";
import { Table, Tables } from "./table";

/** Entries that were cleared, and what they become: `items` items of leaves, or the table item `link`. */
@unmanaged
class PendingEntry {
  slot: u32;
  items: u32;
  table: u32;
  level: u32;
  sizeLg2: u32;
  reserved: u32;
  oa: u64;
  attrs: u64;
  link: u64;
}

let pending: u32 = 0;
/** The last address of the old leaf that `old` met last, and whether it was cleared. An edit goes upwards. */
let met: bool = false;
let metLast: u64 = 0;
let metBroken: bool = false;

export class Change {
  static begin(): void {
    pending = 0;
    met = false;
    metBroken = false;
  }
  /** Whether something waits for a flush and `make`. */
  @inline static get waits(): bool {
    return pending != 0;
  }
  @inline static full(): bool {
    return pending == PENDING;
  }

  /** A leaf takes the place of whatever the items at `slot` hold. */
  static leaf<F extends Format>(
    t: Table,
    table: u32,
    level: u32,
    slot: usize,
    va: u64,
    sizeLg2: u32,
    oa: u64,
    attrs: u64,
  ): void {
    const f = changetype<F>(0);
    const items: u32 = 1 << (sizeLg2 - f.shift(level));
    if (Change.isThere<F>(slot, items, oa, attrs, level, sizeLg2)) return;
    let breaks: bool = metBroken && va <= metLast;
    for (let i: u32 = 0; i < items && !breaks; i++) {
      const step = (<u64>i) << f.shift(level);
      const item = Item.load<F>(slot + ((<usize>i) << f.itemLg2()));
      breaks = Change.breaks<F>(t, item, level, va + step, sizeLg2, oa + step, attrs);
    }
    for (let i: u32 = 0; i < items; i++) {
      const at = slot + ((<usize>i) << f.itemLg2());
      Change.old<F>(t, table, level, at, va + ((<u64>i) << f.shift(level)), breaks);
    }
    if (breaks) {
      Change.clear<F>(t, table, level, slot, items);
      Change.note<F>(slot, items, table, level, sizeLg2, oa, attrs, 0);
    } else {
      Change.count<F>(t, table, level, slot, items, items);
      Mapper.write<F>(slot, items, oa, attrs, level, sizeLg2);
      Events.written(t, slot, items << f.itemLg2());
    }
  }

  /** How many items from `slot` on, at most `limit`, are empty like the first or leaves of one item that continue it. 1 where that is not asked for. */
  static alike<F extends Format>(slot: usize, limit: u32, va: u64, level: u32): u32 {
    const f = changetype<F>(0);
    if (met && va <= metLast) return 1;
    const first = Item.load<F>(slot);
    if (first == 0) return Scan.empty<F>(slot, limit);
    if (!f.isLeaf(first, level) || f.contigLg2(first, level) != 0) return 1;
    const step = Mapper.step<F>(f.leafAttrs(first, level), level, f.shift(level));
    const count = Mapper.linearCount<F>(f.leafOa(first, level), limit, level);
    const wide = f.itemLg2() == 3;
    let items: u32 = 1;
    for (let next = first + step; items < count; next += step) {
      const item = wide ? load<u64>(slot + ((<usize>items) << 3)) : <u64>load<u32>(slot + ((<usize>items) << 2));
      if (item != next) break;
      items++;
    }
    return items;
  }

  /** Leaves of one item take the place of `items` alike ones at `slot`: what is true of the first is true of all. */
  static run<F extends Format>(
    t: Table,
    table: u32,
    level: u32,
    slot: usize,
    items: u32,
    va: u64,
    oa: u64,
    attrs: u64,
  ): void {
    const f = changetype<F>(0);
    const sizeLg2 = f.shift(level);
    const item = Item.load<F>(slot);
    if (item == f.leafItem(oa, attrs, level, sizeLg2)) return;
    let breaks: bool = false;
    if (item != 0) {
      breaks = Change.breaks<F>(t, item, level, va, sizeLg2, oa, attrs);
      Events.leaves<F>(t, va, (<u64>items) << sizeLg2, sizeLg2, sizeLg2);
    }
    if (breaks) {
      Change.clear<F>(t, table, level, slot, items);
      Change.note<F>(slot, items, table, level, sizeLg2, oa, attrs, 0);
      return;
    }
    Change.count<F>(t, table, level, slot, items, items);
    Mapper.write<F>(slot, items, oa, attrs, level, sizeLg2);
    Events.written(t, slot, items << f.itemLg2());
  }

  /** A table that maps the item's part of the edit takes the place of what the item at `slot` holds. */
  static link<F extends Format>(t: Table, table: u32, level: u32, slot: usize, va: u64, child: u32, oa: u64): void {
    const f = changetype<F>(0);
    const old = Item.load<F>(slot);
    const link = f.tableItem(Window.paddr(child), level) | t.tableAttrs;
    const breaks = (metBroken && va <= metLast) || Change.breaks<F>(t, old, level, va, f.shift(0), oa, Edit.attrs);
    Change.old<F>(t, table, level, slot, va, breaks);
    if (breaks) {
      Change.clear<F>(t, table, level, slot, 1);
      Change.note<F>(slot, 1, table, level, 0, 0, 0, link);
    } else {
      Change.count<F>(t, table, level, slot, 1, 1);
      Item.store<F>(slot, link);
      Events.written(t, slot, 1 << f.itemLg2());
    }
  }

  /** Whether exactly this leaf is there already. */
  static isThere<F extends Format>(slot: usize, items: u32, oa: u64, attrs: u64, level: u32, sizeLg2: u32): bool {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < items; i++) {
      const itemOa = f.sameItems() ? oa : oa + ((<u64>i) << f.shift(level));
      const item = Item.load<F>(slot + ((<usize>i) << f.itemLg2()));
      if (item != f.leafItem(itemOa, attrs, level, sizeLg2)) return false;
    }
    return true;
  }

  /** Whether an entry must be cleared and flushed before `va` is translated to `oa` with `attrs` by a leaf of 2^sizeLg2 in its place. */
  static breaks<F extends Format>(t: Table, item: u64, level: u32, va: u64, sizeLg2: u32, oa: u64, attrs: u64): bool {
    const f = changetype<F>(0);
    if (item == 0 || t.breakMode == BreakMode.NEVER) return false;
    if (f.isTable(item, level)) {
      if (t.breakMode == BreakMode.ALWAYS) return true;
      const child = Path.child<F>(item, level);
      return child == Window.OUTSIDE || Change.differs<F>(t, child, level - 1, va, oa, attrs);
    }
    const oldLg2 = f.shift(level) + f.contigLg2(item, level);
    if (t.breakMode == BreakMode.ALWAYS && oldLg2 != sizeLg2) return true;
    return Change.conflicts<F>(t, item, level, va, oa, attrs);
  }

  /** The memory type changes, or the address of what may be written to. */
  static conflicts<F extends Format>(t: Table, item: u64, level: u32, va: u64, oa: u64, attrs: u64): bool {
    const f = changetype<F>(0);
    if (((Item.attrs<F>(item, level) ^ attrs) & t.memoryMask) != 0) return true;
    if (Edit.oldOa<F>(item, level, va) == oa) return false;
    if (Change.writable<F>(t, item, level)) return true;
    const pageLg2 = f.shift(0);
    const page = f.leafItem(0, attrs, 0, pageLg2);
    return Change.writable<F>(t, page, 0);
  }

  static writable<F extends Format>(t: Table, item: u64, level: u32): bool {
    return (changetype<F>(0).permits(item, level, true, t.variant) & Permit.WRITE) != 0;
  }

  /** Whether a leaf below the table conflicts with an extent that maps `va`, where the table's span begins, to `oa`. */
  static differs<F extends Format>(t: Table, table: u32, level: u32, va: u64, oa: u64, attrs: u64): bool {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < 1 << f.indexLg2(level); i++) {
      const item = Item.load<F>(<usize>table + ((<usize>i) << f.itemLg2()));
      if (item == 0) continue;
      const step = (<u64>i) << f.shift(level);
      if (f.isTable(item, level)) {
        const child = Path.child<F>(item, level);
        if (child == Window.OUTSIDE || Change.differs<F>(t, child, level - 1, va + step, oa + step, attrs)) return true;
      } else if (Change.conflicts<F>(t, item, level, va + step, oa + step, attrs)) {
        return true;
      }
    }
    return false;
  }

  /** Report what the item at `slot` held, and let go of a table below it. A leaf of several items is reported once, and broken whole. */
  static old<F extends Format>(t: Table, table: u32, level: u32, slot: usize, va: u64, breaks: bool): void {
    const f = changetype<F>(0);
    const item = Item.load<F>(slot);
    if (f.isTable(item, level)) {
      Tables.unlinked(t);
      Events.walk(t, va, <f64>((<u64>1) << f.shift(level)), true);
      const child = Path.child<F>(item, level);
      if (child != Window.OUTSIDE) Subtree.release<F>(t, child, level - 1);
      return;
    }
    if (!f.isLeaf(item, level) || (met && va <= metLast)) return;
    const contig = f.contigLg2(item, level);
    const sizeLg2 = f.shift(level) + contig;
    const first = va & ~Item.ones(sizeLg2);
    met = true;
    metLast = va | Item.ones(sizeLg2);
    metBroken = breaks;
    Events.leaves<F>(t, first, (<u64>1) << sizeLg2, sizeLg2, f.shift(level));
    if (breaks && contig != 0) {
      const firstSlot = slot - ((<usize>((va - first) >> f.shift(level))) << f.itemLg2());
      Change.clear<F>(t, table, level, firstSlot, 1 << contig);
    }
  }

  static clear<F extends Format>(t: Table, table: u32, level: u32, slot: usize, items: u32): void {
    const bytes = items << changetype<F>(0).itemLg2();
    Change.count<F>(t, table, level, slot, items, 0);
    memory.fill(slot, 0, bytes);
    Events.written(t, slot, bytes);
  }

  /** The items at `slot` are about to hold `used` entries in use. */
  static count<F extends Format>(t: Table, table: u32, level: u32, slot: usize, items: u32, used: u32): void {
    if (level == t.top || t.shared) return;
    const record = Record.of(table);
    record.live = <u16>(record.live + used - Scan.count<F>(slot, items));
  }

  /** Note what cleared items become. Neighbours with the same attributes join. */
  static note<F extends Format>(
    slot: usize,
    items: u32,
    table: u32,
    level: u32,
    sizeLg2: u32,
    oa: u64,
    attrs: u64,
    link: u64,
  ): void {
    const f = changetype<F>(0);
    if (Change.waits && link == 0) {
      const last = changetype<PendingEntry>(Own.pending(pending - 1));
      const joins =
        last.link == 0 &&
        last.table == table &&
        last.sizeLg2 == sizeLg2 &&
        last.attrs == attrs &&
        <usize>last.slot + ((<usize>last.items) << f.itemLg2()) == slot &&
        last.oa + ((<u64>last.items) << f.shift(level)) == oa;
      if (joins) {
        last.items += items;
        return;
      }
    }
    const entry = changetype<PendingEntry>(Own.pending(pending));
    pending += 1;
    entry.slot = <u32>slot;
    entry.items = items;
    entry.table = table;
    entry.level = level;
    entry.sizeLg2 = sizeLg2;
    entry.oa = oa;
    entry.attrs = attrs;
    entry.link = link;
  }

  /** What was cleared has been flushed: store what it becomes. */
  static make<F extends Format>(t: Table): void {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < pending; i++) {
      const entry = changetype<PendingEntry>(Own.pending(i));
      Change.count<F>(t, entry.table, entry.level, entry.slot, entry.items, entry.items);
      if (entry.link != 0) Item.store<F>(entry.slot, entry.link);
      else Mapper.write<F>(entry.slot, entry.items, entry.oa, entry.attrs, entry.level, entry.sizeLg2);
      Events.written(t, entry.slot, entry.items << f.itemLg2());
    }
    pending = 0;
  }
}
