// Entries of a list that are single pages, into the one table that they belong to.
import { Race } from "../memory/race";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { AnyFormat } from "./anyFormat";
import { Events } from "./events";
import { Item } from "./item";
import { ListItems } from "./listItems";
import { WHOLE_STEP } from "./listKernels";
import { Collision, Mapper } from "./map";
import { Op } from "./operation";
import { NO_ADDRESS, PageList } from "./pageList";
import { Pages } from "./pages";
import { Path } from "./path";
import { Status, Table } from "./table";

let written: u32 = 0;
let refused: u64 = 0;

/** What a step did. */
export class ListStep {
  /** Entries of the list that are done with. */
  @inline static get written(): u32 {
    return written;
  }
  /** Where the entry is that is no address, after EINVAL. */
  @inline static get refused(): u64 {
    return refused;
  }
  @inline static done(count: u32): i32 {
    written = count;
    return Status.OK;
  }
  /** The entry for `va` and `good` pages more is no address; of those before it `count` are mapped. */
  static refuse(va: u64, good: u32, count: u32): i32 {
    const pageLg2 = PageList.pageLg2;
    written = count;
    refused = va + ((<u64>good) << pageLg2);
    return Op.stop(Status.EINVAL, va + ((<u64>count) << pageLg2));
  }
  static fail(status: i32, va: u64, count: u32): i32 {
    written = count;
    return Op.stop(status, va + ((<u64>count) << PageList.pageLg2));
  }
}

/** What the format says of the tables that the pages go to, and of those above; asked once, since a question costs as much as eight entries. */
let level: u32 = 0;
let pageShift: u32 = 0;
let indexMask: usize = 0;
let tableLg2: u32 = 0;
let parentShift: u32 = 0;
let parentMask: usize = 0;
let itemLg2: u32 = 0;
/** The table above that was used last, and the addresses below it; void once the table's generation is another. */
let parent: u32 = NO_PAGE;
let parentFirst: u64 = 0;
let parentOnes: u64 = 0;
let generation: u32 = 0;

/** Pages of one item each. */
export class ListTable {
  static begin(t: Table): void {
    const f = changetype<AnyFormat>(0);
    level = ListItems.level;
    itemLg2 = f.itemLg2();
    pageShift = f.shift(level);
    indexMask = level == t.top ? <usize>-1 : (1 << f.indexLg2(level)) - 1;
    parent = NO_PAGE;
    tableLg2 = Pages.lg2<AnyFormat>(level);
    if (level == t.top) return;
    const root = level + 1 == t.top;
    parentShift = f.shift(level + 1);
    parentMask = root ? <usize>-1 : (1 << f.indexLg2(level + 1)) - 1;
    parentOnes = root ? <u64>-1 : Item.ones(parentShift + f.indexLg2(level + 1));
  }

  @inline static slot(table: u32, va: u64): usize {
    return <usize>table + ((<usize>(va >> pageShift) & indexMask) << itemLg2);
  }

  /** The next `count` entries to [va, …), all in one table. */
  static map(t: Table, va: u64, count: u32): i32 {
    if (level == t.top) return ListTable.into(t, t.root, va, count);
    if (!ListTable.hasParent(t, va)) {
      parent = Path.make<AnyFormat>(t, t.root, t.top, va, level + 1);
      if (parent == NO_PAGE) return ListStep.fail(Op.status, va, 0);
      parentFirst = va & ~parentOnes;
      generation = t.generation;
    }
    const at = ListTable.parentSlot(va);
    let item = Item.load<AnyFormat>(at);
    if (item == 0) {
      const status = ListTable.fresh(t, at, va, count);
      if (status != Status.ENOMEM) return status;
      item = Item.load<AnyFormat>(at);
      if (item == 0) return ListStep.fail(Status.ENOMEM, va, 0);
    }
    return ListTable.standing(t, at, item, va, count);
  }

  /**
   * Whole new tables to [va, …), for as long as nothing is out of the ordinary: what is, the longer way finds again. `larger`: the bits below the next larger
   * leaf size, which is no smaller than a table; all of them where there is none. Returns how many entries are done with.
   */
  static whole(t: Table, va: u64, larger: u64): u32 {
    const items = <u32>indexMask + 1;
    let done: u32 = 0;
    if (items % WHOLE_STEP != 0) return 0;
    while (PageList.left >= items && ListTable.hasParent(t, va)) {
      if ((va & larger) == 0 && PageList.mayBeRun(0, items)) break;
      const at = ListTable.parentSlot(va);
      if (load<u64>(at) != 0) break;
      const child = Path.begin(Pages.takeSized(t, level, tableLg2));
      if (child == NO_PAGE) break;
      const good = ListItems.writeLanes(child, items);
      if (good) Record.of(child).live = <u16>items;
      if (!good || !ListTable.link(t, at, child)) {
        Path.drop<AnyFormat>(t, child, level);
        break;
      }
      PageList.advance(items);
      va += (<u64>items) << pageShift;
      done += items;
    }
    return done;
  }

