// Reading and writing single items, of 32 or 64 bits.
import { Format } from "../format/format";
import { Race } from "../memory/race";
import { Op } from "./operation";

export class Item {
  /** No output address. */
  static readonly NONE: u64 = <u64>-1;

  @inline static load<F extends Format>(at: usize): u64 {
    return changetype<F>(0).itemLg2() == 3 ? load<u64>(at) : <u64>load<u32>(at);
  }
  @inline static store<F extends Format>(at: usize, item: u64): void {
    if (changetype<F>(0).itemLg2() == 3) store<u64>(at, item);
    else store<u32>(at, <u32>item);
  }
  /** Publish an item where there is none. False: somebody else was first. */
  @inline static publish<F extends Format>(at: usize, item: u64): bool {
    Race.window();
    const isFirst =
      changetype<F>(0).itemLg2() == 3
        ? atomic.cmpxchg<u64>(at, 0, item) == 0
        : atomic.cmpxchg<u32>(at, 0, <u32>item) == 0;
    if (!isFirst) Race.lost();
    return isFirst;
  }
  /** Replace an item that somebody else may be changing. False: it was not `old` any more. */
  @inline static exchange<F extends Format>(at: usize, old: u64, item: u64): bool {
    return changetype<F>(0).itemLg2() == 3
      ? atomic.cmpxchg<u64>(at, old, item) == old
      : <u64>atomic.cmpxchg<u32>(at, <u32>old, <u32>item) == old;
  }
  /** The attributes of a leaf item. An encryption bit is one of them, although it stands among the address bits. */
  @inline static attrs<F extends Format>(item: u64, level: u32): u64 {
    const f = changetype<F>(0);
    return f.mayEncrypt() ? f.leafAttrs(item, level) | (item & ~Op.addressMask) : f.leafAttrs(item, level);
  }
  /** The output address of a leaf item, without an encryption bit. */
  @inline static oa<F extends Format>(item: u64, level: u32): u64 {
    const f = changetype<F>(0);
    return f.mayEncrypt() ? f.leafOa(item, level) & Op.addressMask : f.leafOa(item, level);
  }
  /** The output address of `va` through a leaf item. */
  @inline static output<F extends Format>(item: u64, level: u32, va: u64): u64 {
    const f = changetype<F>(0);
    const span = f.sameItems() ? f.shift(level) + f.contigLg2(item, level) : f.shift(level);
    const oa = f.leafOa(item, level) | (va & Item.ones(span));
    return f.mayEncrypt() ? oa & Op.addressMask : oa;
  }
  /** The index of the item for `va` in a table that is not the root. */
  @inline static index<F extends Format>(va: u64, level: u32): usize {
    const f = changetype<F>(0);
    return <usize>(va >> <u64>f.shift(level)) & ((1 << f.indexLg2(level)) - 1);
  }
  /** Where the item for `va` is in `table`; the root, at level `top`, may have more or fewer items than others. */
  @inline static slot<F extends Format>(table: u32, va: u64, level: u32, top: u32): usize {
    const f = changetype<F>(0);
    const index = level == top ? <usize>(va >> <u64>f.shift(level)) : Item.index<F>(va, level);
    return <usize>table + (index << f.itemLg2());
  }
  /** The last address that the table at `level` which holds `va` translates. */
  @inline static tableLast<F extends Format>(va: u64, level: u32): u64 {
    const f = changetype<F>(0);
    return va | Item.ones(f.shift(level) + f.indexLg2(level));
  }
  /** The last address that the item for `va` translates. */
  @inline static last<F extends Format>(va: u64, level: u32): u64 {
    return va | Item.ones(changetype<F>(0).shift(level));
  }
  /** 2^lg2 - 1, for 0..64. */
  @inline static ones(lg2: u32): u64 {
    return lg2 >= 64 ? <u64>-1 : ((<u64>1) << lg2) - 1;
  }
}
