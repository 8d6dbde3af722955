// The kinds of entry of a list, as vectors of two: how they become addresses, and how one sees that they are none.

/**
 * A kind of entry. An entry is *aligned* when its address stands where an item has it; `stray` is zero when nothing was lost on the way and no bit is set
 * that no address has.
 */
export abstract class Lane {
  abstract strideLg2(): u32;
  /** Entries 2 * index and the one after it. */
  abstract load(at: usize, index: u32): v128;
  abstract align(x: v128, by: v128, mask: v128): v128;
  abstract encode(aligned: v128, by: v128): v128;
  abstract stray(x: v128, aligned: v128, mask: v128, origin: v128): v128;
  abstract equal(x: v128, y: v128): v128;
  abstract add(x: v128, step: v128): v128;
}

/**
 * Numbers. Added to 1.5 * 2^52 (or to another power of two, where items hold addresses shifted or the entries are frames) an integer stands in the
 * mantissa, bit by bit. A negative one clears the bit of the half, which the mask does not let through; one that is too large changes the exponent; a
 * fraction is rounded. In each case the mantissa, read back as a number, is not the entry.
 */
export class F64Lane extends Lane {
  @inline strideLg2(): u32 {
    return 3;
  }
  @inline load(at: usize, index: u32): v128 {
    return v128.load(at + ((<usize>index) << 4));
  }
  @inline align(x: v128, by: v128, mask: v128): v128 {
    return v128.and(f64x2.add(x, by), mask);
  }
  @inline encode(aligned: v128, by: v128): v128 {
    return v128.xor(aligned, by);
  }
  @inline stray(x: v128, aligned: v128, mask: v128, origin: v128): v128 {
    return v128.xor(f64x2.sub(aligned, origin), x);
  }
  @inline equal(x: v128, y: v128): v128 {
    return f64x2.eq(x, y);
  }
  @inline add(x: v128, step: v128): v128 {
    return f64x2.add(x, step);
  }
}

/** Addresses as integers of 64 bits, for formats whose items hold them as they are. */
export class U64Lane extends Lane {
  @inline strideLg2(): u32 {
    return 3;
  }
  @inline load(at: usize, index: u32): v128 {
    return v128.load(at + ((<usize>index) << 4));
  }
  @inline align(x: v128, by: v128, mask: v128): v128 {
    return x;
  }
  @inline encode(aligned: v128, by: v128): v128 {
    return v128.or(aligned, by);
  }
  @inline stray(x: v128, aligned: v128, mask: v128, origin: v128): v128 {
    return v128.andnot(x, mask);
  }
  @inline equal(x: v128, y: v128): v128 {
    return i64x2.eq(x, y);
  }
  @inline add(x: v128, step: v128): v128 {
    return i64x2.add(x, step);
  }
}

/** Frame numbers as integers of 32 bits: two of them in the low half of a vector. Multiplied by a power of two they are moved and widened at once. */
export class U32Lane extends Lane {
  @inline strideLg2(): u32 {
    return 2;
  }
  @inline load(at: usize, index: u32): v128 {
    return v128.load64_zero(at + ((<usize>index) << 3));
  }
  @inline align(x: v128, by: v128, mask: v128): v128 {
    return i64x2.extmul_low_i32x4_u(x, by);
  }
  @inline encode(aligned: v128, by: v128): v128 {
    return v128.or(aligned, by);
  }
  @inline stray(x: v128, aligned: v128, mask: v128, origin: v128): v128 {
    return v128.andnot(aligned, mask);
  }
  @inline equal(x: v128, y: v128): v128 {
    return i32x4.eq(x, y);
  }
  @inline add(x: v128, step: v128): v128 {
    return i32x4.add(x, step);
  }
}
