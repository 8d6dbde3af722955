// One realm: one instance of this module over the memory, in the main thread or in a worker. Its block in the bookkeeping region is the mailbox through
// which the bindings read what an operation did, and holds its share of the pool, so that realms do not contend.
import { CLASSES, Shared, SUPERBLOCK_BYTES, Superblock } from "./superblock";

/** A realm's free pages of one size. */
@unmanaged
export class PoolSlot {
  /** Pages that were in use before, linked through their records, and how many. */
  head: u32;
  count: u32;
  /** A piece of untouched table area: the next page, and how many are left. */
  fresh: u32;
  freshLeft: u32;
}

/** Events that fit the mailbox; operations stop at a consistent point when `EVENT_ROOM` are not free, and are continued after it was read. */
export const EVENTS: u32 = 1024;
export const EVENT_ROOM: u32 = 288;
/** Room that only flushes take: one leaf may stand in the place of 256 others. What is built aside can have any number of write-backs. */
export const FLUSH_ROOM: u32 = 256;

/** The largest number of items in one entry, and the bytes of the two scratch areas for entries that are being rebuilt. */
export const SCRATCH_ITEMS: u32 = 512;
const SCRATCH_BYTES: u32 = 64 + SCRATCH_ITEMS * 8;
/** Room for a part of a list that has to be copied: where the scratch areas are, which lists do not use. The bindings know the same number. */
const LIST_BYTES: u32 = 16384;
/** Entries that may wait for a flush before they are made, and the bytes noted of each. */
export const PENDING: u32 = 64;
const PENDING_BYTES: u32 = 48;
/** Levels that plans count pages for. */
const PLAN_LEVELS: u32 = 8;

/** The kinds of event; the bindings know the same numbers. */
export class EventKind {
  static readonly FLUSH_RANGE: u32 = 1;
  static readonly FLUSH_WALK: u32 = 2;
  static readonly SYNC: u32 = 3;
  /** Leaves that are dirty and stay so. */
  static readonly DIRTY: u32 = 4;
  /** A table item (offset, and the two halves of its value) gets its "written back" bit after the syncs. */
  static readonly LINKED: u32 = 5;
}

/** All fields that the bindings read are f64. */
@unmanaged
export class Realm {
  /** Events recorded since the bindings last read them. */
  events: f64;
  /** Bytes that the operation mapped or unmapped. */
  done: f64;
  /** The input address, as the caller writes it, at which it stopped. */
  at: f64;
  /** Bytes of the smallest leaf removed; 0 = none. */
  smallest: f64;
  /** Pages unlinked: a list through the records. */
  unlinkedHead: f64;
  unlinkedTail: f64;
  unlinkedCount: f64;
  /** Numbers for the bindings that an operation documents itself. */
  extra0: f64;
  extra1: f64;
  extra2: f64;
  extra3: f64;
  extra4: f64;
  extra5: f64;
  extra6: f64;
  extra7: f64;
  reserved: f64;
  /** CLASSES slots, EVENTS x 4 f64 (kind, address, bytes, granule), two scratch areas, the plan, the pending entries. */
  slots: u64;
}

const SLOTS: u32 = offsetof<Realm>("slots");
const EVENTS_AT: u32 = SLOTS + CLASSES * offsetof<PoolSlot>();
const SCRATCH_AT: u32 = EVENTS_AT + EVENTS * 32;
const PLAN_AT: u32 = SCRATCH_AT + LIST_BYTES;
const PENDING_AT: u32 = PLAN_AT + PLAN_LEVELS * 16;
const REALM_BYTES: u32 = PENDING_AT + PENDING * PENDING_BYTES;

/** From the superblock on, where the bytes begin that are taken for all else. */
const ARENA_AT: u32 = (SUPERBLOCK_BYTES + 63) & ~63;

let realm: usize = 0;

export class Own {
  @inline static get realm(): Realm {
    return changetype<Realm>(realm);
  }
  @inline static slot(sizeClass: u32): PoolSlot {
    return changetype<PoolSlot>(realm + SLOTS + <usize>sizeClass * offsetof<PoolSlot>());
  }
  @inline static event(index: u32): usize {
    return realm + EVENTS_AT + ((<usize>index) << 5);
  }
  /** A scratch area: 64 bytes, then room for the items of one entry; `which` is 0 or 1. */
  @inline static scratch(which: u32): u32 {
    return <u32>realm + SCRATCH_AT + which * SCRATCH_BYTES;
  }
  /** Whether `at` is in a scratch area, which no device sees. */
  @inline static isScratch(at: usize): bool {
    return at - (realm + SCRATCH_AT) < 2 * SCRATCH_BYTES;
  }
  /** The last address counted at a level (u64), and the pages counted (u32, 8 bytes on). */
  @inline static plan(level: u32): usize {
    return realm + PLAN_AT + ((<usize>level) << 4);
  }
  /** Room to note an entry that was cleared; `index` is below PENDING. */
  @inline static pending(index: u32): usize {
    return realm + PENDING_AT + <usize>index * PENDING_BYTES;
  }
  static clearPlan(): void {
    memory.fill(realm + PLAN_AT, 0, PLAN_LEVELS * 16);
  }
}

/**
 * Lay out the bookkeeping region [at, end), which holds only zeros. The area for pages of the pool starts at `areaStart` (0 units: none), and pages lie in the
 * first `groups` times 64 KiB of the memory. False when the region is too small; nothing but it has been written then.
 */
export function createSuperblock(at: u32, end: u32, areaStart: u32, areaUnits: u32, groups: u32): bool {
  if (end - at < ARENA_AT) return false;
  Shared.set(at);
  const block = Shared.block;
  block.areaStart = areaStart;
  block.areaUnits = areaUnits;
  block.arenaNext = at + ARENA_AT;
  block.arenaEnd = end;
  block.directory = Shared.take(groups << 2);
  return block.directory != 0;
}

/** Make this instance's realm. Returns the offset of its mailbox; 0 when the bookkeeping region is full. */
export function attachRealm(superblock: u32): u32 {
  Shared.set(superblock);
  realm = Shared.take(REALM_BYTES);
  if (realm != 0) atomic.add<u32>(superblock + offsetof<Superblock>("realms"), 1);
  return <u32>realm;
}

/** Where the mailbox has its events. */
export function eventsOffset(): u32 {
  return EVENTS_AT;
}

/** Where a part of a list goes that has to be copied. */
export function listOffset(): u32 {
  return <u32>realm + SCRATCH_AT;
}

/** Bookkeeping bytes that each realm takes. */
export function realmBytes(): u32 {
  return REALM_BYTES;
}
