// A few smallest pages at a time, in the table that was used last: as `SinglePage`, closed where that is.
import { NO_PAGE } from "../memory/record";
import { Cache } from "./cache";
import { linear64 } from "./fill";
import { SinglePage } from "./singlePage";
import { Attributes, Table } from "./table";

export class ShortRun {
  /** Map `bytes` at `va` to `oa`. False: nothing has changed; take the longer way. */
  static map(t: Table, va: u64, oa: u64, bytes: u64, prot: u32): bool {
    const table = ShortRun.table(t, va, bytes);
    if (table == NO_PAGE || oa > t.quickLast || bytes - 1 > t.quickLast - oa) return false;
    const at = SinglePage.at(t, table, va);
    const count = <u32>(bytes >> t.pageLg2);
    const end = at + ((<usize>count) << 3);
    for (let i = at; i != end; i += 8) if (load<u64>(i) != 0) return false;
    const step = ((<u64>1) << t.pageLg2) >> t.quickShift;
    linear64(at, count, (oa >> t.quickShift) | Attributes.item(t, prot), step);
    if (!t.shared) Cache.record.live += <u16>count;
    return true;
  }

  /** Unmap `bytes` at `va`, all of it mapped by smallest pages; unless their table becomes empty, where it does not stay so (`keeps`). */
  static unmap(t: Table, va: u64, bytes: u64, keeps: bool): bool {
    const table = ShortRun.table(t, va, bytes);
    if (table == NO_PAGE) return false;
    const at = SinglePage.at(t, table, va);
    const count = <u32>(bytes >> t.pageLg2);
    if (!keeps && (t.shared ? count > t.quickIndexMask : <u32>Cache.record.live <= count)) return false;
    const end = at + ((<usize>count) << 3);
    for (let i = at; i != end; i += 8) {
      const item = load<u64>(i);
      if (item == 0 || (item & t.quickMask) != 0) return false;
    }
    linear64(at, count, 0, 0);
    if (!t.shared) Cache.record.live -= <u16>count;
    return true;
  }

  /** The table of the whole run, if it is the one that was used last. */
  @inline static table(t: Table, va: u64, bytes: u64): u32 {
    const tag = va >> t.quickTagShift;
    return tag == (va + (bytes - 1)) >> t.quickTagShift ? Cache.find(t, tag) : NO_PAGE;
  }
}
