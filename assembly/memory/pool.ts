// Where the library's own table pages come from: size classes of 2^10 to 2^20 bytes. Each realm keeps its free pages to itself and takes untouched
// area in chunks: a bump shared by every table page made two workers slower than one (0.51x); chunks of 64 scale. What a realm has too many of, it passes
// on in chains of 64. Pages that another core has written are slow to write: two workers that kept 128 pages each were 1.5 times as fast as one, and 1.9
// times with the share that they keep now.

import { Race } from "./race";
import { Own, PoolSlot } from "./realm";
import { Pin, Record } from "./record";
import { CLASS_MIN_LG2, CLASSES, Shared, Superblock, UNIT_LG2 } from "./superblock";

/** Pages that change hands at once. */
const CHUNK: u32 = 64;

export class Pool {
  /** A page of 2^sizeLg2 bytes, or 0. Its record says in `birth` whether it is known to hold only zeros. */
  static take(sizeLg2: u32): u32 {
    const slot = Own.slot(sizeLg2 - CLASS_MIN_LG2);
    const head = slot.head;
    if (head != 0) {
      slot.head = Record.of(head).next;
      slot.count -= 1;
      return head;
    }
    if (slot.freshLeft == 0 && !Pool.refill(slot, sizeLg2)) return Pool.halve(sizeLg2);
    return slot.freshLeft != 0 ? Pool.fresh(slot, sizeLg2) : Pool.take(sizeLg2);
  }

  /** Where no area is left: the lower half of a larger page that is free; the other one is the pool's. */
  static halve(sizeLg2: u32): u32 {
    if (sizeLg2 - CLASS_MIN_LG2 + 1 == CLASSES) return 0;
    const page = Pool.take(sizeLg2 + 1);
    if (page != 0) Pool.give(page + (1 << sizeLg2), sizeLg2, Record.of(page).birth == 1);
    return page;
  }

  /** The next page of the untouched piece. */
  static fresh(slot: PoolSlot, sizeLg2: u32): u32 {
    const page = slot.fresh;
    slot.fresh = page + (1 << sizeLg2);
    slot.freshLeft -= 1;
    Record.of(page).birth = 1;
    return page;
  }

  /** Put a page back; `zero`: it holds only zeros. */
  static give(page: u32, sizeLg2: u32, zero: bool): void {
    const slot = Own.slot(sizeLg2 - CLASS_MIN_LG2);
    const record = Record.of(page);
    record.next = slot.head;
    record.refs = 0;
    record.pins = Pin.GONE;
    record.birth = zero ? 1 : 0;
    slot.head = page;
    slot.count += 1;
    if (slot.count >= 2 * CHUNK && Shared.block.realms > 1 && slot.count >= Pool.share(sizeLg2)) {
      Pool.passOn(slot, sizeLg2 - CLASS_MIN_LG2);
    }
  }

  /** How many free pages a realm may keep for itself beyond two chunks: while half of the area is untouched, so that nobody lacks any, a 16th of it. */
  static share(sizeLg2: u32): u32 {
    const block = Shared.block;
    const bump = atomic.load<u64>(changetype<usize>(block) + offsetof<Superblock>("bump"));
    const touched = (bump & 0xffff_ffff) + (bump >> 32);
    return touched << 1 > <u64>block.areaUnits ? 0 : block.areaUnits >> (4 + sizeLg2 - UNIT_LG2);
  }

  /** A chain that another realm passed on, else untouched area: as many pages as there is room for, up to a chunk. */
  static refill(slot: PoolSlot, sizeLg2: u32): bool {
    if (Pool.adopt(slot, sizeLg2 - CLASS_MIN_LG2)) return true;
    const want = max<u32>(CHUNK >> max<i32>(<i32>sizeLg2 - 12, 0), 1);
    for (let pages = want; pages != 0; pages >>= 1) {
      const at = Pool.carve((<u64>pages) << sizeLg2, sizeLg2);
      if (at == 0) continue;
      if (!Record.ensure(at, pages << sizeLg2)) return false;
      if (Record.wasUsed(at, pages << sizeLg2)) {
        Pool.keepUnused(at, pages, sizeLg2);
        return true;
      }
      slot.fresh = at;
      slot.freshLeft = pages;
      return true;
    }
    return false;
  }

  /** A piece in which a caller's allocator has placed pages: those that it has no more, and all others, are the pool's. */
  static keepUnused(piece: u32, pages: u32, sizeLg2: u32): void {
    for (let i: u32 = 0; i < pages; i++) {
      const page = piece + (i << sizeLg2);
      if (!Record.used(page, 1 << sizeLg2)) Pool.give(page, sizeLg2, false);
    }
  }

