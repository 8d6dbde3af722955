// Mapping lists: pages that lie anywhere, and extents. Neighbours become as large leaves as they would if each run of them were mapped by a call of its own.
// What can only be single pages goes to the tables entry by entry, table by table; what may be more is gathered to a run and mapped as one extent.
import { AnyFormat } from "./anyFormat";
import { Events } from "./events";
import { Item } from "./item";
import { ListItems } from "./listItems";
import { ListGroups, ListStep, ListTable } from "./listTable";
import { Collision, Mapper } from "./map";
import { Op } from "./operation";
import { ListKind, NO_ADDRESS, PageList } from "./pageList";
import { Plan } from "./plan";
import { Status, Table } from "./table";

/** Count the tables, write nothing. */
let planning: bool = false;
/** Where the next entry of the list goes. */
let va: u64 = 0;
/** log2 of the next larger leaf size; 0 = there is none. */
let largerLg2: u32 = 0;
/** The last address of a table of such pages, as the bits below its first. */
let tableOnes: u64 = 0;
/** Whether lists can go to whole new tables: no larger leaf begins inside one. */
let tables: bool = false;
/** The run of neighbours that is not mapped yet: its bytes end at `va`. */
let runOa: u64 = 0;
let runBytes: u64 = 0;

/** More entries than a list can have. */
const ENTRIES_LG2: u32 = 30;

export class ListMap {
  /** A list from `first` on; `PageList` and `ListItems` are set. */
  static begin(t: Table, first: u64, plan: bool): void {
    const f = changetype<AnyFormat>(0);
    const level = ListItems.level;
    ListTable.begin(t);
    planning = plan;
    va = first;
    runBytes = 0;
    tableOnes = level == t.top ? <u64>-1 : Item.ones(f.shift(level) + f.indexLg2(level));
    const larger = t.sizes & ~Item.ones(PageList.pageLg2 + 1) & Item.ones(PageList.pageLg2 + ENTRIES_LG2);
    largerLg2 = larger == 0 ? 0 : <u32>ctz(larger);
    const undivided = largerLg2 == 0 || (<u64>1) << largerLg2 > tableOnes;
    tables = undivided && ListItems.vectors && !plan && !t.incoherent && level != t.top;
  }

  /**
   * Map what is placed in `PageList`; `more`: it is followed by more. MORE: call again once the events are read. After an error `Op.at` is the first address
   * that is not mapped; EINVAL: an entry is none, see `ListStep.refused`.
   */
  static part(t: Table, more: bool): i32 {
    while (true) {
      if (runBytes != 0) {
        ListMap.extendRun();
        if (PageList.left == 0 && more) return Status.OK;
        const status = ListMap.mapRun(t);
        if (status != Status.OK) return status;
      }
      if (PageList.left == 0) return Status.OK;
      if (Events.full()) return Op.stop(Status.MORE, va);
      const status = PageList.kind == ListKind.EXTENTS ? ListMap.addExtent() : ListMap.step(t, more);
      if (status != Status.OK) return status;
    }
  }

  /** Single pages as far as they go within a table; where a larger leaf may begin, a run. */
  static step(t: Table, more: bool): i32 {
    if (tables && (va & tableOnes) == 0) {
      const done = ListTable.whole(t, va, largerLg2 == 0 ? <u64>-1 : Item.ones(largerLg2));
      va += (<u64>done) << PageList.pageLg2;
      if (done != 0) return Status.OK;
    }
    const count = ListMap.singles(more);
    if (count == 0) {
      runOa = PageList.address(PageList.at);
      // A list in shared memory may have changed since it was looked at.
      if (runOa == NO_ADDRESS) return ListStep.refuse(va, 0, 0);
      ListMap.lengthenRun(1);
      return Status.OK;
    }
    const status = planning
      ? ListMap.planSingles(t, count)
      : ListItems.single
        ? ListTable.map(t, va, count)
        : ListGroups.map(t, va, count);
    const done = ListStep.written;
    PageList.advance(done);
    va += (<u64>done) << PageList.pageLg2;
    return status;
  }

  /** How many entries from the next one on cannot be part of a larger leaf; not beyond the table that they go to. */
  static singles(more: bool): u32 {
    const pageLg2 = PageList.pageLg2;
    const inTable = ((tableOnes & ~va) >> pageLg2) + 1;
    const limit = <u32>min<u64>(<u64>PageList.left, inTable);
    if (largerLg2 == 0) return limit;
    const length: u32 = 1 << (largerLg2 - pageLg2);
    for (let index = <u32>((-va & Item.ones(largerLg2)) >> pageLg2); index < limit; index += length) {
      // Most that are none show it in the first two entries.
      const begins = index + 1 == PageList.left || PageList.areApart(index, 1);
      if (begins && ListMap.mayBeLarger(index, length, more)) return index;
    }
    return limit;
  }

  /** Whether `length` entries from `index` on are one larger leaf; those that this part does not have any more are taken to be right. */
  static mayBeLarger(index: u32, length: u32, more: bool): bool {
    if (length > PageList.left - index) {
      if (!more) return false;
      length = PageList.left - index;
    }
    if (!PageList.areApart(index, length - 1)) return false;
    const first = PageList.address(PageList.entry(index));
    return (first & Item.ones(largerLg2)) == 0 && ListItems.follow(index, length, first) == length;
  }

  static planSingles(t: Table, count: u32): i32 {
    const pageLg2 = PageList.pageLg2;
    const valid = ListItems.check(count);
    if (valid != count) return ListStep.refuse(va, valid, 0);
    Plan.run<AnyFormat>(t, t.root, t.top, va, va + (((<u64>count) << pageLg2) - 1), ListItems.level);
    return ListStep.done(count);
  }

  @inline static lengthenRun(count: u32): void {
    const bytes = (<u64>count) << PageList.pageLg2;
    PageList.advance(count);
    runBytes += bytes;
    va += bytes;
  }

  /** Take what continues the run. */
  static extendRun(): void {
    const next = runOa + runBytes;
    if (PageList.kind == ListKind.EXTENTS) {
      while (PageList.left != 0 && PageList.address(PageList.at) == runOa + runBytes) {
        if (ListMap.addExtent() != Status.OK) return;
      }
      return;
    }
    const count = <u32>min<u64>(<u64>PageList.left, PageList.room(next));
    if (count != 0) ListMap.lengthenRun(ListItems.follow(0, count, next));
  }

  /** The next extent continues the run, or begins one. */
  static addExtent(): i32 {
    const bytes = PageList.extentBytes(PageList.at);
    if (bytes == 0) return ListStep.refuse(va, 0, 0);
    if (runBytes == 0) runOa = PageList.address(PageList.at);
    PageList.advance(1);
    runBytes += bytes;
    va += bytes;
    return Status.OK;
  }

  /** Map the run. */
  static mapRun(t: Table): i32 {
    const first = va - runBytes;
    if (planning) {
      Plan.range<AnyFormat>(t, t.sizes, t.root, t.top, first, va - 1, runOa);
      runBytes = 0;
      return Status.OK;
    }
    const status = Mapper.range<AnyFormat>(
      t,
      t.root,
      t.top,
      first,
      va - 1,
      runOa,
      ListItems.attrs,
      Collision.EMPTY_TABLES,
    );
    if (status == Status.MORE) {
      runOa += Op.at - first;
      runBytes = va - Op.at;
    } else {
      runBytes = 0;
    }
    return status;
  }
}
