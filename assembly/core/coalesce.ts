// Runs of small leaves become large ones where addresses and attributes allow. A table that is one run in all its depth counts as a leaf of its level, so that
// it may become one at once, together with its neighbours; what is left is looked through table by table.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Change } from "./change";
import { Dirty } from "./dirty";
import { Edit } from "./edit";
import { Events } from "./events";
import { Item } from "./item";
import { Op } from "./operation";
import { Path } from "./path";
import { Sizes } from "./sizes";
import { Status, Table } from "./table";

/** What the run that is being looked at has in common, where it begins in the output space, and where it ends. */
let runPlain: u64 = 0;
let runOa: u64 = 0;
let runLast: u64 = 0;

export class Coalesce {
  /** The part [va, last] of the edit in `table`. MORE: read the events, flush what was cleared, go on at `Op.at`. */
  static level<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      let end = min<u64>(last, Item.last<F>(va, level));
      let status: i32 = Status.OK;
      if (Coalesce.begins<F>(t, item, level, va, last)) {
        Coalesce.run<F>(t, table, level, va, last);
        end = runLast;
        status = Coalesce.resize<F>(t, table, level, va, end, runOa);
      } else if (f.isTable(item, level)) {
        status = Coalesce.below<F>(t, item, level, va, end);
      }
      if (status != Status.OK) return status;
      if (end >= last) return Status.OK;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** What is left of a table. */
  static below<F extends Format>(t: Table, item: u64, level: u32, va: u64, last: u64): i32 {
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    // A table of several entries was made with the largest leaves that it allows.
    if (Record.of(child).refs > 1) return Status.OK;
    return Coalesce.level<F>(t, child, level - 1, va, last);
  }

  /** Whether a run begins with the item: a leaf, or a table that is one run and may become a leaf. */
  static begins<F extends Format>(t: Table, item: u64, level: u32, va: u64, last: u64): bool {
    const isTable = changetype<F>(0).isTable(item, level);
    if (isTable && !Coalesce.isFree<F>(t, item, level, va, last)) return false;
    if (!Coalesce.first<F>(t, item, level, va)) return false;
    if (!isTable) return true;
    return (runOa & Coalesce.smallest<F>(t, level)) == 0 && Coalesce.continues<F>(t, item, level, va, runOa);
  }

  /** Whether leaves may stand in the place of a table: it lies in the range whole, and in it is no path that must stay. */
  static isFree<F extends Format>(t: Table, item: u64, level: u32, va: u64, last: u64): bool {
    const ones = Item.ones(changetype<F>(0).shift(level));
    if (Coalesce.sizes<F>(t, level) == 0 || (va & ones) != 0 || (va | ones) > last) return false;
    const child = Path.child<F>(item, level);
    return child != Window.OUTSIDE && Record.of(child).pins == 0;
  }

  /** The run that would begin with the item, or with the first leaf of the table. False when that is no leaf. */
  static first<F extends Format>(t: Table, item: u64, level: u32, va: u64): bool {
    const f = changetype<F>(0);
    if (f.isTable(item, level)) {
      const child = Path.child<F>(item, level);
      return child != Window.OUTSIDE && Coalesce.first<F>(t, Item.load<F>(child), level - 1, va);
    }
    if (!f.isLeaf(item, level)) return false;
    runPlain = Item.attrs<F>(Dirty.plain(t, item), level);
    runOa = Edit.oldOa<F>(item, level, va);
    return true;
  }

  /** Whether the table in all its depth maps one extent from `oa` on, with the attributes of the run. */
  static isRun<F extends Format>(t: Table, table: u32, level: u32, oa: u64): bool {
    const f = changetype<F>(0);
    const shift = f.shift(level);
    for (let i: u32 = 0; i < 1 << f.indexLg2(level); i++) {
      const at = (<u64>i) << shift;
      const item = Item.load<F>(<usize>table + ((<usize>i) << f.itemLg2()));
      if (!Coalesce.continues<F>(t, item, level, at, oa + at)) return false;
    }
    return true;
  }

