// The list calls: the list comes whole, or in parts where it has to be copied into the memory.
import { Own } from "../memory/realm";
import { Address } from "./address";
import { AnyFormat, setFormat } from "./anyFormat";
import { Events } from "./events";
import { ListItems } from "./listItems";
import { ListMap } from "./listMap";
import { ListStep } from "./listTable";
import { MapOperation } from "./mapOperations";
import { Op } from "./operation";
import { ListKind, PageList } from "./pageList";
import { Subtree } from "./subtree";
import { Status, Table } from "./table";

/** How a list call goes: bits of `how`. Bits 4 to 6 are the kind, and from bit 8 on log2 of the page size. */
export class ListFlag {
  /** The first call for a list. */
  static readonly BEGIN: u32 = 1;
  /** Another part follows. */
  static readonly FOLLOWED: u32 = 2;
  /** Count the table pages beside those of the plan so far, and look whether all entries are addresses. */
  static readonly PLAN: u32 = 4;
  /** Look first whether all entries of the part are addresses. */
  static readonly CHECK: u32 = 8;
  static readonly MAP: u32 = 128;
}

export class Lists {
  /** `count` entries at `at`; none: the rest of a call that returned MORE. The mailbox tells where it failed. */
  static part(t: Table, va: u64, at: usize, count: u32, attrs: u64, how: u32): i32 {
    setFormat(t.format);
    Op.use(t.addressMask);
    if (how & ListFlag.BEGIN) Lists.begin(t, va, attrs, how);
    if (count != 0) PageList.place(at, count);
    if (how & ListFlag.CHECK) {
      const status = Lists.check(va);
      if (status != Status.OK) return Lists.fail(t, status);
      PageList.place(at, count);
    }
    const more = (how & ListFlag.FOLLOWED) != 0;
    if (how & ListFlag.PLAN) return Lists.fail(t, ListMap.part(t, more));
    return how & ListFlag.MAP ? Lists.map(t, more) : Status.OK;
  }

  static map(t: Table, more: bool): i32 {
    Own.realm.events = 0;
    const status = Lists.fail(t, ListMap.part(t, more));
    if (status < 0) {
      MapOperation.undo<AnyFormat>(t);
    } else if (status == Status.OK && !more && Own.realm.unlinkedCount != 0) {
      Subtree.spread<AnyFormat>(t);
    }
    Op.book();
    return status;
  }

  static begin(t: Table, va: u64, attrs: u64, how: u32): void {
    PageList.begin((how >> 4) & 7, how >> 8, t.oaLast & t.addressMask);
    ListItems.begin(attrs);
    ListMap.begin(t, va, (how & ListFlag.PLAN) != 0);
    if (!(how & ListFlag.MAP)) return;
    Op.begin();
    Events.begin();
    MapOperation.beginAt(va);
  }

  static check(va: u64): i32 {
    if (PageList.kind != ListKind.EXTENTS) {
      const good = ListItems.check(PageList.left);
      return good == PageList.left ? Status.OK : ListStep.refuse(va, good, 0);
    }
    for (; PageList.left != 0; PageList.advance(1)) {
      const bytes = PageList.extentBytes(PageList.at);
      if (bytes == 0) return ListStep.refuse(va, 0, 0);
      va += bytes;
    }
    return Status.OK;
  }

  /** Tell where it failed, if it did. */
  static fail(t: Table, status: i32): i32 {
    if (status < 0) Own.realm.at = <f64>Address.iova(t, status == Status.EINVAL ? ListStep.refused : Op.at);
    return status;
  }
}
