// From entries of a list to items: the vector loops where the format's items hold addresses as they are, or shifted, and one entry at a time elsewhere and
// for what the loops leave.
import { AnyFormat } from "./anyFormat";
import { Item } from "./item";
import { HALF, Lanes, ListKernel } from "./listKernels";
import { F64Lane, U32Lane, U64Lane } from "./listLanes";
import { ListKind, NO_ADDRESS, PageList } from "./pageList";

let level: u32 = 0;
let attrs: u64 = 0;
/** Items are of 64 bits; a page is one item. */
let wide: bool = false;
let single: bool = false;
/** Up to `linearLast`, an item is the address, moved right by `shift`, and `base`. */
let linearLast: u64 = 0;
let shift: u32 = 0;
let base: u64 = 0;
/** The vector loops know the kind of list and of item; and what makes them shorter still has not failed. */
let vectors: bool = false;
let easy: bool = false;

export class ListItems {
  /** Take from the format what pages with these attributes look like. */
  static begin(newAttrs: u64): void {
    const f = changetype<AnyFormat>(0);
    const pageLg2 = PageList.pageLg2;
    attrs = newAttrs;
    level = f.levelOf(pageLg2);
    wide = f.itemLg2() == 3;
    single = f.shift(level) == pageLg2;
    linearLast = Item.ones(f.linearLg2());
    base = f.leafItem(0, attrs, level, pageLg2);
    const step = f.leafItem((<u64>1) << pageLg2, attrs, level, pageLg2) ^ base;
    shift = pageLg2 - <u32>ctz(step);
    ListItems.setLanes(pageLg2);
  }

  static setLanes(pageLg2: u32): void {
    const valid = PageList.valid & linearLast;
    easy = true;
    if (PageList.kind == ListKind.U64_ADDRESSES) {
      vectors = wide && single && shift == 0;
      Lanes.set(0, valid, base, 0, 0, 0);
    } else if (PageList.kind == ListKind.U32_FRAMES) {
      // The loops multiply by 32 bits.
      vectors = wide && single && pageLg2 - shift < 32;
      Lanes.set(((<u64>1) << (pageLg2 - shift)) * 0x1_0000_0001, valid >> shift, base, 0, 0, 0);
    } else {
      vectors = wide && single;
      // Frames are pages of size 1: all that is said of addresses holds in units of a page.
      const unitLg2 = PageList.kind == ListKind.F64_FRAMES ? <i32>pageLg2 : 0;
      const unit = <i32>shift - unitLg2;
      const exponent = (<u64>(0x433 + unit)) << 52;
      const mantissa = (valid >> shift) & Item.ones(51);
      Lanes.set(exponent | HALF, exponent | mantissa, exponent ^ base, exponent, unit, <i32>pageLg2 - unitLg2);
    }
  }

  @inline static get level(): u32 {
    return level;
  }
  @inline static get attrs(): u64 {
    return attrs;
  }
  /** Whether the vector loops can write such items. */
  @inline static get vectors(): bool {
    return vectors;
  }
  /** Whether a page is one item. */
  @inline static get single(): bool {
    return single;
  }

  @inline static of(oa: u64): u64 {
    return oa <= linearLast ? (oa >> shift) | base : ListItems.beyond(oa);
  }
  static beyond(oa: u64): u64 {
    return changetype<AnyFormat>(0).leafItem(oa, attrs, level, PageList.pageLg2);
  }
  @inline static store(to: usize, index: u32, item: u64): void {
    if (wide) store<u64>(to + ((<usize>index) << 3), item);
    else store<u32>(to + ((<usize>index) << 2), <u32>item);
  }
  @inline static isFree(to: usize, index: u32): bool {
    return (wide ? load<u64>(to + ((<usize>index) << 3)) : <u64>load<u32>(to + ((<usize>index) << 2))) == 0;
  }

