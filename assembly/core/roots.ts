// Several roots: a table of the library's own above them stands for the device's root registers, so that nothing else need know. The roots are
// pinned: they are there from the beginning to the end.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Window } from "../memory/window";
import { Item } from "./item";
import { Operation } from "./operation";
import { Table } from "./table";

/** The page a becomes root number b. Returns 0 when its record finds no room. */
export class SetRootOperation extends Operation {
  run<F extends Format>(t: Table, page: u64, index: u64, bytes: u64, d: u64, e: u32): i64 {
    const f = changetype<F>(0);
    if (!Record.ensure(<u32>page, <u32>bytes)) return 0;
    const record = Record.of(<u32>page);
    record.refs = 1;
    record.live = 0;
    record.pins = 1;
    record.birth = 0;
    const at = <usize>t.root + ((<usize>index) << f.itemLg2());
    Item.store<F>(at, f.tableItem(Window.paddr(<u32>page), t.top) | t.tableAttrs);
    return 1;
  }
}
