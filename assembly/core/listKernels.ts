// The loops over lists: two entries to a vector, four vectors to a step, all checks in the same pass.
//
// The loops test at their end: V8 moves what is constant out of a loop only when the whole body is sure to run, and otherwise makes each `splat` anew in
// each step (0.53 instead of 0.35 ns per f64 entry measured).
import { Lane } from "./listLanes";

/** What is constant. */
export class Lanes {
  /**
   * `align` is added to a number to bring its bits in place; `mask` has the bits that may be set (of an aligned number, and of an integer as it stands in the
   * list); `encode` makes an item of an aligned entry; `origin` is what `align` added, once `mask` has cleared what is not address; integers are moved
   * by `shift`.
   */
  static set(newAlign: u64, newMask: u64, newEncode: u64, newOrigin: u64, newShift: u32): void {
    align = newAlign;
    mask = newMask;
    encode = newEncode;
    origin = newOrigin;
    shift = newShift;
  }
}

let align: u64 = 0;
let mask: u64 = 0;
let encode: u64 = 0;
let origin: u64 = 0;
let shift: u32 = 0;

/** `count` is not 0, and a multiple of what a step takes: 8 entries, or 4 in `follow`. */
export class ListKernel {
  /** Items for the entries at `from`, into a table that nobody sees. False: at least one entry is no address, and what was written is void. */
  static write<L extends Lane>(to: usize, from: usize, count: u32): bool {
    const l = changetype<L>(0);
    const by = i64x2.splat(align);
    const allowed = i64x2.splat(mask);
    const code = i64x2.splat(encode);
    const base = i64x2.splat(origin);
    const distance = shift;
    let stray = i64x2.splat(0);
    const end = from + ((<usize>count) << l.strideLg2());
    do {
      const x0 = l.load(from, 0);
      const y0 = l.align(x0, by, allowed, distance);
      v128.store(to, l.encode(y0, code));
      stray = v128.or(stray, l.stray(x0, y0, allowed, base));
      const x1 = l.load(from, 1);
      const y1 = l.align(x1, by, allowed, distance);
      v128.store(to, l.encode(y1, code), 16);
      stray = v128.or(stray, l.stray(x1, y1, allowed, base));
      const x2 = l.load(from, 2);
      const y2 = l.align(x2, by, allowed, distance);
      v128.store(to, l.encode(y2, code), 32);
      stray = v128.or(stray, l.stray(x2, y2, allowed, base));
      const x3 = l.load(from, 3);
      const y3 = l.align(x3, by, allowed, distance);
      v128.store(to, l.encode(y3, code), 48);
      stray = v128.or(stray, l.stray(x3, y3, allowed, base));
      from += 8 << l.strideLg2();
      to += 64;
    } while (from != end);
    return !v128.any_true(stray);
  }

  /** The same into a table that may be in use: stops at the eight that have an item in the way or an entry that is no address. Returns how many it wrote. */
  static writeFree<L extends Lane>(to: usize, from: usize, count: u32): u32 {
    const l = changetype<L>(0);
    const by = i64x2.splat(align);
    const allowed = i64x2.splat(mask);
    const code = i64x2.splat(encode);
    const base = i64x2.splat(origin);
    const distance = shift;
    const start = to;
    const end = to + ((<usize>count) << 3);
    do {
      const x0 = l.load(from, 0);
      const x1 = l.load(from, 1);
      const x2 = l.load(from, 2);
      const x3 = l.load(from, 3);
      const y0 = l.align(x0, by, allowed, distance);
      const y1 = l.align(x1, by, allowed, distance);
      const y2 = l.align(x2, by, allowed, distance);
      const y3 = l.align(x3, by, allowed, distance);
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
    const distance = shift;
    const start = from;
    const end = from + ((<usize>count) << l.strideLg2());
    do {
      const x0 = l.load(from, 0);
      const x1 = l.load(from, 1);
      const x2 = l.load(from, 2);
      const x3 = l.load(from, 3);
      const stray = v128.or(
        v128.or(
          l.stray(x0, l.align(x0, by, allowed, distance), allowed, base),
          l.stray(x1, l.align(x1, by, allowed, distance), allowed, base),
        ),
        v128.or(
          l.stray(x2, l.align(x2, by, allowed, distance), allowed, base),
          l.stray(x3, l.align(x3, by, allowed, distance), allowed, base),
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
      if (!i64x2.all_true(same)) break;
      first = l.add(first, twice);
      next = l.add(next, twice);
      from += 4 << l.strideLg2();
    } while (from != end);
    return <u32>((from - start) >> l.strideLg2());
  }
}
