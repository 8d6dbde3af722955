// Whole subtrees: taking them out of a table, and asking whether they map anything.
import { Format } from "../format/format";
import { Own } from "../memory/realm";
import { NO_PAGE, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Events } from "./events";
import { Item } from "./item";
import { Path } from "./path";
import { Scan } from "./scan";
import { Table } from "./table";

export class Subtree {
  /**
   * The table at `level` is unlinked: put it and all tables below it on the list of unlinked pages, once no other entry refers to them. Returns the
   * bytes that its leaves mapped. A table of smallest leaves costs nothing to look into while its live items are counted. Pointers out of the
   * memory are left alone.
   */
  static release<F extends Format>(t: Table, page: u32, level: u32): u64 {
    const f = changetype<F>(0);
    const record = Record.of(page);
    if (record.refs > 1) {
      record.refs -= 1;
      // Only a repeat gives a table a second reference, one that is mapped all over, and before it changes it is copied. To look into it once for each
      // reference would take 512 times as long with every level.
      return (<u64>1) << (f.indexLg2(level) + f.shift(level));
    }
    // While live items are counted, a table without any holds only zeros, and one of smallest leaves need not be looked into.
    const empty = !t.shared && record.live == 0;
    let bytes: u64 = 0;
    if (level == 0) bytes = (<u64>Subtree.live<F>(t, page)) << f.shift(0);
    else if (!empty) bytes = Subtree.releaseBelow<F>(t, page, level);
    Events.unlink(page, level, empty);
    return bytes;
  }

  static releaseBelow<F extends Format>(t: Table, page: u32, level: u32): u64 {
    const f = changetype<F>(0);
    const end = <usize>page + ((<usize>1) << (f.indexLg2(level) + f.itemLg2()));
    const leaf = (<u64>1) << f.shift(level);
    let bytes: u64 = 0;
    for (let at = <usize>page; at < end; ) {
      at = Scan.leaves<F>(at, end, level);
      bytes += Scan.counted * leaf;
      const groupEnd = min<usize>(at + 64, end);
      for (; at < groupEnd; at += 1 << f.itemLg2()) {
        const item = Item.load<F>(at);
        if (item == 0) continue;
        if (!f.isTable(item, level)) {
          bytes += leaf;
          continue;
        }
        const child = Path.child<F>(item, level);
        if (child != Window.OUTSIDE) bytes += Subtree.release<F>(t, child, level - 1);
      }
    }
    return bytes;
  }

  /** The items in use of a table of smallest leaves. */
  static live<F extends Format>(t: Table, page: u32): u32 {
    return t.shared ? Scan.count<F>(page, 1 << changetype<F>(0).indexLg2(0)) : <u32>Record.of(page).live;
  }

  /** Whether no leaf hangs below the table. */
  static empty<F extends Format>(page: u32, level: u32): bool {
    const f = changetype<F>(0);
    const items: u32 = 1 << f.indexLg2(level);
    let i: u32 = 0;
    while (true) {
      const at = <usize>page + ((<usize>i) << f.itemLg2());
      i += Scan.empty<F>(at, items - i);
      if (i == items) return true;
      const item = Item.load<F>(<usize>page + ((<usize>i) << f.itemLg2()));
      if (!f.isTable(item, level)) return false;
      const child = Path.child<F>(item, level);
      if (child == Window.OUTSIDE || !Subtree.empty<F>(child, level - 1)) return false;
      i++;
    }
  }

  /** Put the tables below those that are on the list of unlinked pages on it as well. */
  static spread<F extends Format>(t: Table): void {
    const tail = <u32>Own.realm.unlinkedTail;
    let page = <u32>Own.realm.unlinkedHead;
    while (page != NO_PAGE) {
      const record = Record.of(page);
      const level = record.birth & 0xff;
      if (level != 0) Subtree.releaseBelow<F>(t, page, level);
      page = page == tail ? NO_PAGE : record.next;
    }
  }
}
