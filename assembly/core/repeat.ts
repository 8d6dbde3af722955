// Repeat mappings: one table page below many entries. The bindings decide which tables are the same; here they are linked once more.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Address } from "./address";
import { Events } from "./events";
import { Item } from "./item";
import { Op, Operation } from "./operation";
import { Path } from "./path";
import { Plan } from "./plan";
import { Scan } from "./scan";
import { Status, Table, Tables } from "./table";

/** The table at `level` for `va`, or NO_PAGE. */
export function tableFor<F extends Format>(t: Table, va: u64, level: u32): u32 {
  const f = changetype<F>(0);
  let table = t.root;
  for (let l = t.top; l != level; l--) {
    const item = Item.load<F>(Item.slot<F>(table, va, l, t.top));
    if (!f.isTable(item, l)) return NO_PAGE;
    table = Path.child<F>(item, l);
    if (table == Window.OUTSIDE) return NO_PAGE;
  }
  return table;
}

/** The c tables at level e from address a on, whose entries are in one table, are those that stand b bytes before them. */
export class LinkSharedOperation extends Operation {
  run<F extends Format>(t: Table, first: u64, distance: u64, count: u64, d: u64, level: u32): i64 {
    Op.begin();
    Events.begin();
    t.repeats = 1;
    // What a realm remembers of a table that gets another entry is void: it may not be changed in place any more.
    Tables.unlinked(t);
    const parent = Path.make<F>(t, t.root, t.top, first, level + 1);
    const status = parent == NO_PAGE ? Op.status : Links.make<F>(t, parent, first, distance, count, level + 1);
    Op.book();
    return status;
  }
}

/** The item that was read last, the table that it points to, and what another item for that is. */
let source: u64 = 0;
let child: u32 = NO_PAGE;
let link: u64 = 0;

class Links {
  /** `count` items of `parent` at `level` from the one for `first` on. The way down is walked once for each table that those are in which they copy. */
  static make<F extends Format>(t: Table, parent: u32, first: u64, distance: u64, count: u64, level: u32): i32 {
    const f = changetype<F>(0);
    const itemBytes = (<usize>1) << f.itemLg2();
    const tableOnes = Item.ones(f.shift(level) + f.indexLg2(level));
    const begin = Item.slot<F>(parent, first, level, t.top);
    const end = begin + <usize>count * itemBytes;
    let va = first;
    let slot = begin;
    let from: usize = 0;
    source = 0;
    for (; slot != end; slot += itemBytes) {
      const fromVa = va - distance;
      if (from == 0 || (fromVa & tableOnes) == 0) {
        const table = tableFor<F>(t, fromVa, level);
        if (table == NO_PAGE) break;
        from = Item.slot<F>(table, fromVa, level, t.top);
      }
      if (Item.load<F>(slot) != 0 || !Links.follow<F>(t, Item.load<F>(from), level)) break;
      Record.of(child).refs += 1;
      Item.store<F>(slot, link);
      va += (<u64>1) << f.shift(level);
      from += itemBytes;
    }
    const done = slot - begin;
    if (level != t.top && !t.shared) Record.of(parent).live += <u16>(done / itemBytes);
    Events.written(t, begin, <u32>done);
    if (slot == end) return Status.OK;
    return Op.stop(Item.load<F>(slot) != 0 ? Status.EEXIST : Status.EFAULT, va);
  }

  /** Neighbours mostly point to the same table. */
  static follow<F extends Format>(t: Table, item: u64, level: u32): bool {
    if (item == source) return item != 0;
    const f = changetype<F>(0);
    child = f.isTable(item, level) ? Path.child<F>(item, level) : Window.OUTSIDE;
    if (child == Window.OUTSIDE) return false;
    source = item;
    link = f.tableItem(Window.paddr(child), level) | t.tableAttrs;
    return true;
  }
}

/** The first leaf in [a, b]: EEXIST, and the mailbox tells where. MORE: there is none, but a table that lies in the range whole. */
export class FirstLeafOperation extends Operation {
  run<F extends Format>(t: Table, first: u64, last: u64, c: u64, d: u64, e: u32): i64 {
    const status = FirstLeafOperation.level<F>(t, t.root, t.top, first, last);
    if (status < 0) Own.realm.at = <f64>Address.iova(t, Op.at);
    return status;
  }

  static level<F extends Format>(t: Table, table: u32, level: u32, va: u64, last: u64): i32 {
    const f = changetype<F>(0);
    const shift = f.shift(level);
    let found: i32 = Status.OK;
    while (true) {
      const at = Item.slot<F>(table, va, level, t.top);
      const items = <u32>((last >> shift) - (va >> shift)) + 1;
      const empty = Scan.empty<F>(at, items);
      if (empty == items) return found;
      if (empty != 0) va = ((va >> shift) + empty) << shift;
      const item = Item.load<F>(at + ((<usize>empty) << f.itemLg2()));
      if (!f.isTable(item, level)) return Op.stop(Status.EEXIST, va);
      const child = Path.child<F>(item, level);
      if (child == Window.OUTSIDE) return Op.stop(Status.EFAULT, va);
      const end = min<u64>(last, Item.last<F>(va, level));
      const status = FirstLeafOperation.level<F>(t, child, level - 1, va, end);
      if (status < 0) return status;
      if (status == Status.MORE || end - (va & ~Item.ones(shift)) == Item.ones(shift)) found = Status.MORE;
      if (end >= last) return found;
      va = end + 1;
    }
  }
}

/** Count the tables that are missing on the way to the table at level e for address a. */
export class PlanPathOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    Plan.path<F>(t.root, t.top, va, level);
    return Status.OK;
  }
}
