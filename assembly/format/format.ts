/**
 * The contract of a page-table format. A format is one file of facts: where its bits are and what they mean. It holds no loop, no memory access
 * and no state; everything that walks or changes a table is written once, in core/, over these methods.
 *
 * Words: an *item* is one word in a table, an *entry* is what it means: one item, or 2^contig items that together are one leaf. `level` 0 is the
 * level of the smallest leaves. `oa` is an output address, `Lg2` ends the name of a log2.
 *
 * A format is never instantiated: core functions take it as a type parameter and write `changetype<F>(0).isTable(item, level)`, which compiles to
 * the inlined body. Hence every method here is abstract: a concrete method that one format overrides would become a virtual call through the null
 * `this` (warning AS228, which fails the build). A method that a format lacks is a compile error.
 *
 * An item of 0 is empty in every format. Items of 32 bits are zero-extended.
 */
export abstract class Format {
  /** log2 of the bytes of an item: 2 or 3. */
  abstract itemLg2(): u32;

  /** log2 of the bytes that one item at `level` maps. */
  abstract shift(level: u32): u32;

  /** log2 of the number of items in a table at `level`; roots may be smaller or larger. */
  abstract indexLg2(level: u32): u32;

  /** The level whose tables hold leaves of this size; a contiguous leaf belongs to the level of its items. */
  abstract levelOf(sizeLg2: u32): u32;

  /**
   * Whether the item points to a table of the next level. Reserved encodings answer false here and in `isLeaf`. The same bits decide it for all items:
   * some of a table item are as `tableItem(0, level)` has them (level by level the same number more), and of the rest of those at least one is set.
   */
  abstract isTable(item: u64, level: u32): bool;

  /** Whether the item is (an item of) a leaf. */
  abstract isLeaf(item: u64, level: u32): bool;

  /** The physical address of the table that a table item points to: each of its bits is one of the item's, or 0. */
  abstract tablePaddr(item: u64, level: u32): u64;

  /** The item at `level` that points to the table at `paddr`, without the attributes that the configuration adds. */
  abstract tableItem(paddr: u64, level: u32): u64;

  /** The output address in a leaf item: of the whole entry where `sameItems`, else of this item. */
  abstract leafOa(item: u64, level: u32): u64;

  /** The (first) item of a leaf of this size at `level`, the attributes made by the bindings included. For the address in it see `linearLg2`. */
  abstract leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64;

  /** What of a leaf item is attributes: `leafItem(leafOa(i), leafAttrs(i), level, size) == i`, and again so at another size. */
  abstract leafAttrs(item: u64, level: u32): u64;

  /** log2 of the number of items in the entry that this leaf item is part of. */
  abstract contigLg2(item: u64, level: u32): u32;

  /** Bits of a leaf item that are all zero exactly when it is an entry of one item; 0 where a format has no contiguous entries. */
  abstract contigMask(): u64;

  /** Whether the items of a contiguous entry are identical (AMDv1, NAPOT) or each hold their own address (ARM's contiguous hint). */
  abstract sameItems(): bool;

  /** Within naturally aligned blocks of this log2 the address field of items grows linearly with the address; 64 = everywhere. */
  abstract linearLg2(): u32;

  /** Whether a bit among the address bits may mark memory as encrypted; which one, the bindings say (`Table.addressMask`). */
  abstract mayEncrypt(): bool;

  /**
   * The accesses that an item lets through, as `Permit` bits; a table item gives what it leaves to the leaves below it. `variant` is a number that
   * the bindings gave at creation, for formats whose attribute bits have several meanings (ARM: stage 1 or 2).
   */
  abstract permits(item: u64, level: u32, leaf: bool, variant: u32): u32;
}

/** Accesses that an item permits: one bit per privilege and kind. The bindings translate `Access` into one of these masks. */
export class Permit {
  static readonly USER_READ: u32 = 1;
  static readonly USER_WRITE: u32 = 2;
  static readonly USER_EXECUTE: u32 = 4;
  static readonly PRIV_READ: u32 = 8;
  static readonly PRIV_WRITE: u32 = 16;
  static readonly PRIV_EXECUTE: u32 = 32;
  static readonly USER_DATA: u32 = Permit.USER_READ | Permit.USER_WRITE;
  static readonly USER: u32 = Permit.USER_DATA | Permit.USER_EXECUTE;
  static readonly WRITE: u32 = Permit.USER_WRITE | Permit.PRIV_WRITE;
  static readonly EXECUTE: u32 = Permit.USER_EXECUTE | Permit.PRIV_EXECUTE;
  static readonly ALL: u32 = Permit.USER_READ | Permit.PRIV_READ | Permit.WRITE | Permit.EXECUTE;
  /** The same answer for both privileges. */
  @inline static both(read: bool, write: bool, execute: bool): u32 {
    return (<u32>read | ((<u32>write) << 1) | ((<u32>execute) << 2)) * 9;
  }
}
