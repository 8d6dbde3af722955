// Runs of small leaves become large ones where addresses and attributes allow. A table that is one run in all its depth becomes a leaf at once; in what is
// left, runs within one table get the largest leaves of several items.
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

/** What the run that is being looked at has in common, and its attributes with the dirty state of its leaves together. */
let runPlain: u64 = 0;
let runAttrs: u64 = 0;
let runLast: u64 = 0;

export class Coalesce {
  /** The part [va, last] of the edit in `table`. MORE: read the events, flush what was cleared, go on at `Op.at`. */
  static level<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const item = Item.load<F>(slot);
      let end = min<u64>(last, Item.last<F>(va, level));
      let status: i32 = Status.OK;
      if (f.isTable(item, level)) {
        status = Coalesce.below<F>(t, table, level, slot, item, va, end);
      } else if (f.isLeaf(item, level)) {
        Coalesce.run<F>(t, table, level, va, last);
        end = runLast;
        status = Coalesce.resize<F>(t, table, level, va, end, Edit.oldOa<F>(item, level, va));
      }
      if (status != Status.OK) return status;
      if (end >= last) return Status.OK;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  static below<F extends Format>(t: Table, table: u32, level: u32, slot: usize, item: u64, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
    const sizeLg2 = f.shift(level);
    const ones = Item.ones(sizeLg2);
    const whole = (va & ones) == 0 && last == (va | ones);
    if (whole && ((t.sizes >> sizeLg2) & 1) != 0 && Record.of(child).pins == 0) {
      const oa = Coalesce.begin<F>(t, child, level - 1);
      if (oa != Item.NONE && (oa & ones) == 0 && Coalesce.isRun<F>(t, child, level - 1, oa)) {
        Change.leaf<F>(t, table, level, slot, va, sizeLg2, oa, runAttrs);
        return Status.OK;
      }
    }
    // A table of several entries was made with the largest leaves that it allows.
    if (Record.of(child).refs > 1) return Status.OK;
    return Coalesce.level<F>(t, child, level - 1, va, last);
  }

  /** The output address that a run of the whole table would begin with; NONE when its first entry is no leaf. */
  static begin<F extends Format>(t: Table, table: u32, level: u32): u64 {
    const f = changetype<F>(0);
    const item = Item.load<F>(table);
    if (!f.isTable(item, level)) {
      if (!f.isLeaf(item, level)) return Item.NONE;
      runPlain = Item.attrs<F>(Dirty.plain(t, item), level);
      runAttrs = Item.attrs<F>(item, level);
      return Edit.oldOa<F>(item, level, 0);
    }
    const child = Path.child<F>(item, level);
    return child == Window.OUTSIDE ? Item.NONE : Coalesce.begin<F>(t, child, level - 1);
  }

  /** Whether the table in all its depth maps one extent from `oa` on, with the attributes of the run. */
  static isRun<F extends Format>(t: Table, table: u32, level: u32, oa: u64): bool {
    const f = changetype<F>(0);
    const shift = f.shift(level);
    for (let i: u32 = 0; i < 1 << f.indexLg2(level); i++) {
      const item = Item.load<F>(<usize>table + ((<usize>i) << f.itemLg2()));
      const at = (<u64>i) << shift;
      if (f.isTable(item, level)) {
        const child = Path.child<F>(item, level);
        if (child == Window.OUTSIDE || !Coalesce.isRun<F>(t, child, level - 1, oa + at)) return false;
      } else if (!Coalesce.continues<F>(t, item, level, at, oa + at)) {
        return false;
      }
    }
    return true;
  }

  /** Whether the item maps `va` to `oa` with the attributes of the run; whose dirty state it then adds to. */
  static continues<F extends Format>(t: Table, item: u64, level: u32, va: u64, oa: u64): bool {
    const f = changetype<F>(0);
    if (!f.isLeaf(item, level) || Edit.oldOa<F>(item, level, va) != oa) return false;
    if (Item.attrs<F>(Dirty.plain(t, item), level) != runPlain) return false;
    if (Dirty.is(t, item)) runAttrs = Item.attrs<F>(item, level);
    return true;
  }

  /** How far leaves from `va` on continue each other within the table: `runLast`. */
  static run<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): void {
    const f = changetype<F>(0);
    const first = Item.load<F>(Item.slot<F>(table, va, level, t.top));
    runPlain = Item.attrs<F>(Dirty.plain(t, first), level);
    let oa = Edit.oldOa<F>(first, level, va);
    while (true) {
      runLast = min<u64>(last, Item.last<F>(va, level));
      if (runLast >= last) return;
      oa += runLast + 1 - va;
      va = runLast + 1;
      const item = Item.load<F>(Item.slot<F>(table, va, level, t.top));
      if (f.isTable(item, level) || !Coalesce.continues<F>(t, item, level, va, oa)) return;
    }
  }

  /** The run [va, last] with the largest leaves that it allows. What is as large already stays, and so does what sticks out of the edit. */
  static resize<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64, oa: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const slot = Item.slot<F>(table, va, level, t.top);
      const oldLg2 = f.shift(level) + f.contigLg2(Item.load<F>(slot), level);
      const ones = Item.ones(oldLg2);
      let end = va | ones;
      const stays = (va & ~ones) < Edit.first || end > Edit.last;
      const sizeLg2: u32 = stays ? 0 : Coalesce.best<F>(t, level, va, last, oa);
      if (sizeLg2 > oldLg2) {
        end = va | Item.ones(sizeLg2);
        const attrs = Coalesce.dirtyAttrs<F>(t, slot, level, sizeLg2);
        Change.leaf<F>(t, table, level, slot, va, sizeLg2, oa, attrs);
      }
      if (end >= last) return Status.OK;
      oa += end + 1 - va;
      va = end + 1;
      if (Events.full() || Change.full()) return Op.stop(Status.MORE, va);
    }
  }

  /** log2 of the largest leaf of this level that may begin at `va`; 0 when not even the smallest fits. */
  static best<F extends Format>(t: Table, level: u32, va: u64, last: u64, oa: u64): u32 {
    const f = changetype<F>(0);
    const ofLevel = t.sizes & Item.ones(f.shift(level) + f.indexLg2(level)) & ~Item.ones(f.shift(level));
    // All bits where the level has no leaves: then nothing fits.
    const ones = (ofLevel & -ofLevel) - 1;
    const fits = ((va | oa) & ones) == 0 && last - va >= ones;
    return fits ? Sizes.best(ofLevel, va | oa, last - va) : 0;
  }

  /** The attributes of the items that become one leaf: dirty when one of them is. */
  static dirtyAttrs<F extends Format>(t: Table, slot: usize, level: u32, sizeLg2: u32): u64 {
    const f = changetype<F>(0);
    let attrs = Item.attrs<F>(Item.load<F>(slot), level);
    for (let i: u32 = 1; i < 1 << (sizeLg2 - f.shift(level)); i++) {
      const item = Item.load<F>(slot + ((<usize>i) << f.itemLg2()));
      if (Dirty.is(t, item)) attrs = Item.attrs<F>(item, level);
    }
    return attrs;
  }
}
