// The reading calls. They work on any table, also one that somebody else built and may rewrite: they need no descriptor and keep nothing.
import { Format } from "../format/format";
import { Find, Found } from "./find";
import { Operation } from "./operation";
import { Table } from "./table";

/** What `access` answers instead of an address; the negatives of the contract's `Fault`. */
export class Fault {
  static readonly UNMAPPED: i64 = -1;
  static readonly PERMISSION: i64 = -2;
  static readonly ADDRESS_SIZE: i64 = -3;
  static readonly CORRUPT: i64 = -4;
}

/** Look `a` up below the root b at top level c; e = 1: an item is at Find's address even where it is no leaf. */
export class LookupOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, root: u64, top: u64, d: u64, e: u32): i64 {
    const found = Find.leaf<F>(<u32>root, <u32>top, va);
    if (found == Found.LEAF) return Find.oa<F>(va);
    return found == Found.OUTSIDE ? Fault.CORRUPT : Fault.UNMAPPED;
  }
}

/** The same for an access that needs the permits d; e = variant of the format. */
export class AccessOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, root: u64, top: u64, need: u64, variant: u32): i64 {
    const found = Find.access<F>(<u32>root, <u32>top, va, variant);
    if (found == Found.OUTSIDE) return Fault.CORRUPT;
    if (found != Found.LEAF) return Fault.UNMAPPED;
    return (Find.permits & <u32>need) == <u32>need ? Find.oa<F>(va) : Fault.PERMISSION;
  }
}

/** What a raw item a at level e means, for the bindings that read tables entry by entry. */
export class DecodeOperation extends Operation {
  run<F extends Format>(t: Table, item: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    const f = changetype<F>(0);
    decodedAddress = 0;
    decodedLg2 = f.shift(level);
    if (item == 0) return Found.EMPTY;
    if (f.isTable(item, level)) {
      decodedAddress = f.tablePaddr(item, level);
      return TABLE;
    }
    if (!f.isLeaf(item, level)) return Found.INVALID;
    decodedAddress = f.leafOa(item, level);
    decodedLg2 += f.contigLg2(item, level);
    return Found.LEAF;
  }
}

/** Geometry of a format at level e: a = 0 shift, 1 index bits, 2 item bytes (log2), 3 whether the items of a contiguous leaf are the same. */
export class GeometryOperation extends Operation {
  run<F extends Format>(t: Table, what: u64, b: u64, c: u64, d: u64, level: u32): i64 {
    const f = changetype<F>(0);
    if (what == 0) return f.shift(level);
    if (what == 1) return f.indexLg2(level);
    if (what == 2) return f.itemLg2();
    return f.sameItems() ? 1 : 0;
  }
}

/** Answer of `DecodeOperation` beside those of `Found`. */
const TABLE: i32 = 4;

let decodedAddress: u64 = 0;
let decodedLg2: u32 = 0;

/** The address in the item decoded last, and log2 of what its entry covers. */
export function decodedPaddr(): f64 {
  return <f64>decodedAddress;
}
export function decodedSizeLg2(): u32 {
  return decodedLg2;
}
