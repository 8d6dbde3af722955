// Apple DART and DART2. Layouts as Linux's io-pgtable-dart has them; Apple publishes none.
import { Format, Permit } from "./format";

/**
 * ```
 *  DART   63:52 sub-page start | 51:40 sub-page end | 35:12 address    | 8 no read | 7 no write | 1 sub-page protection off | 0 valid
 *  DART2  63:52 sub-page start | 51:40 sub-page end | 37:10 address >> 4 | 3 no read | 2 no write | 1 no cache | 0 valid
 * ```
 * Only pages are leaves. DART's entries hold 36 bits of an address; what is above them is lost, as in Linux, where the configuration says 42.
 * The level above the roots stands for the several root registers: its table is the library's own.
 */
const VALID: u64 = 1;
const ADDRESS_1: u64 = 0x0000_000f_ffff_f000;
const NO_READ_1: u64 = 1 << 8;
const NO_WRITE_1: u64 = 1 << 7;
const ADDRESS_2: u64 = 0x0000_003f_ffff_fc00;
const NO_READ_2: u64 = 1 << 3;
const NO_WRITE_2: u64 = 1 << 2;

/** DART with 4K pages. */
export class Dart4K extends Format {
  @inline itemLg2(): u32 {
    return 3;
  }
  @inline shift(level: u32): u32 {
    return 12 + level * 9;
  }
  @inline indexLg2(level: u32): u32 {
    return 9;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return 0;
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level == 0;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS_1;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | VALID;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS_1;
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return (oa & ADDRESS_1) | attrs | VALID;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS_1 | VALID);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return 0;
  }
  @inline contigMask(): u64 {
    return 0;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 36;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    if (!leaf) return Permit.ALL;
    const read = (item & NO_READ_1) == 0;
    return Permit.both(read, (item & NO_WRITE_1) == 0, read);
  }
}

/** DART with 16K pages. */
export class Dart16K extends Format {
  @inline itemLg2(): u32 {
    return 3;
  }
  @inline shift(level: u32): u32 {
    return 14 + level * 11;
  }
  @inline indexLg2(level: u32): u32 {
    return 11;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return 0;
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level == 0;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS_1;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | VALID;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS_1;
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return (oa & ADDRESS_1) | attrs | VALID;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS_1 | VALID);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return 0;
  }
  @inline contigMask(): u64 {
    return 0;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 36;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    if (!leaf) return Permit.ALL;
    const read = (item & NO_READ_1) == 0;
    return Permit.both(read, (item & NO_WRITE_1) == 0, read);
  }
}

/** DART2, with 16K pages. */
export class Dart2 extends Format {
  @inline itemLg2(): u32 {
    return 3;
  }
  @inline shift(level: u32): u32 {
    return 14 + level * 11;
  }
  @inline indexLg2(level: u32): u32 {
    return 11;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return 0;
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & VALID) != 0 && level == 0;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return (item & ADDRESS_2) << 4;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return (paddr >> 4) | VALID;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return (item & ADDRESS_2) << 4;
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return (oa >> 4) | attrs | VALID;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS_2 | VALID);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return 0;
  }
  @inline contigMask(): u64 {
    return 0;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 64;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    if (!leaf) return Permit.ALL;
    const read = (item & NO_READ_2) == 0;
    return Permit.both(read, (item & NO_WRITE_2) == 0, read);
  }
}
