import { Shared, Superblock } from "../memory/superblock";

/** Levels that any format may have, and lists that a caller's pages wait on. */
export const MAX_LEVELS: u32 = 8;

@unmanaged
export class Table {
  /** Link of free descriptors; position in the list of formats. */
  format: u32;
  /** Root offset and top level: one word, so that growth changes both at once. */
  root: u32;
  top: u32;
  /** Changes whenever a table page is unlinked: what a realm remembers of an older number is void. */
  generation: u32;
  /** 1 once a second realm may use the table: counts of live items are not kept from then on. */
  shared: u32;
  /** 1: table pages come from `reserve`, filled by the bindings from the caller's allocator. */
  callerPages: u32;
  /** 1: the walker does not snoop; every run of items written is an event. */
  incoherent: u32;
  /** 1: input addresses above the lower half are valid as well (sign extension). */
  signed: u32;
  /** The lowest valid input address, and how many bytes beyond its first the space (with `signed`: the lower half) has. */
  spaceFirst: u64;
  spaceSpan: u64;
  /** The input address bits that select an entry. */
  mask: u64;
  /** The highest output address. */
  oaLast: u64;
  /** The highest physical address that the items and registers can say of a table. */
  tableLast: u64;
  /** Attributes of every table item. */
  tableAttrs: u64;
  /** Software bit of table items for a walker that does not snoop: the item was written back, so that other mappers need not. 0: the format has none. */
  writtenBit: u64;
  /** Leaf sizes in use, as a bitmap of bytes. */
  sizes: u64;
  /** All bits of an address but the encryption bit. */
  addressMask: u64;
  /** A leaf item is dirty when `item & dirtyMask == dirtyValue`, and the same one clean is `item ^ dirtyFlip`. Mask 0: the table keeps no such state. */
  dirtyMask: u64;
  dirtyValue: u64;
  dirtyFlip: u64;
  /** Attribute bits that may not change in a live entry (`BreakMode`). */
  memoryMask: u64;
  breakMode: u32;
  /** 1: table pages come from `reserve`, filled from the pool, while an operation runs that must not fail. */
  stocked: u32;
  /** 1 once tables may hang below several entries: calls that change such a table make it their own first. */
  repeats: u32;
  /** See `Format.permits`. */
  variant: u32;
  /** log2 of the smallest leaf size in use. */
  pageLg2: u32;
  /** 1 while prepared updates hold ranges of the table. */
  held: u32;
  /** What the short way for single pages needs to know of the format: see `SinglePage`. */
  pageBytes: f64;
  quickLast: u64;
  quickMask: u64;
  /** Up to so many bytes are no larger leaf; 0 where the short way is closed. */
  runBytes: u64;
  quickShift: u32;
  quickIndexMask: u32;
  quickTagShift: u32;
  reserve0: u32;
}

/**
 * Of the protections that have no explicit parts, behind the lists of reserved pages: the attribute bits (0 = refused), and the item of the smallest page at
 * output address 0.
 */
const PLAIN_PROTS: u32 = 64;
const ATTRS_AT: u32 = (offsetof<Table>("reserve0") + MAX_LEVELS * 4 + 7) & ~7;
/** Behind those: the table above several roots, which takes the place of the device's root registers. */
const SELECTOR_AT: u32 = ATTRS_AT + PLAIN_PROTS * 16;
const MAX_ROOTS: u32 = 4;
export const TABLE_BYTES: u32 = SELECTOR_AT + MAX_ROOTS * 8;

/** Where the table above the roots is; the core's root of a table that has several. */
export function selectorOf(handle: u32): u32 {
  return handle + SELECTOR_AT;
}

export class Attributes {
  @inline static of(t: Table, prot: u32): u64 {
    return load<u64>(Attributes.at(t, prot));
  }
  @inline static item(t: Table, prot: u32): u64 {
    return load<u64>(Attributes.at(t, prot), 8);
  }
  @inline static set(t: Table, prot: u32, attrs: u64, item: u64): void {
    store<u64>(Attributes.at(t, prot), attrs);
    store<u64>(Attributes.at(t, prot), item, 8);
  }
  @inline static at(t: Table, prot: u32): usize {
    return changetype<usize>(t) + ATTRS_AT + ((<usize>prot & (PLAIN_PROTS - 1)) << 4);
  }
}

/** Statuses of operations: 0 and up is success. The bindings know the same numbers. */
export class Status {
  static readonly OK: i32 = 0;
  /** The event buffer is nearly full: read it, then call again for the rest. */
  static readonly MORE: i32 = 1;
  /** A leaf sticks out of the range: see `carve`. */
  static readonly SPLIT: i32 = 2;
  /** Done, and there are events or unlinked pages to read. */
  static readonly EVENTS: i32 = 4;
  /** Done: what was asked for was unmapped in smallest pages, is to be flushed as such, and there is nothing to read. */
  static readonly FLUSH: i32 = 5;
  /** Entries must be cleared and flushed before the next step. */
  static readonly BREAK: i32 = 6;
  static readonly EINVAL: i32 = -1;
  static readonly ERANGE: i32 = -2;
  static readonly EEXIST: i32 = -3;
  static readonly ENOMEM: i32 = -4;
  static readonly EFAULT: i32 = -5;
}

