// The map calls: what they check together, how they end, and the undo of those that are all or nothing.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Address } from "./address";
import { Clear, Free } from "./clear";
import { Events } from "./events";
import { Item } from "./item";
import { Collision, Mapper } from "./map";
import { Op, Operation } from "./operation";
import { Plan } from "./plan";
import { Subtree } from "./subtree";
import { Status, Table } from "./table";

/** How a map call goes: bits of its flags. */
export class MapFlag {
  /** Undo all when it cannot be done whole. */
  static readonly WHOLE: u32 = 1;
  /** The rest of a call that returned MORE. */
  static readonly RESUME: u32 = 2;
}

/** Where the running call began, and the tables it took the place of. */
let start: u64 = 0;

/** map and map_range: [a, a+c) to b with attributes d. The mailbox tells `done` bytes and, on failure, where. */
export class MapOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, oa: u64, size: u64, attrs: u64, flags: u32): i64 {
    if (!(flags & MapFlag.RESUME)) {
      Op.begin();
      Events.begin();
      start = va;
    } else {
      Own.realm.events = 0;
    }
    const status = Mapper.range<F>(t, t.root, t.top, va, va + (size - 1), oa, attrs, Collision.EMPTY_TABLES);
    if (status == Status.OK) {
      Own.realm.done = <f64>(va - start + size);
    } else {
      Own.realm.done = <f64>(Op.at - start);
      Own.realm.at = <f64>Address.iova(t, Op.at);
    }
    if (status < 0 && (flags & MapFlag.WHOLE) != 0) MapOperation.undo<F>(t);
    else if (status != Status.MORE && Own.realm.unlinkedCount != 0) Subtree.spread<F>(t);
    Op.book();
    return status == Status.OK && (Own.realm.events != 0 || Own.realm.unlinkedCount != 0) ? Status.EVENTS : status;
  }

  /** What `undo` takes back begins at `va`. */
  static beginAt(va: u64): void {
    start = va;
  }

  /** Take back what the call mapped in [start, Op.at), free the tables that it made, and put back those that gave way to larger leaves. */
  static undo<F extends Format>(t: Table): void {
    const f = changetype<F>(0);
    const status = Op.status;
    const end = Op.at;
    let replaced = Own.realm.unlinkedCount == 0 ? NO_PAGE : <u32>Own.realm.unlinkedHead;
    Own.realm.unlinkedCount = 0;
    MapOperation.clear<F>(t, start, end);
    Clear.prune<F>(t, t.root, t.top, end);
    while (replaced != NO_PAGE) {
      const record = Record.of(replaced);
      const next = record.next;
      const level = record.birth & 0xff;
      const slot = <usize>record.refs;
      Item.store<F>(slot, f.tableItem(Window.paddr(replaced), level + 1) | t.tableAttrs);
      if (level + 1 != t.top && !t.shared) {
        const parent = slot & ~(((<usize>1) << (f.indexLg2(level + 1) + f.itemLg2())) - 1);
        Record.of(<u32>parent).live += 1;
      }
      record.refs = 1;
      record.pins = 0;
      record.birth = 0;
      replaced = next;
    }
    Op.stop(status, end);
  }

  /** Remove what the call mapped in [va, end), and the tables that it made for that. */
  static clear<F extends Format>(t: Table, va: u64, end: u64): void {
    while (va != end && Clear.range<F>(t, t.root, t.top, t.top, va, end - 1, Free.BORN) == Status.MORE) va = Op.at;
  }
}

/** Take back what the map numbered b did: the leaves of [a, a+c), all its own, and the tables that it made, up to where it stopped: at a+c. */
export class UndoMapOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, number: u64, size: u64, d: u64, flags: u32): i64 {
    const end = va + size;
    Op.begin();
    Events.begin();
    Op.resumeAs(<u32>number);
    MapOperation.clear<F>(t, va, end);
    // A map that came to the end of the root has left nothing beyond it.
    if (end <= t.spaceSpan) Clear.prune<F>(t, t.root, t.top, end);
    return Status.OK;
  }
}

/** Where the table at `level` for `va` ends, if that is before `last`. A root ends with the input space that it reaches at its present level. */
function oneTable<F extends Format>(t: Table, va: u64, last: u64, level: u32): u64 {
  if (level != t.top) return min<u64>(last, Item.tableLast<F>(va, level));
  return min<u64>(last, t.signed ? t.mask : t.spaceSpan);
}

/** map_pages: leaves of one size in one table, all or none of them; a whole table gives way to a leaf. */
export class MapPagesOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, oa: u64, last: u64, attrs: u64, flags: u32): i64 {
    const f = changetype<F>(0);
    const sizeLg2 = flags >> 8;
    const level = f.levelOf(sizeLg2);
    if (!(flags & MapFlag.RESUME)) {
      Op.begin();
      Events.begin();
      start = va;
    } else {
      Own.realm.events = 0;
    }
    last = oneTable<F>(t, va, last, level);
    const status = Mapper.run<F>(t, t.root, t.top, va, last, oa, attrs, sizeLg2, Collision.ANY_TABLE);
    Own.realm.done = <f64>(status == Status.OK ? last + 1 - start : Op.at - start);
    if (Own.realm.unlinkedCount != 0) Subtree.spread<F>(t);
    Op.book();
    return status;
  }
}

/** Count the pages that mapping [a, a+c) to b needs; e: only leaves of 2^e, within one table. */
export class PlanMapOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, oa: u64, size: u64, sizes: u64, sizeLg2: u32): i64 {
    let last = va + (size - 1);
    if (sizeLg2 != 0) last = oneTable<F>(t, va, last, changetype<F>(0).levelOf(sizeLg2));
    Plan.range<F>(t, sizes, t.root, t.top, va, last, oa);
    return Status.OK;
  }
}
