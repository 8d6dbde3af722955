// One smallest page at a time, in the table that was used last: what drivers do most. No descent, no events, and nothing that depends on the format at run
// time but a few numbers in the descriptor, which `prepare` takes from the format once.
import { Format } from "../format/format";
import { NO_PAGE } from "../memory/record";
import { Cache } from "./cache";
import { Operation } from "./operation";
import { Attributes, Table } from "./table";

/** The short way is closed: for a walker that does not snoop, and where items are not of 64 bits. */
const CLOSED: f64 = NaN;

export class SinglePage {
  /** Map the page at `va` to `oa`. False: take the longer way. */
  @inline static map(t: Table, va: u64, oa: u64, prot: u32): bool {
    const table = Cache.find(t, va >> t.quickTagShift);
    if (table == NO_PAGE || oa > t.quickLast) return false;
    const at = SinglePage.at(t, table, va);
    if (load<u64>(at) != 0) return false;
    store<u64>(at, (oa >> t.quickShift) | Attributes.item(t, prot));
    if (!t.shared) Cache.record.live += 1;
    return true;
  }

  /** Unmap the page at `va`, unless its table becomes empty. */
  @inline static unmap(t: Table, va: u64): bool {
    const table = Cache.find(t, va >> t.quickTagShift);
    if (table == NO_PAGE) return false;
    const at = SinglePage.at(t, table, va);
    const item = load<u64>(at);
    if (item == 0 || (item & t.quickMask) != 0) return false;
    if (!t.shared) {
      const record = Cache.record;
      if (record.live == 1) return false;
      record.live -= 1;
    }
    store<u64>(at, 0);
    return true;
  }

  @inline static at(t: Table, table: u32, va: u64): usize {
    return <usize>table + ((<usize>(va >> t.pageLg2) & t.quickIndexMask) << 3);
  }
}

/** Take from the format what the short way needs. Addresses are shifted into items; `quickLast` ends where that is no longer so. */
export class PreparePageOperation extends Operation {
  run<F extends Format>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    const f = changetype<F>(0);
    const smallest = f.shift(0);
    const isOpen = !t.incoherent && f.itemLg2() == 3 && t.pageLg2 == smallest;
    t.pageBytes = isOpen ? <f64>((<u64>1) << smallest) : CLOSED;
    const larger = t.sizes & (t.sizes - 1);
    t.runBytes = isOpen ? (larger & -larger) - 1 : 0;
    const step = f.leafItem((<u64>1) << smallest, 0, 0, smallest) ^ f.leafItem(0, 0, 0, smallest);
    t.quickShift = smallest - <u32>ctz(step);
    t.quickLast = f.linearLg2() == 64 ? t.oaLast : min<u64>(t.oaLast, ((<u64>1) << f.linearLg2()) - 1);
    // Up to the encryption bit, where there is one: an address that holds it is refused the long way.
    t.quickLast = min<u64>(t.quickLast, ~t.addressMask - 1);
    t.quickMask = f.contigMask();
    t.quickIndexMask = (1 << f.indexLg2(0)) - 1;
    t.quickTagShift = smallest + f.indexLg2(0);
    return 0;
  }
}

/** The attribute bits of protection a. */
export class SetProtOperation extends Operation {
  run<F extends Format>(t: Table, prot: u64, attrs: u64, c: u64, d: u64, e: u32): i64 {
    const f = changetype<F>(0);
    Attributes.set(t, <u32>prot, attrs, f.leafItem(0, attrs, 0, f.shift(0)));
    return 0;
  }
}