export class Tables {
  /** A table page was unlinked: what realms remember of this table is void. */
  @inline static unlinked(t: Table): void {
    if (t.shared) atomic.add<u32>(changetype<usize>(t) + offsetof<Table>("generation"), 1);
    else t.generation += 1;
  }
}

/** A new descriptor; 0 when the bookkeeping region is full. Its words are undefined but for `generation`, which goes on from the last use. */
export function createTable(): u32 {
  const at = changetype<usize>(Shared.block) + offsetof<Superblock>("freeTables");
  const free = atomic.load<u32>(at);
  if (free != 0) {
    // Tables are made and destroyed by whoever has them alone; a lost race only wastes a descriptor.
    if (atomic.cmpxchg<u32>(at, free, changetype<Table>(<usize>free).format) == free) return free;
  }
  return Shared.take(TABLE_BYTES);
}

/** The descriptor is not used any more. */
export function freeTable(handle: u32): void {
  const at = changetype<usize>(Shared.block) + offsetof<Superblock>("freeTables");
  changetype<Table>(<usize>handle).generation += 1;
  changetype<Table>(<usize>handle).format = atomic.load<u32>(at);
  atomic.store<u32>(at, handle);
}

/** The bindings write a new descriptor through `setTable`; addresses of 64 bits come as two halves. */
export function setTable(handle: u32, format: u32, root: u32, top: u32, variant: u32, pageLg2: u32): void {
  const t = changetype<Table>(<usize>handle);
  t.format = format;
  t.root = root;
  t.top = top;
  t.variant = variant;
  t.pageLg2 = pageLg2;
  t.generation += 1;
  t.shared = 0;
  t.stocked = 0;
  t.repeats = 0;
  t.held = 0;
  memory.fill(handle + offsetof<Table>("reserve0"), 0xff, MAX_LEVELS * 4);
}
export function setTableFlags(handle: u32, callerPages: u32, incoherent: u32, signed: u32): void {
  const t = changetype<Table>(<usize>handle);
  t.callerPages = callerPages;
  t.incoherent = incoherent;
  t.signed = signed;
}
export function setTableSpace(handle: u32, first: f64, spanBits: u32, maskBits: u32, oaBits: u32): void {
  const t = changetype<Table>(<usize>handle);
  t.spaceFirst = <u64>first;
  t.spaceSpan = bitsBelow(spanBits);
  t.mask = bitsBelow(maskBits);
  t.oaLast = bitsBelow(oaBits);
}
export function setTableAttributes(
  handle: u32,
  low: u32,
  high: u32,
  sizesLow: u32,
  sizesHigh: u32,
  encryptionBit: u32,
): void {
  const t = changetype<Table>(<usize>handle);
  t.addressMask = encryptionBit == 0 ? <u64>-1 : ~((<u64>1) << encryptionBit);
  t.tableAttrs = <u64>low | ((<u64>high) << 32);
  t.sizes = <u64>sizesLow | ((<u64>sizesHigh) << 32);
}
export function setTableBreaks(handle: u32, mode: u32, low: u32, high: u32): void {
  const t = changetype<Table>(<usize>handle);
  t.breakMode = mode;
  t.memoryMask = <u64>low | ((<u64>high) << 32);
}
export function setTableReach(handle: u32, bits: u32): void {
  changetype<Table>(<usize>handle).tableLast = bitsBelow(bits);
}
export function setTableWrittenBit(handle: u32, low: u32, high: u32): void {
  const t = changetype<Table>(<usize>handle);
  t.writtenBit = <u64>low | ((<u64>high) << 32);
  t.tableAttrs |= t.writtenBit;
}
export function setTableDirty(
  handle: u32,
  maskLow: u32,
  maskHigh: u32,
  valueLow: u32,
  valueHigh: u32,
  flipLow: u32,
  flipHigh: u32,
): void {
  const t = changetype<Table>(<usize>handle);
  t.dirtyMask = <u64>maskLow | ((<u64>maskHigh) << 32);
  t.dirtyValue = <u64>valueLow | ((<u64>valueHigh) << 32);
  t.dirtyFlip = <u64>flipLow | ((<u64>flipHigh) << 32);
}
export function setTableHeld(handle: u32, held: u32): void {
  changetype<Table>(<usize>handle).held = held;
}
/** From now on other realms may use the table. */
export function setTableShared(handle: u32): void {
  atomic.store<u32>(<usize>handle + offsetof<Table>("shared"), 1);
}

function bitsBelow(bits: u32): u64 {
  return bits >= 64 ? <u64>-1 : ((<u64>1) << bits) - 1;
}
