// Tables that grow upwards: new levels above the root, the old root at index 0 of the first.
import { Format } from "../format/format";
import { NO_PAGE, Pin, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Item } from "./item";
import { Path } from "./path";
import { Scan } from "./scan";
import { Status, Table, Tables } from "./table";

export class Grow {
  /** Raise the top to `level`. ENOMEM leaves all as it was. */
  static to<F extends Format>(t: Table, level: u32): i32 {
    const f = changetype<F>(0);
    const before = t.top;
    // A root from the caller's allocator has no record until it hangs in a table.
    if (!Record.ensure(t.root, 1 << (f.indexLg2(before) + f.itemLg2()))) return Status.ENOMEM;
    while (t.top < level) {
      const page = Path.page<F>(t, t.top + 1);
      if (page == NO_PAGE) {
        Grow.back<F>(t, before);
        return Status.ENOMEM;
      }
      memory.fill(page, 0, 1 << (f.indexLg2(t.top + 1) + f.itemLg2()));
      const record = Record.of(t.root);
      record.refs = 1;
      record.pins = 0;
      record.live = <u16>Scan.count<F>(t.root, 1 << f.indexLg2(t.top));
      Item.store<F>(page, f.tableItem(Window.paddr(t.root), t.top + 1) | t.tableAttrs);
      const above = Record.of(page);
      above.live = 1;
      above.refs = 0;
      above.pins = Pin.BOOKED;
      t.root = page;
      t.top += 1;
    }
    Tables.unlinked(t);
    return Status.OK;
  }

  /** Take back growth that the device was not told of. */
  static back<F extends Format>(t: Table, level: u32): void {
    while (t.top > level) {
      const root = t.root;
      t.root = Path.child<F>(Item.load<F>(root), t.top);
      Path.drop<F>(t, root, t.top);
      const record = Record.of(t.root);
      record.refs = 0;
      record.pins = Pin.BOOKED;
      t.top -= 1;
    }
    Tables.unlinked(t);
  }
}
