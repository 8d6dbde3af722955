// The loops over lists: two entries to a vector, four vectors to a step, all checks in the same pass.
//
// The loops test at their end: V8 moves what is constant out of a loop only when the whole body is sure to run, and otherwise makes each `splat` anew in
// each step (0.53 instead of 0.35 ns per number measured).
import { Lane } from "./listLanes";

/** What is constant. */
export class Lanes {
  /**
   * `align` brings an entry's bits in place: it is added to a number, and a frame number of 32 bits is multiplied by it; `mask` has the bits that may then be
   * set; `encode` makes an item of an aligned entry; `origin` is what `align` added, once `mask` has cleared what is not address. Of a number, the last
   * mantissa bit is then worth 2^unit; that of a page, 2^page.
   */
  static set(newAlign: u64, newMask: u64, newEncode: u64, newOrigin: u64, newUnit: i32, newPage: i32): void {
    align = newAlign;
    mask = newMask;
    encode = newEncode;
    origin = newOrigin;
    unit = newUnit;
    page = newPage;
  }
}

let align: u64 = 0;
let mask: u64 = 0;
let encode: u64 = 0;
let origin: u64 = 0;
let unit: i32 = 0;
let page: i32 = 0;

/** The bit that `align` sets beside the address. */
export const HALF: u64 = 1 << 51;

/** Of the number 2^52. */
const HIGH_HALF: u64 = 0x4330_0000;

/** What a step of `write` and `writeNumbers` takes. A table of fewer items is written the longer way. */
export const WHOLE_STEP: u32 = 8;

/** `count` is not 0, and a multiple of what a step takes: 8 entries, or 4 in `follow`. */
export class ListKernel {
  /** Items for the entries at `from`, into a table that nobody sees. False: at least one entry is no address, and what was written is void. */
  static write<L extends Lane>(to: usize, from: usize, count: u32): bool {
    const l = changetype<L>(0);
    const by = i64x2.splat(align);
    const allowed = i64x2.splat(mask);
    const code = i64x2.splat(encode);
    const base = i64x2.splat(origin);
    let stray = i64x2.splat(0);
    const end = from + ((<usize>count) << l.strideLg2());
    do {
      const x0 = l.load(from, 0);
      const y0 = l.align(x0, by, allowed);
      v128.store(to, l.encode(y0, code));
      stray = v128.or(stray, l.stray(x0, y0, allowed, base));
      const x1 = l.load(from, 1);
      const y1 = l.align(x1, by, allowed);
      v128.store(to, l.encode(y1, code), 16);
      stray = v128.or(stray, l.stray(x1, y1, allowed, base));
      const x2 = l.load(from, 2);
      const y2 = l.align(x2, by, allowed);
      v128.store(to, l.encode(y2, code), 32);
      stray = v128.or(stray, l.stray(x2, y2, allowed, base));
      const x3 = l.load(from, 3);
      const y3 = l.align(x3, by, allowed);
      v128.store(to, l.encode(y3, code), 48);
      stray = v128.or(stray, l.stray(x3, y3, allowed, base));
      from += 8 << l.strideLg2();
      to += 64;
    } while (from != end);
    return !v128.any_true(stray);
  }

