// A leaf that sticks out of the range of an edit: its entry is rebuilt from the parts that stay and what the edit makes of the rest, with the largest leaves
// that they allow. All is built aside first; the change is then one store per item, or, where the architecture demands it, a break, a flush and a make.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { NO_PAGE, Record } from "../memory/record";
import { Change } from "./change";
import { BreakMode, Edit, EditKind } from "./edit";
import { Events } from "./events";
import { Find, Found } from "./find";
import { Item } from "./item";
import { Mapper } from "./map";
import { Path } from "./path";
import { Plan } from "./plan";
import { Scan } from "./scan";
import { Status, Table } from "./table";

/** One entry being rebuilt; its new items follow, 64 bytes on. There is at most one at each end of a range. */
@unmanaged
export class Carving {
  slot: u32;
  table: u32;
  level: u32;
  /** log2 of the items of the entry. */
  contigLg2: u32;
  /** The first and the last address of the leaf. */
  first: u64;
  last: u64;
  attrs: u64;
  oa: u64;
}

let count: u32 = 0;

export class Carve {
  @inline static get count(): u32 {
    return count;
  }
  @inline static at(index: u32): Carving {
    return changetype<Carving>(<usize>Own.scratch(index));
  }
  @inline static items(index: u32): u32 {
    return Own.scratch(index) + 64;
  }

  /** Whether the leaf at `va` sticks out of [first, last], and something of it changes; it is then noted as carving number `index`. */
  static note<F extends Format>(t: Table, va: u64, first: u64, last: u64, index: u32): bool {
    const f = changetype<F>(0);
    if (Find.leaf<F>(t.root, t.top, va) != Found.LEAF) return false;
    const level = Find.level;
    // Whoever comes to it on its way through the range says so.
    if (level != t.top && !Record.isLinked(Find.table)) return false;
    const contig = f.contigLg2(Find.item, level);
    const ones = Item.ones(f.shift(level) + contig);
    const leafFirst = va & ~ones;
    const leafLast = va | ones;
    if (leafFirst >= first && leafLast <= last) return false;
    if (Edit.keeps<F>(t, Find.item, level, va)) return false;
    const c = Carve.at(index);
    c.level = level;
    c.contigLg2 = contig;
    c.table = Find.table;
    c.slot = <u32>Item.slot<F>(Find.table, leafFirst, level, t.top);
    c.first = leafFirst;
    c.last = leafLast;
    const item = Item.load<F>(c.slot);
    c.attrs = Item.attrs<F>(item, level);
    c.oa = Item.oa<F>(item, level) & ~ones;
    return true;
  }

  /** Note the leaves that stick out at the ends of [first, last]. Returns how many. */
  static ends<F extends Format>(t: Table, first: u64, last: u64): u32 {
    count = Carve.note<F>(t, first, first, last, 0) ? 1 : 0;
    const sameLeaf = count == 1 && Carve.at(0).last >= last;
    if (!sameLeaf && Carve.note<F>(t, last, first, last, count)) count += 1;
    return count;
  }

  /** Whether the leaf at the start of the edit is noted, and the index of the one at its end; `count` where that is none or the same. */
  @inline static get isLow(): bool {
    return count != 0 && Carve.at(0).first <= Edit.first;
  }
  @inline static get high(): u32 {
    return Carve.isLow ? 1 : 0;
  }

  /** Count the pages that building needs for one noted leaf. */
  static plan<F extends Format>(t: Table, index: u32): void {
    const c = Carve.at(index);
    Carve.planBefore<F>(t, c);
    if (Edit.kind != EditKind.REMOVE) {
      const from = max<u64>(Edit.first, c.first);
      Plan.range<F>(t, t.sizes, NO_PAGE, c.level, from, min<u64>(Edit.last, c.last), Carve.newOa(c, from));
    }
    Carve.planAfter<F>(t, c);
  }
  static planBefore<F extends Format>(t: Table, c: Carving): void {
    if (c.first < Edit.first) Plan.range<F>(t, t.sizes, NO_PAGE, c.level, c.first, Edit.first - 1, c.oa);
  }
  static planAfter<F extends Format>(t: Table, c: Carving): void {
    const from = Edit.last + 1;
    if (c.last > Edit.last) Plan.range<F>(t, t.sizes, NO_PAGE, c.level, from, c.last, c.oa + (from - c.first));
  }

  /** The output address that the edit gives to `va`, which the carving covers. */
  @inline static newOa(c: Carving, va: u64): u64 {
    return Edit.kind == EditKind.REPLACE ? Edit.oaAt(va) : c.oa + (va - c.first);
  }

  /** Whether a noted leaf must be cleared and flushed before what was built takes its place. */
  static breaks<F extends Format>(t: Table): bool {
    if (count == 0 || t.breakMode == BreakMode.NEVER) return false;
    if (t.breakMode == BreakMode.ALWAYS) return true;
    if (Edit.kind == EditKind.REMOVE) return false;
    for (let i: u32 = 0; i < count; i++) {
      const c = Carve.at(i);
      const from = max<u64>(Edit.first, c.first);
      const attrs = Edit.newAttrs<F>(t, Item.load<F>(c.slot), c.level);
      if (
        Change.conflicts<F>(t, Item.load<F>(c.slot), c.level, c.first, Carve.newOa(c, from) - (from - c.first), attrs)
      ) {
        return true;
      }
    }
    return false;
  }