  /** Whether the item maps `va` and what follows to `oa`, with the attributes of the run. */
  static continues<F extends Format>(t: Table, item: u64, level: u32, va: u64, oa: u64): bool {
    const f = changetype<F>(0);
    if (f.isTable(item, level)) {
      const child = Path.child<F>(item, level);
      return child != Window.OUTSIDE && Coalesce.isRun<F>(t, child, level - 1, oa);
    }
    if (!f.isLeaf(item, level) || Edit.oldOa<F>(item, level, va) != oa) return false;
    return Item.attrs<F>(Dirty.plain(t, item), level) == runPlain;
  }

  /** How far items from `va` on continue each other within the table: `runLast`. */
  static run<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): void {
    const f = changetype<F>(0);
    let oa = runOa;
    while (true) {
      runLast = min<u64>(last, Item.last<F>(va, level));
      if (runLast >= last) return;
      oa += runLast + 1 - va;
      va = runLast + 1;
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      if (f.isTable(item, level) && !Coalesce.isFree<F>(t, item, level, va, last)) return;
      if (!Coalesce.continues<F>(t, item, level, va, oa)) return;
    }
  }

  /** The run [va, last] with the largest leaves that it allows. What is as large already stays, and so does what sticks out of the edit. */
  static resize<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64, oa: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const item = Item.load<F>(slot);
      const isTable = f.isTable(item, level);
      const oldLg2 = f.shift(level) + (isTable ? 0 : f.contigLg2(item, level));
      const ones = Item.ones(oldLg2);
      let end = va | ones;
      const stays = (va & ~ones) < Edit.first || end > Edit.last;
      const sizeLg2: u32 = stays ? 0 : Coalesce.best<F>(t, level, va, last, oa);
      if (sizeLg2 > oldLg2 || (isTable && sizeLg2 != 0)) {
        end = va | Item.ones(sizeLg2);
        const attrs = Coalesce.joinedAttrs<F>(t, slot, level, sizeLg2);
        Change.leaf<F>(t, table, level, slot, va, sizeLg2, oa, attrs);
      } else if (isTable) {
        const status = Coalesce.below<F>(t, item, level, va, end);
        if (status != Status.OK) return status;
      }
      if (end >= last) return Status.OK;
      oa += end + 1 - va;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** The sizes of leaves that a table at `level` may have itself. */
  @inline static sizes<F extends Format>(t: Table, level: u32): u64 {
    const f = changetype<F>(0);
    return t.sizes & Item.ones(f.shift(level) + f.indexLg2(level)) & ~Item.ones(f.shift(level));
  }

  /** Bits that are 0 where the smallest of them begins. All bits where the level has no leaves: then nothing fits. */
  @inline static smallest<F extends Format>(t: Table, level: u32): u64 {
    const sizes = Coalesce.sizes<F>(t, level);
    return (sizes & -sizes) - 1;
  }

  /** log2 of the largest leaf of this level that may begin at `va`; 0 when not even the smallest fits. */
  static best<F extends Format>(t: Table, level: u32, va: u64, last: u64, oa: u64): u32 {
    const ones = Coalesce.smallest<F>(t, level);
    const fits = ((va | oa) & ones) == 0 && last - va >= ones;
    return fits ? Sizes.best(Coalesce.sizes<F>(t, level), va | oa, last - va) : 0;
  }

  /** The attributes of the items that become one leaf: dirty when one of them is. */
  static joinedAttrs<F extends Format>(t: Table, slot: usize, level: u32, sizeLg2: u32): u64 {
    if (t.dirtyMask == 0) return runPlain;
    return Coalesce.dirtyAttrs<F>(t, slot, level, 1 << (sizeLg2 - changetype<F>(0).shift(level)));
  }

  /** The attributes of the first of `count` items that was written through; those of the run where none was. */
  static dirtyAttrs<F extends Format>(t: Table, at: usize, level: u32, count: u32): u64 {
    const f = changetype<F>(0);
    const end = at + ((<usize>count) << f.itemLg2());
    for (; at != end; at += 1 << f.itemLg2()) {
      const item = Item.load<F>(at);
      if (f.isTable(item, level)) {
        const child = Path.child<F>(item, level);
        if (child == Window.OUTSIDE) continue;
        const attrs = Coalesce.dirtyAttrs<F>(t, child, level - 1, 1 << f.indexLg2(level - 1));
        if (attrs != runPlain) return attrs;
      } else if (Dirty.is(t, item)) {
        return Item.attrs<F>(item, level);
      }
    }
    return runPlain;
  }
}