  /**
   * The same for numbers, without reading each back (0.27 instead of 0.34 ns): of all entries together it keeps the bits of the aligned ones, the bits of
   * the numbers as they came, and the least. False: these do not prove that all are addresses; `write` finds out.
   *
   * A step is two halves, since V8 looks for interrupts at the head of each loop. The way out between them keeps apart what would otherwise
   * all be loaded first, and find no registers.
   */
  static writeNumbers(to: usize, from: usize, count: u32): bool {
    const by = i64x2.splat(align);
    const code = i64x2.splat(encode ^ HALF);
    let aligned = i64x2.splat(0);
    let raw = i64x2.splat(0);
    let least = f64x2.splat(Infinity);
    const end = from + ((<usize>count) << 3);
    const lastHalf = end - 64;
    do {
      let x0 = v128.load(from);
      let x1 = v128.load(from, 16);
      let x2 = v128.load(from, 32);
      let x3 = v128.load(from, 48);
      let y0 = f64x2.add(x0, by);
      let y1 = f64x2.add(x1, by);
      let y2 = f64x2.add(x2, by);
      let y3 = f64x2.add(x3, by);
      v128.store(to, v128.xor(y0, code));
      v128.store(to, v128.xor(y1, code), 16);
      v128.store(to, v128.xor(y2, code), 32);
      v128.store(to, v128.xor(y3, code), 48);
      aligned = v128.or(aligned, ListKernel.bits(y0, y1, y2, y3));
      raw = v128.or(raw, ListKernel.bits(x0, x1, x2, x3));
      least = f64x2.pmin(least, ListKernel.least(x0, x1, x2, x3));
      if (from == lastHalf) break;
      x0 = v128.load(from, 64);
      x1 = v128.load(from, 80);
      x2 = v128.load(from, 96);
      x3 = v128.load(from, 112);
      y0 = f64x2.add(x0, by);
      y1 = f64x2.add(x1, by);
      y2 = f64x2.add(x2, by);
      y3 = f64x2.add(x3, by);
      v128.store(to, v128.xor(y0, code), 64);
      v128.store(to, v128.xor(y1, code), 80);
      v128.store(to, v128.xor(y2, code), 96);
      v128.store(to, v128.xor(y3, code), 112);
      aligned = v128.or(aligned, ListKernel.bits(y0, y1, y2, y3));
      raw = v128.or(raw, ListKernel.bits(x0, x1, x2, x3));
      least = f64x2.pmin(least, ListKernel.least(x0, x1, x2, x3));
      from += 128;
      to += 128;
    } while (from != end);
    return ListKernel.areAddresses(
      i64x2.extract_lane(aligned, 0) | i64x2.extract_lane(aligned, 1),
      i64x2.extract_lane(raw, 0) | i64x2.extract_lane(raw, 1),
      min<f64>(f64x2.extract_lane(least, 0), f64x2.extract_lane(least, 1)),
    );
  }
  @inline static bits(a: v128, b: v128, c: v128, d: v128): v128 {
    return v128.or(v128.or(a, b), v128.or(c, d));
  }
  @inline static least(a: v128, b: v128, c: v128, d: v128): v128 {
    return f64x2.pmin(f64x2.pmin(a, b), f64x2.pmin(c, d));
  }

  /**
   * Whether numbers are addresses of which this is known. Those below 2^(top + 1) that are multiples of a page have at least `zeros` zeros at the end of
   * their mantissas. The other way round, a number with so many zeros is a multiple of 2^unit, and hence was aligned without loss, if it is not
   * smaller than 2^(top - page + unit). Page 0 is, and is for `write` to find.
   */
  static areAddresses(aligned: u64, raw: u64, least: f64): bool {
    if ((aligned & ~(mask | HALF)) != 0) return false;
    const address = aligned & mask & (HALF - 1);
    if (address == 0) return false;
    const top = 63 - <i32>clz(address) + unit;
    const zeros = min<i32>(52 - top + page, 52);
    if (<i32>ctz(raw) < zeros) return false;
    return least >= reinterpret<f64>((<u64>(1023 + top - page + unit)) << 52);
  }

  /**
   * The same for frame numbers of 32 bits. Interleaved with the high half of 2^52 they are numbers above 2^52 where they lie; 1.5 * 2^(52 - n) in its place
   * has them n bits higher. So two entries take a shuffle, a sum and an exclusive or.
   */
  static writeFrames(to: usize, from: usize, count: u32): bool {
    const n = ctz(align);
    const origin = ((0x433 - n) << 52) | HALF;
    const high = i32x4.splat(<i32>HIGH_HALF);
    const by = f64x2.splat(reinterpret<f64>(origin) - reinterpret<f64>(HIGH_HALF << 32));
    const code = i64x2.splat(encode ^ origin);
    let seen = i64x2.splat(0);
    const end = from + ((<usize>count) << 2);
    do {
      const x0 = v128.load(from);
      const x1 = v128.load(from, 16);
      v128.store(to, v128.xor(f64x2.add(ListKernel.low(x0, high), by), code));
      v128.store(to, v128.xor(f64x2.add(ListKernel.high(x0, high), by), code), 16);
      v128.store(to, v128.xor(f64x2.add(ListKernel.low(x1, high), by), code), 32);
      v128.store(to, v128.xor(f64x2.add(ListKernel.high(x1, high), by), code), 48);
      seen = v128.or(seen, v128.or(x0, x1));
      from += 32;
      to += 64;
    } while (from != end);
    const both = i64x2.extract_lane(seen, 0) | i64x2.extract_lane(seen, 1);
    return ((both | (both >> 32)) & 0xffff_ffff & ~((mask & (HALF - 1)) >> n)) == 0;
  }
  @inline static low(x: v128, y: v128): v128 {
    return v128.shuffle<i32>(x, y, 0, 4, 1, 5);
  }
  @inline static high(x: v128, y: v128): v128 {
    return v128.shuffle<i32>(x, y, 2, 6, 3, 7);
  }