  /** The edit without its part of the noted leaves. */
  static get restFirst(): u64 {
    return Carve.isLow ? Carve.at(0).last + 1 : Edit.first;
  }
  static get restLast(): u64 {
    return count != 0 && Carve.at(count - 1).last >= Edit.last ? Carve.at(count - 1).first - 1 : Edit.last;
  }
  /** Whether nothing is left of it. */
  static get isAll(): bool {
    if (count == 0) return false;
    const c = Carve.at(0);
    if (c.first <= Edit.first && c.last >= Edit.last) return true;
    return count == 2 && c.last + 1 == Carve.at(1).first;
  }

  /** Build what replaces the noted entries. ENOMEM leaves nothing behind. */
  static build<F extends Format>(t: Table): i32 {
    const first = Edit.first;
    const last = Edit.last;
    for (let i: u32 = 0; i < count; i++) {
      const c = Carve.at(i);
      const items = Carve.items(i);
      memory.fill(items, 0, ((<usize>1) << c.contigLg2) << changetype<F>(0).itemLg2());
      let status: i32 = Status.OK;
      if (c.first < first) status = Carve.part<F>(t, c, items, c.first, first - 1, c.oa, c.attrs);
      if (status == Status.OK && Edit.kind != EditKind.REMOVE) {
        const from = max<u64>(first, c.first);
        const attrs = Edit.newAttrs<F>(t, Item.load<F>(c.slot), c.level);
        status = Carve.part<F>(t, c, items, from, min<u64>(last, c.last), Carve.newOa(c, from), attrs);
      }
      if (status == Status.OK && c.last > last) {
        status = Carve.part<F>(t, c, items, last + 1, c.last, c.oa + (last + 1 - c.first), c.attrs);
      }
      if (status == Status.OK) continue;
      for (let j: u32 = 0; j <= i; j++) Carve.discard<F>(t, j);
      return status;
    }
    return Status.OK;
  }

  /** A part of the entry. The scratch items stand for the entry's own: seen as a root, they are found by the address alone. */
  static part<F extends Format>(t: Table, c: Carving, items: u32, first: u64, last: u64, oa: u64, attrs: u64): i32 {
    return Mapper.aside<F>(t, Path.asRoot<F>(items, c.level, c.first), c.level, first, last, oa, attrs);
  }

  /** Drop what was built; nobody has seen it. */
  static discard<F extends Format>(t: Table, index: u32): void {
    const f = changetype<F>(0);
    const c = Carve.at(index);
    for (let i: u32 = 0; i < 1 << c.contigLg2; i++) {
      const item = Item.load<F>(<usize>Carve.items(index) + ((<usize>i) << f.itemLg2()));
      if (f.isTable(item, c.level)) Carve.discardTable<F>(t, Path.child<F>(item, c.level), c.level - 1);
    }
  }

  static discardTable<F extends Format>(t: Table, page: u32, level: u32): void {
    const f = changetype<F>(0);
    for (let i: u32 = 0; level != 0 && i < 1 << f.indexLg2(level); i++) {
      const item = Item.load<F>(<usize>page + ((<usize>i) << f.itemLg2()));
      if (f.isTable(item, level)) Carve.discardTable<F>(t, Path.child<F>(item, level), level - 1);
    }
    Path.drop<F>(t, page, level);
  }

  /** Clear the entries; their leaves are to be flushed before `make`. */
  static break<F extends Format>(t: Table): void {
    for (let i: u32 = 0; i < count; i++) {
      const c = Carve.at(i);
      const bytes = (<u32>((<usize>1) << c.contigLg2)) << changetype<F>(0).itemLg2();
      memory.fill(c.slot, 0, bytes);
      Events.written(t, c.slot, bytes);
      Carve.report<F>(t, c);
    }
  }

  /** Store the new items. `live`: no break went before, so that the leaves are to be flushed now. */
  static make<F extends Format>(t: Table, live: bool): void {
    const f = changetype<F>(0);
    for (let i: u32 = 0; i < count; i++) {
      const c = Carve.at(i);
      const items: u32 = 1 << c.contigLg2;
      const from = <usize>Carve.items(i);
      for (let k: u32 = 0; k < items; k++) {
        Item.store<F>(<usize>c.slot + ((<usize>k) << f.itemLg2()), Item.load<F>(from + ((<usize>k) << f.itemLg2())));
      }
      if (c.level != t.top && !t.shared) Record.of(c.table).live -= <u16>(items - Scan.count<F>(from, items));
      Events.written(t, c.slot, items << f.itemLg2());
      if (live) Carve.report<F>(t, c);
    }
  }

  static report<F extends Format>(t: Table, c: Carving): void {
    const bytes = c.last - c.first + 1;
    const spanLg2 = changetype<F>(0).shift(c.level);
    Events.leaves<F>(t, c.first, bytes, spanLg2 + c.contigLg2, spanLg2);
  }

  /** The bytes of the noted leaves that lie in [first, last]. */
  static inside(first: u64, last: u64): u64 {
    let bytes: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      const c = Carve.at(i);
      bytes += min<u64>(last, c.last) - max<u64>(first, c.first) + 1;
    }
    return bytes;
  }
}
