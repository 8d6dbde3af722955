// generic_pt's unmap_range: stops at the first hole; at the start of a larger leaf removes all of it; frees the tables that the range covers whole.
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

/** What a level reports upwards: go on, or stop here. */
const HOLE: i32 = 3;

let smallestLg2: u32 = 64;
/** Whether a table that hangs elsewhere too was taken out: nothing is freed, and yet hardware may know the way to it. */
let taken: bool = false;
/** Where the call began; after MORE it goes on further up. */
let start: u64 = 0;

export class UnmapRange {
  /** The smallest leaf removed; 0: none, or tables were taken out that are not freed. */
  @inline static get smallest(): f64 {
    return smallestLg2 == 64 || taken ? 0 : <f64>((<u64>1) << smallestLg2);
  }
  @inline static begin(va: u64): void {
    smallestLg2 = 64;
    taken = false;
    start = va;
  }

  /** Unmap [va, last] below `table`. Returns OK when all of it was mapped, HOLE (or an error) where it stopped. `Op.removed` grows. */
  static level<F extends Format>(t: Table, table: u32, top: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    while (true) {
      const slot = Item.slot<F>(table, va, level, top);
      const item = Item.load<F>(slot);
      let segmentLast = min<u64>(last, Item.last<F>(va, level));
      if (f.isTable(item, level)) {
        const status = UnmapRange.child<F>(t, table, top, level, slot, item, va, segmentLast);
        if (status != Status.OK) return status;
      } else if (item != 0) {
        const bytes = UnmapRange.leaves<F>(t, table, top, level, slot, item, va, last);
        if (bytes == 0) return HOLE;
        segmentLast = va + (bytes - 1);
      } else {
        return HOLE;
      }
      if (segmentLast >= last) return Status.OK;
      va = segmentLast + 1;
      if (Events.full()) return Op.stop(Status.MORE, va);
    }
  }

  static child<F extends Format>(
    t: Table,
    table: u32,
    top: u32,
    level: u32,
    slot: usize,
    item: u64,
    va: u64,
    last: u64,
  ): i32 {
    const f = changetype<F>(0);
    const child = Path.child<F>(item, level);
    if (child == Window.OUTSIDE) return Status.EFAULT;
    const ones = Item.ones(f.shift(level));
    const record = Record.of(child);
    if (record.refs > 1 && (va & ones) == 0 && (last & ones) == ones) {
      // What other entries point to as well has no holes and stays as it is.
      UnmapRange.unlink<F>(t, table, top, level, slot);
      Op.remove(Subtree.release<F>(t, child, level - 1));
      taken = true;
      return Status.OK;
    }
    const status = UnmapRange.level<F>(t, child, top, level - 1, va, last);
    if (status != Status.OK) return status;
    if ((va & ~ones) < start || (last & ones) != ones || record.pins != 0) return Status.OK;
    UnmapRange.unlink<F>(t, table, top, level, slot);
    // Its tables were unlinked on the way here and its leaves cleared: nothing but zeros is left in it.
    Events.unlink(child, level - 1, true);
    return Status.OK;
  }

  @inline static unlink<F extends Format>(t: Table, table: u32, top: u32, level: u32, slot: usize): void {
    Item.store<F>(slot, 0);
    if (level != top && !t.shared) Record.of(table).live -= 1;
    Tables.unlinked(t);
    Events.written(t, slot, 1 << changetype<F>(0).itemLg2());
  }

  /** Clear the leaf at `va`, or the run of single items there, up to `last`, which lies in the table. Returns the bytes; 0 in the middle of a larger leaf. */
  static leaves<F extends Format>(
    t: Table,
    table: u32,
    top: u32,
    level: u32,
    slot: usize,
    item: u64,
    va: u64,
    last: u64,
  ): u64 {
    const f = changetype<F>(0);
    const contig = f.contigLg2(item, level);
    const sizeLg2 = f.shift(level) + contig;
    if ((va & Item.ones(sizeLg2)) != 0) return 0;
    let count: u32 = 1 << contig;
    if (contig == 0) {
      count = Scan.clearSingles<F>(slot, <u32>((last - va) >> sizeLg2) + 1, level);
    } else {
      for (let i: u32 = 0; i < count; i++) Item.store<F>(slot + ((<usize>i) << f.itemLg2()), 0);
    }
    if (level != top && !t.shared) Record.of(table).live -= <u16>count;
    Events.written(t, slot, count << f.itemLg2());
    smallestLg2 = min<u32>(smallestLg2, sizeLg2);
    const bytes = (<u64>count) << f.shift(level);
    Op.remove(bytes);
    return bytes;
  }
}
