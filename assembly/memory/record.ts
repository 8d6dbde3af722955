// One record of 16 bytes per unit of table memory in use: what the library must know about a table page that the page itself cannot hold, since no
// format has spare bits in every entry. Records are found through a directory, a block of them per 64 KiB, so that pages may lie anywhere in a
// guest's RAM and untouched memory costs nothing.
import { Race } from "./race";
import { Shared, UNIT_LG2 } from "./superblock";

/** No page: the end of lists, and the answer when there is none. A page at offset 0 is one like any other in a guest's RAM. */
export const NO_PAGE: u32 = 0xffff_ffff;

const GROUP_LG2: u32 = 16;
const RECORD_LG2: u32 = 4;
const BLOCK_BYTES: u32 = 1 << (GROUP_LG2 - UNIT_LG2 + RECORD_LG2);

/** Of a page while it hangs in a table. Once it is unlinked, `refs` and `birth` are free for the two other uses named here. */
@unmanaged
export class PageRecord {
  /** The next page of the list that this one is on: pool, gather, quarantine, or the unlinked pages of an operation. */
  next: u32;
  /** How many entries point here. Unlinked: the entry that pointed here (during an operation), then the flush mark (in quarantine). */
  refs: u32;
  /** Items that are not empty; kept only while one realm has the table. */
  live: u16;
  /** Why the page may not go: 0 = it may; 1 = it is one of several roots; or one of `Pin`. */
  pins: u16;
  /** The operation that made this page. Unlinked: its level; in the pool: 1 when all its bytes are known to be zero. */
  birth: u32;
}

/** `pins` of pages that hang in no table: what points to one is no entry that the library wrote. */
export class Pin {
  /** Unlinked, or back where it came from. Nothing unlinks it a second time. */
  static readonly GONE: u16 = 0xffff;
  /** Booked by its table: a root, or a page that waits to become a table. */
  static readonly BOOKED: u16 = 0xfffe;
}

export class Record {
  /** The record of the page at `offset`, which was in use before. */
  @inline static of(offset: u32): PageRecord {
    const block = load<u32>(<usize>Shared.block.directory + ((<usize>offset >> GROUP_LG2) << 2));
    return changetype<PageRecord>(
      <usize>block + (((<usize>offset & ((1 << GROUP_LG2) - 1)) >> UNIT_LG2) << RECORD_LG2),
    );
  }

  /** Make sure that `bytes` at `offset` have records. False when the bookkeeping region is full. */
  static ensure(offset: u32, bytes: u32): bool {
    const last = <u32>((<u64>offset + <u64>bytes - 1) >> GROUP_LG2);
    for (let group = offset >> GROUP_LG2; group <= last; group++) {
      const slot = <usize>Shared.block.directory + ((<usize>group) << 2);
      if (atomic.load<u32>(slot) != 0) continue;
      const block = Shared.take(BLOCK_BYTES);
      if (block == 0) return false;
      Race.window();
      // Another realm may have been first; its block counts, ours is lost (1 KiB, once per group at most).
      atomic.cmpxchg<u32>(slot, 0, block);
    }
    return true;
  }

  /** Whether the page at `offset` hangs in a table. It may be any page of a window, as an entry that the library did not write may say. */
  @inline static isLinked(offset: u32): bool {
    const group = offset >> GROUP_LG2;
    if (load<u32>(<usize>Shared.block.directory + ((<usize>group) << 2)) == 0) return false;
    const record = Record.of(offset);
    return record.refs != 0 && record.pins < Pin.BOOKED;
  }

  /** Whether a page is in use that has a part in `bytes` at `offset`. */
  static used(offset: u32, bytes: u32): bool {
    for (let at = <u64>offset; at < <u64>offset + bytes; at += 1 << UNIT_LG2) {
      const group = <u32>(at >> GROUP_LG2);
      const slot = <usize>Shared.block.directory + ((<usize>group) << 2);
      if (load<u32>(slot) != 0 && Record.of(<u32>at).refs != 0) return true;
    }
    return false;
  }

  /** Whether a page was ever in use that has a part in `bytes` at `offset`, which have records: what it held may stand there still. */
  static wasUsed(offset: u32, bytes: u32): bool {
    for (let at = <u64>offset; at < <u64>offset + bytes; at += 1 << UNIT_LG2) {
      const record = Record.of(<u32>at);
      if ((record.refs | record.pins) != 0) return true;
    }
    return false;
  }

  /** Mark a page of the caller's in all its units, so that none of them is taken for a page of its own; or take the marks away. */
  static mark(offset: u32, bytes: u32, refs: u32): void {
    for (let at = <u64>offset; at < <u64>offset + bytes; at += 1 << UNIT_LG2) {
      const record = Record.of(<u32>at);
      record.refs = refs;
      record.pins = refs != 0 ? Pin.BOOKED : Pin.GONE;
    }
  }
}