  @inline static hasParent(t: Table, va: u64): bool {
    return parent != NO_PAGE && va - parentFirst <= parentOnes && generation == t.generation;
  }
  @inline static parentSlot(va: u64): usize {
    return <usize>parent + ((<usize>(va >> parentShift) & parentMask) << itemLg2);
  }

  /** A new table: written while nobody sees it, then published by one store. ENOMEM: there is no page, or another realm was first. */
  static fresh(t: Table, at: usize, va: u64, count: u32): i32 {
    const child = Path.begin(Pages.takeSized(t, level, tableLg2));
    if (child == NO_PAGE) return Status.ENOMEM;
    const first = ListTable.slot(child, va);
    const end = <usize>child + ((indexMask + 1) << itemLg2);
    const last = first + ((<usize>count) << itemLg2);
    if (!Path.zero) {
      if (first != <usize>child) memory.fill(child, 0, first - <usize>child);
      if (last != end) memory.fill(last, 0, end - last);
    }
    const good = ListItems.write(first, count);
    if (good != count) {
      Path.drop<AnyFormat>(t, child, level);
      return ListStep.refuse(va, good, 0);
    }
    Record.of(child).live = <u16>count;
    Events.written(t, child, <u32>(end - <usize>child));
    if (ListTable.link(t, at, child)) return ListStep.done(count);
    Path.drop<AnyFormat>(t, child, level);
    return Status.ENOMEM;
  }

  @inline static link(t: Table, at: usize, child: u32): bool {
    if (t.incoherent) return Path.link<AnyFormat>(t, parent, at, child, level + 1, t.top);
    const item = changetype<AnyFormat>(0).tableItem(Window.paddr(child), level + 1) | t.tableAttrs;
    Race.window();
    const first = itemLg2 == 3 ? atomic.cmpxchg<u64>(at, 0, item) == 0 : atomic.cmpxchg<u32>(at, 0, <u32>item) == 0;
    if (!first) Race.lost();
    if (first && level + 1 != t.top && !t.shared) Record.of(parent).live += 1;
    return first;
  }

  /** Below an item that stands. */
  static standing(t: Table, at: usize, item: u64, va: u64, count: u32): i32 {
    if (!changetype<AnyFormat>(0).isTable(item, level + 1)) return ListStep.fail(Status.EEXIST, va, 0);
    Path.rely<AnyFormat>(t, at, item);
    const child = Path.child<AnyFormat>(item, level + 1);
    if (child == Window.OUTSIDE) return ListStep.fail(Status.EFAULT, va, 0);
    return ListTable.into(t, child, va, count);
  }

  /** A table that exists: over empty items only. */
  static into(t: Table, table: u32, va: u64, count: u32): i32 {
    const at = ListTable.slot(table, va);
    const done = ListItems.writeFree(at, count);
    if (done != 0) {
      if (level != t.top && !t.shared) Record.of(table).live += <u16>done;
      Events.written(t, at, done << itemLg2);
    }
    return done == count ? ListStep.done(count) : ListTable.blocked(t, va, done);
  }

  /** The entry after `done` ones is no address, or something stands in its way. */
  static blocked(t: Table, va: u64, done: u32): i32 {
    const oa = PageList.address(PageList.entry(done));
    if (oa == NO_ADDRESS) return ListStep.refuse(va, done, done);
    const pageLg2 = PageList.pageLg2;
    const first = va + ((<u64>done) << pageLg2);
    const status = Mapper.run<AnyFormat>(
      t,
      t.root,
      t.top,
      first,
      first + Item.ones(pageLg2),
      oa,
      ListItems.attrs,
      pageLg2,
      Collision.EMPTY_TABLES,
    );
    return status == Status.OK ? ListStep.done(done + 1) : ListStep.fail(status, va, done);
  }
}

/** Pages of several items each. */
export class ListGroups {
  static map(t: Table, va: u64, count: u32): i32 {
    const pageLg2 = PageList.pageLg2;
    const table = Path.make<AnyFormat>(t, t.root, t.top, va, level);
    if (table == NO_PAGE) return ListStep.fail(Op.status, va, 0);
    for (let done: u32 = 0; done < count; done++) {
      const oa = PageList.address(PageList.entry(done));
      if (oa == NO_ADDRESS) return ListStep.refuse(va, done, done);
      const first = va + ((<u64>done) << pageLg2);
      const last = first + Item.ones(pageLg2);
      const status = Mapper.into<AnyFormat>(
        t,
        table,
        t.top,
        first,
        last,
        oa,
        ListItems.attrs,
        level,
        pageLg2,
        Collision.EMPTY_TABLES,
      );
      if (status != Status.OK) return ListStep.fail(status, va, done);
    }
    return ListStep.done(count);
  }
}
