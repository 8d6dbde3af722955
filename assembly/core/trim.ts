// Freeing tables that are empty, and everything of a table that is destroyed.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Held } from "./held";
import { Item } from "./item";
import { Path } from "./path";
import { Scan } from "./scan";
import { Subtree } from "./subtree";
import { Table, Tables } from "./table";

export class Trim {
  /** Unlink the tables below `table` that map nothing. `items`: how many it has. False: the events must be read first, then all again. */
  static below<F extends Format>(t: Table, table: u32, top: u32, level: u32, va: u64, items: u32): bool {
    const f = changetype<F>(0);
    if (level == 0) return true;
    for (let i: u32 = 0; i < items; i++) {
      const slot = <usize>table + ((<usize>i) << f.itemLg2());
      const item = Item.load<F>(slot);
      if (item == 0 || !f.isTable(item, level)) continue;
      const child = Path.child<F>(item, level);
      // What hangs below several entries is mapped all over.
      if (child == Window.OUTSIDE || Record.of(child).refs > 1) continue;
      const first = va + ((<u64>i) << f.shift(level));
      const childItems: u32 = 1 << f.indexLg2(level - 1);
      if (!Trim.below<F>(t, child, top, level - 1, first, childItems)) return false;
      if (Record.of(child).pins != 0 || Scan.empty<F>(child, childItems) != childItems) continue;
      if (Held.keeps<F>(t, first, level)) continue;
      Item.store<F>(slot, 0);
      if (level != top && !t.shared) Record.of(table).live -= 1;
      Tables.unlinked(t);
      Events.written(t, slot, 1 << f.itemLg2());
      Events.walk(t, first, <f64>((<u64>1) << f.shift(level)), true);
      Events.unlink(child, level - 1, true);
      if (Events.full()) return false;
    }
    return true;
  }

  /** Put every table below the root on the list of unlinked pages. */
  static all<F extends Format>(t: Table, items: u32): void {
    const f = changetype<F>(0);
    for (let i: u32 = 0; t.top != 0 && i < items; i++) {
      const slot = <usize>t.root + ((<usize>i) << f.itemLg2());
      const item = Item.load<F>(slot);
      if (item == 0) continue;
      Item.store<F>(slot, 0);
      if (!f.isTable(item, t.top)) continue;
      const child = Path.child<F>(item, t.top);
      if (child != Window.OUTSIDE) Subtree.release<F>(t, child, t.top - 1);
    }
    Tables.unlinked(t);
  }
}
