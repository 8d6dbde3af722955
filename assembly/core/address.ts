// Input addresses: from the caller's number to the bits that select entries, and back. The one place that knows of upper halves.
import { Table } from "./table";

const TWO_52: f64 = 2.0 ** 52;
const TWO_52_BITS: u64 = 0x4330_0000_0000_0000;
const TWO_64: f64 = 2.0 ** 64;

export class Address {
  /**
   * The integer in a number below 2^52: added to 2^52, it stands in the low bits of the mantissa. Anything else gives 2^52 or more. A conversion
   * instruction with its checks costs four times this, and there are three numbers to a map.
   */
  @inline static bits(x: f64): u64 {
    return reinterpret<u64>(x + TWO_52) ^ TWO_52_BITS;
  }

  /** Whether it is an integer of 0..2^52-1. */
  @inline static isSmall(x: f64): bool {
    return x + TWO_52 - TWO_52 == x && Address.bits(x) >> 52 == 0;
  }

  /** Whether the caller's number is an integer of 64 bits; `Address.of` then gives it. */
  @inline static exact(x: f64): bool {
    return Address.isSmall(x) || Address.exactBig(x);
  }
  static exactBig(x: f64): bool {
    return x >= TWO_52 && x < TWO_64;
  }
  /** Whether it is a size: all of 64 bits is one, too. In a word that is 0, whose last byte is right. */
  @inline static exactSize(x: f64): bool {
    return Address.exact(x) || x == TWO_64;
  }
  @inline static of(x: f64): u64 {
    const bits = Address.bits(x);
    return bits >> 52 == 0 ? bits : Address.big(x);
  }
  static big(x: f64): u64 {
    return x == TWO_64 ? 0 : <u64>x;
  }

  /** An output address as a number: above 2^53 rounded down to a multiple of 8, which it then holds exactly up to 2^56. */
  @inline static output(oa: u64): f64 {
    return <f64>(<i64>(oa >> 53 ? oa & ~(<u64>7) : oa));
  }

  /** Whether [iova, iova+bytes) lies in the input space, in one half of it. `bytes` >= 1. */
  @inline static inside(t: Table, iova: u64, bytes: u64): bool {
    const at = iova - t.spaceFirst;
    if (at <= t.spaceSpan && bytes - 1 <= t.spaceSpan - at) return true;
    return t.signed != 0 && Address.upper(t, iova, bytes);
  }

  /** Sign extension: the upper half is as long as the lower one and ends with the last byte of 2^64. */
  static upper(t: Table, iova: u64, bytes: u64): bool {
    return ~iova <= t.spaceSpan && bytes - 1 <= ~iova;
  }

  /** The bits that select entries. */
  @inline static va(t: Table, iova: u64): u64 {
    return iova & t.mask;
  }

  /** What the caller calls the address `va`: with the prefix of its half. */
  @inline static iova(t: Table, va: u64): u64 {
    return t.signed != 0 ? (va > t.spaceSpan ? va | ~t.mask : va) : va | t.spaceFirst;
  }
}