  /** Items of the next `count` entries, to a table that nobody sees. Fewer than `count`: the one after those has no address. */
  static write(to: usize, count: u32): u32 {
    let done = count & ~7;
    if (!vectors || done == 0 || !ListItems.writeLanes(to, done)) done = 0;
    for (; done < count; done++) {
      const oa = PageList.read(PageList.entry(done));
      if (oa == NO_ADDRESS) break;
      ListItems.store(to, done, ListItems.of(oa));
    }
    return done;
  }
  static writeLanes(to: usize, count: u32): bool {
    if (PageList.kind == ListKind.U64_ADDRESSES) return ListKernel.write<U64Lane>(to, PageList.at, count);
    const frames = PageList.kind == ListKind.U32_FRAMES;
    if (easy) {
      const from = PageList.at;
      if (frames ? ListKernel.writeFrames(to, from, count) : ListKernel.writeNumbers(to, from, count)) return true;
    }
    easy = false;
    return frames
      ? ListKernel.write<U32Lane>(to, PageList.at, count)
      : ListKernel.write<F64Lane>(to, PageList.at, count);
  }

  /** The same in a table that may be in use: stops where an item stands as well. */
  static writeFree(to: usize, count: u32): u32 {
    let done = count & ~7;
    if (vectors && done != 0) done = ListItems.writeFreeLanes(to, done);
    else done = 0;
    for (; done < count && ListItems.isFree(to, done); done++) {
      const oa = PageList.read(PageList.entry(done));
      if (oa == NO_ADDRESS) break;
      ListItems.store(to, done, ListItems.of(oa));
    }
    return done;
  }
  static writeFreeLanes(to: usize, count: u32): u32 {
    if (PageList.kind == ListKind.U64_ADDRESSES) return ListKernel.writeFree<U64Lane>(to, PageList.at, count);
    if (PageList.kind == ListKind.U32_FRAMES) return ListKernel.writeFree<U32Lane>(to, PageList.at, count);
    return ListKernel.writeFree<F64Lane>(to, PageList.at, count);
  }

  /** How many of the next `count` entries have an address, up to the first that has none. */
  static check(count: u32): u32 {
    let done = count & ~7;
    done = vectors && done != 0 ? ListItems.checkLanes(done) : 0;
    while (done < count && PageList.address(PageList.entry(done)) != NO_ADDRESS) done++;
    return done;
  }
  static checkLanes(count: u32): u32 {
    if (PageList.kind == ListKind.U64_ADDRESSES) return ListKernel.check<U64Lane>(PageList.at, count);
    if (PageList.kind == ListKind.U32_FRAMES) return ListKernel.check<U32Lane>(PageList.at, count);
    return ListKernel.check<F64Lane>(PageList.at, count);
  }

  /** How many of `count` entries from `index` on are neighbours, the first of them at `oa`; all of these have addresses. */
  static follow(index: u32, count: u32, oa: u64): u32 {
    let done = count & ~3;
    // Frame numbers of 32 bits end where the loop would go on with 0.
    if (PageList.kind == ListKind.U32_FRAMES && (oa >> PageList.pageLg2) + count > 0xffff_ffff) done = 0;
    if (done != 0) done = ListItems.followLanes(PageList.entry(index), done, oa);
    const pageLg2 = PageList.pageLg2;
    while (done < count && PageList.address(PageList.entry(index + done)) == oa + ((<u64>done) << pageLg2)) done++;
    return done;
  }
  static followLanes(from: usize, count: u32, oa: u64): u32 {
    const kind = PageList.kind;
    const pageLg2 = PageList.pageLg2;
    if (kind == ListKind.U32_FRAMES) {
      const frame = <u32>(oa >> pageLg2);
      const next = frame + 1;
      const pair = i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(0), 0, frame), 1, next);
      return ListKernel.follow<U32Lane>(from, count, pair, i32x4(2, 2, 0, 0));
    }
    const first = kind == ListKind.F64_FRAMES ? oa >> pageLg2 : oa;
    const step = kind == ListKind.F64_FRAMES ? 1 : (<u64>1) << pageLg2;
    if (kind == ListKind.U64_ADDRESSES) {
      const pair = i64x2.replace_lane(i64x2.splat(first), 1, first + step);
      return ListKernel.follow<U64Lane>(from, count, pair, i64x2.splat(step << 1));
    }
    const pair = f64x2.replace_lane(f64x2.splat(<f64>first), 1, <f64>(first + step));
    return ListKernel.follow<F64Lane>(from, count, pair, f64x2.splat(<f64>(step << 1)));
  }
}
