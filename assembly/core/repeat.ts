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

/** The c tables at level e from address a on are those that stand b bytes before them. The mailbox tells where a call that answers MORE goes on. */
export class LinkSharedOperation extends Operation {
  run<F extends Format>(t: Table, first: u64, distance: u64, count: u64, d: u64, level: u32): i64 {
    const f = changetype<F>(0);
    Op.begin();
    Events.begin();
    t.repeats = 1;
    // What a realm remembers of a table that gets another entry is void: it may not be changed in place any more.
    Tables.unlinked(t);
    let status: i32 = Status.OK;
    let va = first;
    for (; count != 0 && status == Status.OK; count--) {
      status = LinkSharedOperation.one<F>(t, va, va - distance, level);
      va += (<u64>1) << f.shift(level + 1);
      if (status == Status.OK && count != 1 && Events.full()) status = Status.MORE;
    }
    Own.realm.at = <f64>Address.iova(t, va);
    Op.book();
    return status;
  }

  static one<F extends Format>(t: Table, va: u64, from: u64, level: u32): i32 {
    const f = changetype<F>(0);
    const child = tableFor<F>(t, from, level);
    if (child == NO_PAGE) return Op.stop(Status.EFAULT, va);
    const parent = Path.make<F>(t, t.root, t.top, va, level + 1);
    if (parent == NO_PAGE) return Op.status;
    const slot = Item.slot<F>(parent, va, level + 1, t.top);
    if (Item.load<F>(slot) != 0) return Op.stop(Status.EEXIST, va);
    Record.of(child).refs += 1;
    Item.store<F>(slot, f.tableItem(Window.paddr(child), level + 1) | t.tableAttrs);
    if (level + 1 != t.top && !t.shared) Record.of(parent).live += 1;
    Events.written(t, slot, 1 << f.itemLg2());
    return Status.OK;
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
