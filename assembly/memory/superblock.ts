// What all realms share about one memory. It stands at the start of the bookkeeping region; nothing here moves once it is made.

/** log2 of the unit in which the pool hands out memory and to which a page's record belongs. */
export const UNIT_LG2: u32 = 10;
/** Size classes of the pool: table pages of 2^10 to 2^20 bytes (a root of 16 concatenated 64K tables). */
export const CLASS_MIN_LG2: u32 = UNIT_LG2;
export const CLASSES: u32 = 11;

@unmanaged
export class Superblock {
  /** Units of the table area still free: the low half counts up from its start, the high half down from its end. Changed by cmpxchg. */
  bump: u64;
  /** Offset of the table area, and its size in units; 0 units where only the caller's allocator gives pages. */
  areaStart: u32;
  areaUnits: u32;
  /** Free bookkeeping bytes: next and end. */
  arenaNext: u32;
  arenaEnd: u32;
  /** A u32 per 64 KiB of memory: where the records of its pages are; 0 = no page of it was ever used. */
  directory: u32;
  /** Table objects in use now, and at most so far. */
  inUse: i32;
  peak: i32;
  /** Numbers for births and generations. */
  counter: u32;
  /** Descriptors of destroyed tables, linked through their first word. */
  freeTables: u32;
  /** Realms attached so far; above 1 the pool passes pages back. */
  realms: u32;
  /** Free pages in the chains below. */
  chained: i32;
  /** Chains of free pages by size class: offset of the first page (low half), and a tag against ABA. */
  chain0: u64;
}

/** Bytes of the superblock with its chains. */
export const SUPERBLOCK_BYTES: u32 = offsetof<Superblock>("chain0") + CLASSES * 8;

export class Shared {
  @inline static get block(): Superblock {
    return changetype<Superblock>(superblock);
  }
  @inline static chain(sizeClass: u32): usize {
    return superblock + offsetof<Superblock>("chain0") + sizeClass * 8;
  }
  /** A number that no other call in any realm gets (until 2^32 have been given). */
  @inline static next(): u32 {
    return atomic.add<u32>(superblock + offsetof<Superblock>("counter"), 1) + 1;
  }
  @inline static set(at: usize): void {
    superblock = at;
  }

  /** Bookkeeping memory, zeroed by whoever made the region, never given back; 0 when there is none left. */
  static take(bytes: u32): u32 {
    const at = superblock + offsetof<Superblock>("arenaNext");
    while (true) {
      const next = atomic.load<u32>(at);
      const end = <u64>next + ((<u64>bytes + 63) & ~63);
      if (end > <u64>Shared.block.arenaEnd) return 0;
      if (atomic.cmpxchg<u32>(at, next, <u32>end) == next) return next;
    }
  }

  /** Book `change` table objects, and the peak. */
  static count(change: i32): void {
    if (change == 0) return;
    const now = atomic.add<i32>(superblock + offsetof<Superblock>("inUse"), change) + change;
    const at = superblock + offsetof<Superblock>("peak");
    let peak = atomic.load<i32>(at);
    while (now > peak) {
      const seen = atomic.cmpxchg<i32>(at, peak, now);
      if (seen == peak) break;
      peak = seen;
    }
  }
}

/** Where this realm's memory has its superblock; 0 before `setup`. */
let superblock: usize = 0;
