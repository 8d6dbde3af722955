// The unmap calls.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { Address } from "./address";
import { Carve } from "./carve";
import { Clear, Free } from "./clear";
import { Edit, EditKind } from "./edit";
import { Events } from "./events";
import { Op, Operation } from "./operation";
import { Status, Table } from "./table";
import { Trim } from "./trim";
import { UnmapPages } from "./unmapPages";
import { UnmapRange } from "./unmapRange";
import { Unshare } from "./unshare";

/** What becomes of a leaf that sticks out of the range, and how a call goes: bits of its flags. */
export class UnmapFlag {
  static readonly WHOLE: u32 = 1;
  static readonly REFUSE: u32 = 2;
  /** The rest of a call that returned MORE or SPLIT. */
  static readonly RESUME: u32 = 4;
}

/** Remove every mapping in [a, b]. The mailbox tells `done`. */
export class UnmapOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, last: u64, c: u64, d: u64, flags: u32): i64 {
    if (!(flags & UnmapFlag.RESUME)) {
      Op.begin();
      Events.begin();
      Edit.set(EditKind.REMOVE, va, last, 0, 0);
      let edited = Carve.ends<F>(t, va, last) != 0;
      if (edited) {
        if (flags & UnmapFlag.REFUSE) return Status.EINVAL;
        if (flags & UnmapFlag.WHOLE) {
          va = min<u64>(va, Carve.at(0).first);
          last = max<u64>(last, Carve.at(Carve.count - 1).last);
          edited = false;
        }
      }
      if (edited || Unshare.isNeeded<F>(t, va, last)) {
        Own.realm.at = <f64>Address.iova(t, va);
        Own.realm.extra0 = <f64>Address.iova(t, last);
        return Status.SPLIT;
      }
    } else {
      Own.realm.events = 0;
    }
    const status = Clear.range<F>(t, t.root, t.top, t.top, va, last, Free.EMPTY);
    Own.realm.done = <f64>Op.removed;
    if (status != Status.OK) {
      Own.realm.at = <f64>Address.iova(t, Op.at);
      // With "whole" the range may have grown at its end; the rest of the call needs to know.
      Own.realm.extra0 = <f64>Address.iova(t, last);
    }
    return status;
  }
}

/** generic_pt's unmap_range over [a, b]. The mailbox tells `done` and `smallest`. */
export class UnmapRangeOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, last: u64, c: u64, d: u64, flags: u32): i64 {
    if (!(flags & UnmapFlag.RESUME)) {
      Op.begin();
      Events.begin();
      UnmapRange.begin(va);
    } else {
      Own.realm.events = 0;
    }
    const status = UnmapRange.level<F>(t, t.root, t.top, t.top, va, last);
    Own.realm.done = <f64>Op.removed;
    Own.realm.smallest = UnmapRange.smallest;
    Own.realm.at = <f64>Address.iova(t, Op.at);
    return status == Status.MORE || status < 0 ? status : Status.OK;
  }
}

/** io-pgtable's unmap_pages over [a, b] in leaves of 2^e. The mailbox tells `done`. */
export class UnmapPagesOperation extends Operation {
  run<F extends Format>(t: Table, va: u64, last: u64, c: u64, resume: u64, sizeLg2: u32): i64 {
    if (resume == 0) {
      Op.begin();
      Events.begin();
    } else {
      Own.realm.events = 0;
    }
    const status = UnmapPages.range<F>(t, va, last, sizeLg2);
    Own.realm.done = <f64>Op.removed;
    Own.realm.at = <f64>Address.iova(t, Op.at);
    return status;
  }
}

/** Free empty tables (a = 0) or all tables (a = 1); b = items of the root. */
export class TrimOperation extends Operation {
  run<F extends Format>(t: Table, all: u64, items: u64, c: u64, resume: u64, e: u32): i64 {
    if (resume == 0) Events.begin();
    else Own.realm.events = 0;
    if (all != 0) Trim.all<F>(t, <u32>items);
    else if (!Trim.below<F>(t, t.root, t.top, t.top, 0, <u32>items)) return Status.MORE;
    return Status.OK;
  }
}
