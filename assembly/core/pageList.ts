// The list that is being mapped: where it lies, what its values mean, and which of them are addresses that a page can have.
import { Address } from "./address";
import { Item } from "./item";

/** What the values of a list are. The bindings know the same numbers. */
export class ListKind {
  static readonly F64_ADDRESSES: u32 = 0;
  static readonly F64_FRAMES: u32 = 1;
  static readonly U64_ADDRESSES: u32 = 2;
  static readonly U32_FRAMES: u32 = 3;
  /** Pairs of f64: where an extent begins, and its bytes. */
  static readonly EXTENTS: u32 = 4;
}

/** No output address: a value that is no integer, is misaligned, or lies outside the output space. */
export const NO_ADDRESS: u64 = <u64>-1;

let kind: u32 = 0;
let pageLg2: u32 = 0;
/** log2 of the bytes of an entry. */
let strideLg2: u32 = 0;
let valid: u64 = 0;
let at: usize = 0;
let left: u32 = 0;

export class PageList {
  /** Lists from now on hold values of `ofKind`, for pages of 2^sizeLg2 bytes; `mask`: the bits that an output address may have. */
  static begin(ofKind: u32, sizeLg2: u32, mask: u64): void {
    kind = ofKind;
    pageLg2 = sizeLg2;
    strideLg2 = ofKind == ListKind.U32_FRAMES ? 2 : ofKind == ListKind.EXTENTS ? 4 : 3;
    valid = mask & ~Item.ones(sizeLg2);
  }

  /** The list, or the next part of it: `count` entries at `offset`. */
  @inline static place(offset: usize, count: u32): void {
    at = offset;
    left = count;
  }

  @inline static get kind(): u32 {
    return kind;
  }
  @inline static get pageLg2(): u32 {
    return pageLg2;
  }
  /** The bits that the address of a page may have. */
  @inline static get valid(): u64 {
    return valid;
  }
  /** The next entry, and how many are left. */
  @inline static get at(): usize {
    return at;
  }
  @inline static get left(): u32 {
    return left;
  }

  @inline static entry(index: u32): usize {
    return at + ((<usize>index) << strideLg2);
  }
  @inline static advance(count: u32): void {
    at = PageList.entry(count);
    left -= count;
  }

  /** The output address that the entry at `entry` stands for, or NO_ADDRESS. */
  static address(entry: usize): u64 {
    return PageList.read(entry);
  }

  /** The same, for loops. */
  @inline static read(entry: usize): u64 {
    let oa: u64;
    if (kind == ListKind.U64_ADDRESSES) {
      oa = load<u64>(entry);
    } else if (kind == ListKind.U32_FRAMES) {
      oa = (<u64>load<u32>(entry)) << pageLg2;
    } else {
      const x = load<f64>(entry);
      const bits = Address.bits(x);
      if (bits >> 52 == 0 && <f64>(<i64>bits) == x) oa = kind == ListKind.F64_FRAMES ? bits << pageLg2 : bits;
      else oa = PageList.unusual(x);
      // What is shifted out of a frame number would not be missed.
      if (kind == ListKind.F64_FRAMES && oa >> pageLg2 != bits) return NO_ADDRESS;
    }
    return (oa & ~valid) == 0 ? oa : NO_ADDRESS;
  }

  /** Of a number that is no integer below 2^52. */
  static unusual(x: f64): u64 {
    return kind != ListKind.F64_FRAMES && Address.exactBig(x) ? Address.big(x) : NO_ADDRESS;
  }

  /** Whether `count` entries from `index` on can be neighbours: the first two are, and the last is as far away as it would be. */
  @inline static mayBeRun(index: u32, count: u32): bool {
    return count == 1 || (PageList.areApart(index, 1) && PageList.areApart(index, count - 1));
  }

  /** Whether the entry `pages` after the one at `index` is that many pages further. */
  @inline static areApart(index: u32, pages: u32): bool {
    const first = PageList.entry(index);
    const other = PageList.entry(index + pages);
    if (kind == ListKind.U32_FRAMES) return load<u32>(other) - load<u32>(first) == pages;
    const distance = (<u64>pages) << (kind == ListKind.F64_FRAMES ? 0 : pageLg2);
    if (kind == ListKind.U64_ADDRESSES) return load<u64>(other) - load<u64>(first) == distance;
    return load<f64>(other) - load<f64>(first) == <f64>(<i64>distance);
  }

  /** How many pages from `oa` on are neighbours that all have an address: 0 when `oa` has none. */
  @inline static room(oa: u64): u64 {
    if ((oa & ~valid) != 0) return 0;
    // The lowest bit that no address has: an encryption bit, or the end of the output space.
    const limit = ~(valid | Item.ones(pageLg2));
    const block = Item.ones(<u32>ctz(limit));
    return (((oa | block) - oa) >> pageLg2) + 1;
  }
  /** The bytes of the extent at `entry`; 0 where it is none: not of whole pages, or not all of it addresses. */
  static extentBytes(entry: usize): u64 {
    const oa = PageList.address(entry);
    const bytes = Address.exact(load<f64>(entry, 8)) ? Address.of(load<f64>(entry, 8)) : 0;
    if (oa == NO_ADDRESS || (bytes & Item.ones(pageLg2)) != 0) return 0;
    return bytes >> pageLg2 <= PageList.room(oa) ? bytes : 0;
  }
}