  /** As `write`, into a table that may be in use: stops at the eight that have an item in the way or an entry that is no address. Returns how many it wrote. */
  static writeFree<L extends Lane>(to: usize, from: usize, count: u32): u32 {
    const l = changetype<L>(0);
    const by = i64x2.splat(align);
    const allowed = i64x2.splat(mask);
    const code = i64x2.splat(encode);
    const base = i64x2.splat(origin);
    const start = to;
    const end = to + ((<usize>count) << 3);
    do {
      const x0 = l.load(from, 0);
      const x1 = l.load(from, 1);
      const x2 = l.load(from, 2);
      const x3 = l.load(from, 3);
      const y0 = l.align(x0, by, allowed);
      const y1 = l.align(x1, by, allowed);
      const y2 = l.align(x2, by, allowed);
      const y3 = l.align(x3, by, allowed);
      const used = v128.or(v128.or(v128.load(to), v128.load(to, 16)), v128.or(v128.load(to, 32), v128.load(to, 48)));
      const stray = v128.or(
        v128.or(l.stray(x0, y0, allowed, base), l.stray(x1, y1, allowed, base)),
        v128.or(l.stray(x2, y2, allowed, base), l.stray(x3, y3, allowed, base)),
      );
      if (v128.any_true(v128.or(used, stray))) break;
      v128.store(to, l.encode(y0, code));
      v128.store(to, l.encode(y1, code), 16);
      v128.store(to, l.encode(y2, code), 32);
      v128.store(to, l.encode(y3, code), 48);
      from += 8 << l.strideLg2();
      to += 64;
    } while (to != end);
    return <u32>((to - start) >> 3);
  }

  /** How many of the entries at `from` are addresses, up to the eight that have one that is not. */
  static check<L extends Lane>(from: usize, count: u32): u32 {
    const l = changetype<L>(0);
    const by = i64x2.splat(align);
    const allowed = i64x2.splat(mask);
    const base = i64x2.splat(origin);
    const start = from;
    const end = from + ((<usize>count) << l.strideLg2());
    do {
      const x0 = l.load(from, 0);
      const x1 = l.load(from, 1);
      const x2 = l.load(from, 2);
      const x3 = l.load(from, 3);
      const stray = v128.or(
        v128.or(
          l.stray(x0, l.align(x0, by, allowed), allowed, base),
          l.stray(x1, l.align(x1, by, allowed), allowed, base),
        ),
        v128.or(
          l.stray(x2, l.align(x2, by, allowed), allowed, base),
          l.stray(x3, l.align(x3, by, allowed), allowed, base),
        ),
      );
      if (v128.any_true(stray)) break;
      from += 8 << l.strideLg2();
    } while (from != end);
    return <u32>((from - start) >> l.strideLg2());
  }

  /** How many of the entries at `from` go on as `first`, first + step, … (two to a vector, `step` that of two entries), up to the four that do not. */
  static follow<L extends Lane>(from: usize, count: u32, first: v128, step: v128): u32 {
    const l = changetype<L>(0);
    const start = from;
    const end = from + ((<usize>count) << l.strideLg2());
    let next = l.add(first, step);
    const twice = l.add(step, step);
    do {
      const same = v128.and(l.equal(l.load(from, 0), first), l.equal(l.load(from, 1), next));
      if (!i32x4.all_true(same)) break;
      first = l.add(first, twice);
      next = l.add(next, twice);
      from += 4 << l.strideLg2();
    } while (from != end);
    return <u32>((from - start) >> l.strideLg2());
  }
}
