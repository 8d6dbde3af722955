// Input addresses: from the caller's number to the bits that select entries, and back. The one place that knows of upper halves.
import { Table } from "./table";

const TWO_63: f64 = 2.0 ** 63;

export class Address {
  /** Whether the caller's number is an integer of 64 bits; `Address.of` then gives it. Below 2^63 the signed conversions are the cheap ones. */
  @inline static exact(x: f64): bool {
    return (x < TWO_63 && x >= 0 && <f64>(<i64>x) == x) || Address.exactHigh(x);
  }
  static exactHigh(x: f64): bool {
    return x >= TWO_63 && x < 2 * TWO_63;
  }
  @inline static of(x: f64): u64 {
    return x < TWO_63 ? <u64>(<i64>x) : Address.high(x);
  }
  static high(x: f64): u64 {
    return <u64>x;
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
