// The last table of smallest leaves that this realm used: neighbouring single-page calls need no descent (7.8 -> 5.0 ns measured). Checked against the
// table's generation, which every unlink in any realm changes.
import { NO_PAGE, PageRecord, Record } from "../memory/record";
import { Table } from "./table";

let cachedTable: usize = 0;
let cachedGeneration: u32 = 0;
let cachedTag: u64 = 0;
let cachedPage: u32 = 0;
let cachedRecord: usize = 0;

export class Cache {
  /** The table of smallest leaves for the addresses that begin with `tag`, or NO_PAGE. */
  @inline static find(t: Table, tag: u64): u32 {
    return cachedTable == changetype<usize>(t) && cachedGeneration == t.generation && cachedTag == tag
      ? cachedPage
      : NO_PAGE;
  }

  /** The record of the table that `find` found. */
  @inline static get record(): PageRecord {
    return changetype<PageRecord>(cachedRecord);
  }

  @inline static keep(t: Table, va: u64, page: u32): void {
    // A table of several entries must not be changed in place.
    if (Record.of(page).refs > 1) return;
    cachedTable = changetype<usize>(t);
    cachedGeneration = t.generation;
    cachedTag = va >> t.quickTagShift;
    cachedPage = page;
    cachedRecord = changetype<usize>(Record.of(page));
  }
}
