// Table pages that a prepared update relies on: nothing else frees them.
import { Format } from "../format/format";
import { Record } from "../memory/record";
import { Clear } from "./clear";
import { Events } from "./events";
import { Op, Operation } from "./operation";
import { tableFor } from "./repeat";
import { Status, Table } from "./table";

/** The table at level e on the way to address a; NO_PAGE when there is none. */
export class TableForOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    return tableFor<F>(t, va, level);
  }
}

/** One more (or one less) update relies on the page. */
export function pinPage(page: u32, change: i32): void {
  const record = Record.of(page);
  if (change > 0 || record.pins != 0) record.pins = <u16>(record.pins + change);
}

/** Take out the tables on the way to address a that map nothing: those that stayed because they were pinned. */
export class PruneOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    Op.begin();
    Events.begin();
    Clear.pruneEmpty<F>(t, t.root, t.top, va);
    return Status.OK;
  }
}
