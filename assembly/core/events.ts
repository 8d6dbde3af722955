// What an operation has to tell the outside: ranges to flush, memory to write back. The core calls nobody; it records, and the bindings read.
import { Format } from "../format/format";
import { EVENT_ROOM, EVENTS, EventKind, FLUSH_ROOM, Own } from "../memory/realm";
import { NO_PAGE, Pin, Record } from "../memory/record";
import { Window } from "../memory/window";
import { Address } from "./address";
import { Table } from "./table";

export class Events {
  @inline static begin(): void {
    Own.realm.events = 0;
    Own.realm.unlinkedCount = 0;
  }

  /** Whether an operation must stop and let the bindings read. */
  @inline static full(): bool {
    return Own.realm.events > <f64>(EVENTS - EVENT_ROOM);
  }

  static push(kind: u32, address: f64, bytes: f64, granule: f64): void {
    const index = <u32>Own.realm.events;
    if (kind == EventKind.SYNC && index >= EVENTS - FLUSH_ROOM && Events.widen(index, address, bytes)) return;
    if (index >= EVENTS) return;
    const at = Own.event(index);
    store<f64>(at, <f64>kind);
    store<f64>(at, address, 8);
    store<f64>(at, bytes, 16);
    store<f64>(at, granule, 24);
    Own.realm.events = <f64>(index + 1);
  }

  /** What room there is, flushes need: the last write-back covers this one as well, and what lies in between. False: there is none. */
  static widen(count: u32, address: f64, bytes: f64): bool {
    for (let index = count; index != 0; index--) {
      const at = Own.event(index - 1);
      if (load<f64>(at) != <f64>EventKind.SYNC) continue;
      const first = min<f64>(address, load<f64>(at, 8));
      const end = max<f64>(address + bytes, load<f64>(at, 8) + load<f64>(at, 16));
      store<f64>(at, first, 8);
      store<f64>(at, end - first, 16);
      return true;
    }
    return false;
  }

  /** A run that continues the event before it, of the same kind and granule, becomes part of it. */
  static extend(kind: u32, address: f64, bytes: f64, granule: f64): void {
    const index = <u32>Own.realm.events;
    if (index != 0) {
      const at = Own.event(index - 1);
      if (
        load<f64>(at) == <f64>kind &&
        load<f64>(at, 24) == granule &&
        load<f64>(at, 8) + load<f64>(at, 16) == address
      ) {
        store<f64>(at, load<f64>(at, 16) + bytes, 16);
        return;
      }
    }
    Events.push(kind, address, bytes, granule);
  }

  /**
   * Leaves of 2^sizeLg2 bytes in [va, va+bytes) are gone, whose items cover 2^spanLg2 bytes each. Where each item has an address of its own, that they are one
   * leaf is a hint: a TLB may hold them one by one.
   */
  @inline static leaves<F extends Format>(t: Table, va: u64, bytes: u64, sizeLg2: u32, spanLg2: u32): void {
    const granuleLg2 = changetype<F>(0).sameItems() ? sizeLg2 : spanLg2;
    Events.extend(EventKind.FLUSH_RANGE, <f64>Address.iova(t, va), <f64>bytes, <f64>((<u64>1) << granuleLg2));
  }

  /** The table for [va, va+bytes) was unlinked; `merge`: it may be reported together with its neighbour. */
  static walk(t: Table, va: u64, bytes: f64, merge: bool): void {
    const granule = <f64>((<u64>1) << t.pageLg2);
    const iova = <f64>Address.iova(t, va);
    if (merge) Events.extend(EventKind.FLUSH_WALK, iova, bytes, granule);
    else Events.push(EventKind.FLUSH_WALK, iova, bytes, granule);
  }

  /** Items were written at `at`, for a walker that does not snoop. */
  @inline static written(t: Table, at: usize, bytes: u32): void {
    if (t.incoherent && !Own.isScratch(at)) Events.extend(EventKind.SYNC, <f64>Window.paddr(<u32>at), <f64>bytes, 0);
  }

  /** A table item was published without its "written back" bit: `setWritten` adds it once the device can see the item. */
  static linked(at: usize, item: u64): void {
    Events.push(EventKind.LINKED, <f64>at, <f64>(<u32>item), <f64>(<u32>(item >> 32)));
  }

  /** Remember the events so far, to drop what comes after. */
  @inline static mark(): u32 {
    const index = <u32>Own.realm.events;
    markedBytes = index != 0 ? load<f64>(Own.event(index - 1), 16) : 0;
    return index;
  }
  @inline static get markBytes(): f64 {
    return markedBytes;
  }

  /** Drop the events since a mark; they were not read meanwhile unless there are fewer now. */
  static rewind(mark: u32, bytes: f64): void {
    if (<u32>Own.realm.events < mark) return;
    Own.realm.events = <f64>mark;
    if (mark != 0) store<f64>(Own.event(mark - 1), bytes, 16);
  }

  /** A page is unlinked, and free after the flush. `zero`: it holds only zeros. */
  static unlink(page: u32, level: u32, zero: bool): void {
    const realm = Own.realm;
    const record = Record.of(page);
    // Something else has written a second pointer to it.
    if (record.pins >= Pin.BOOKED) return;
    record.pins = Pin.GONE;
    record.birth = level | (zero ? UNLINKED_ZERO : 0);
    record.next = NO_PAGE;
    if (realm.unlinkedCount == 0) realm.unlinkedHead = <f64>page;
    else Record.of(<u32>realm.unlinkedTail).next = page;
    realm.unlinkedTail = <f64>page;
    realm.unlinkedCount += 1;
  }
}

/** In the `birth` of an unlinked page, beside its level. */
export const UNLINKED_ZERO: u32 = 1 << 8;

let markedBytes: f64 = 0;