  /** Whether the pool has taken bytes at `offset`, which lies in a window, for its pages: the area is the only window where there is one. */
  static owns(offset: u32): bool {
    const block = Shared.block;
    const taken = atomic.load<u64>(changetype<usize>(block) + offsetof<Superblock>("bump")) & 0xffff_ffff;
    return <u64>offset < <u64>block.areaStart + (taken << UNIT_LG2);
  }

  /** Untouched bytes from the start of the area, aligned to 2^alignLg2, or 0. */
  static carve(bytes: u64, alignLg2: u32): u32 {
    const block = Shared.block;
    const units = (bytes + ((1 << UNIT_LG2) - 1)) >> UNIT_LG2;
    const at = changetype<usize>(block) + offsetof<Superblock>("bump");
    while (true) {
      const bump = atomic.load<u64>(at);
      const align = ((<u64>1) << alignLg2) - 1;
      const start = (<u64>block.areaStart + ((bump & 0xffff_ffff) << UNIT_LG2) + align) & ~align;
      const low = ((start - <u64>block.areaStart) >> UNIT_LG2) + units;
      if (low + (bump >> 32) > <u64>block.areaUnits) return 0;
      Race.window();
      if (atomic.cmpxchg<u64>(at, bump, (bump & 0xffff_ffff_0000_0000) | low) == bump) return <u32>start;
    }
  }

  /** Hand a chunk of this realm's free pages to whoever needs them. */
  static passOn(slot: PoolSlot, sizeClass: u32): void {
    const first = slot.head;
    let last = Record.of(first);
    for (let i: u32 = 1; i < CHUNK; i++) last = Record.of(last.next);
    slot.head = last.next;
    slot.count -= CHUNK;
    last.next = 0;
    const at = Shared.chain(sizeClass);
    while (true) {
      const top = atomic.load<u64>(at);
      Record.of(first).refs = <u32>top;
      Race.window();
      if (atomic.cmpxchg<u64>(at, top, Pool.tagged(top, first)) == top) break;
    }
    atomic.add<i32>(changetype<usize>(Shared.block) + offsetof<Superblock>("chained"), CHUNK);
  }

  /** Take over a chain. Another realm may take it first and reuse its pages: then the tag has changed, and what was read is not used. */
  static adopt(slot: PoolSlot, sizeClass: u32): bool {
    const at = Shared.chain(sizeClass);
    while (true) {
      const top = atomic.load<u64>(at);
      const first = <u32>top;
      if (first == 0) return false;
      const rest = Record.of(first).refs;
      Race.window();
      if (atomic.cmpxchg<u64>(at, top, Pool.tagged(top, rest)) != top) continue;
      slot.head = first;
      slot.count = CHUNK;
      atomic.sub<i32>(changetype<usize>(Shared.block) + offsetof<Superblock>("chained"), CHUNK);
      return true;
    }
  }

  @inline static tagged(top: u64, head: u32): u64 {
    return (((top >> 32) + 1) << 32) | <u64>head;
  }
}

/** Take a page of the pool for the bindings (a root), zeroed and booked; 0 = none left. */
export function takePage(sizeLg2: u32): u32 {
  const page = Pool.take(sizeLg2);
  if (page == 0) return 0;
  if (Record.of(page).birth == 0) memory.fill(page, 0, 1 << sizeLg2);
  const record = Record.of(page);
  record.refs = 1;
  record.pins = Pin.BOOKED;
  return page;
}

/** Put a root back. */
export function givePage(page: u32, sizeLg2: u32): void {
  Pool.give(page, sizeLg2, false);
}

/** Bytes from the end of the area, for the caller's arrays; never given back. 0 = no room. */
export function takeBytes(bytes: f64): u32 {
  const block = Shared.block;
  if (block.areaUnits == 0) return Shared.take(<u32>bytes);
  const units = (<u64>bytes + ((1 << UNIT_LG2) - 1)) >> UNIT_LG2;
  const at = changetype<usize>(block) + offsetof<Superblock>("bump");
  while (true) {
    const bump = atomic.load<u64>(at);
    const high = (bump >> 32) + units;
    if (high + (bump & 0xffff_ffff) > <u64>block.areaUnits) return 0;
    if (atomic.cmpxchg<u64>(at, bump, (high << 32) | (bump & 0xffff_ffff)) == bump) {
      return block.areaStart + <u32>((<u64>block.areaUnits - high) << UNIT_LG2);
    }
  }
}

/** Book table objects made or dropped by the bindings. */
export function countPages(change: i32): void {
  Shared.count(change);
}

/** Table objects in use / at most / free pages that this realm and the chains hold. */
export function pagesInUse(): i32 {
  return Shared.block.inUse;
}
export function pagesPeak(): i32 {
  return Shared.block.peak;
}
export function pagesPooled(): u32 {
  let pages = <u32>Shared.block.chained;
  for (let i: u32 = 0; i < CLASSES; i++) pages += Own.slot(i).count;
  return pages;
}
