// ARM LPAE / VMSAv8-64 translation tables, stage 1 and stage 2, one class per granule. Arm ARM (DDI 0487) D8.3 "Translation table descriptor formats".
// The stages differ in their attribute bits only, and those come from the bindings.
import { Format, Permit } from "./format";

/**
 * What the granules share; `pageLg2` is the granule's log2 and a constant at every call. A table holds 2^(pageLg2-3) descriptors.
 * ```
 *  63     54 53 52 51      48 47                        n n-1      12 11  10 9   8 7   6 5 4    2 1    0
 *  [ upper attributes | 64K: 0 ][ output address 47:n   ][64K: OA51:48][ AF  SH ][ AP  NS  Attr  ][type]
 * ```
 */
class Lpae {
  static readonly ADDRESS: u64 = 0x0000_ffff_ffff_f000;
  static readonly CONTIGUOUS: u64 = 1 << 52;
  static readonly ACCESS_FLAG: u64 = 1 << 10;

  /** Descriptor bits 1:0 of a leaf: 0b11 in a table of pages, 0b01 above (D8.3.1). */
  @inline static leafType(level: u32): u64 {
    return level == 0 ? 3 : 1;
  }

  /** A block may stand at level 1 and 2 of 4K, 2 of 16K; 1 (52-bit addresses) and 2 of 64K (D8.3.1, table of block sizes). */
  @inline static leafLevels(pageLg2: u32): u32 {
    return pageLg2 == 14 ? 1 : 2;
  }

  /** With the 64K granule OA[51:48] stand in bits 15:12. */
  @inline static fold(oa: u64, pageLg2: u32): u64 {
    return pageLg2 == 16 ? (oa | (oa >> 36)) & Lpae.ADDRESS : oa;
  }

  @inline static unfold(item: u64, pageLg2: u32): u64 {
    return pageLg2 == 16 ? (item & 0x0000_ffff_ffff_0000) | ((item & 0xf000) << 36) : item & Lpae.ADDRESS;
  }

  /** The address bits of a leaf at `level`: a block's lower ones are reserved. */
  @inline static leafOa(item: u64, level: u32, pageLg2: u32): u64 {
    return Lpae.unfold(item, pageLg2) & ((<u64>-1) << (pageLg2 + level * (pageLg2 - 3)));
  }

  @inline static leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32, pageLg2: u32): u64 {
    const hint = sizeLg2 > pageLg2 + level * (pageLg2 - 3) ? Lpae.CONTIGUOUS : 0;
    return Lpae.fold(oa, pageLg2) | attrs | Lpae.leafType(level) | hint;
  }

  @inline static leafAttrs(item: u64): u64 {
    return item & ~(Lpae.ADDRESS | Lpae.CONTIGUOUS | 3);
  }

  /** log2 of the items that the contiguous hint joins (D8.6.1): 16 with 4K; with 16K 128 pages or 32 blocks; 32 with 64K. */
  @inline static contigLg2(item: u64, level: u32, pageLg2: u32): u32 {
    if (!(item & Lpae.CONTIGUOUS)) return 0;
    return pageLg2 == 12 ? 4 : pageLg2 == 14 && level == 0 ? 7 : 5;
  }

  @inline static levelOf(sizeLg2: u32, pageLg2: u32): u32 {
    return (sizeLg2 - pageLg2) / (pageLg2 - 3);
  }

  static readonly DIRTY_BIT_MODIFIER: u64 = 1 << 51;

  /**
   * Stage 1: AP (D8.4.1), UXN and PXN, and the limits that table descriptors set on what is below them (D8.4.2). `variant` bit 0: stage 2 (D8.4.3); bit 1:
   * hardware keeps dirty state, so that a read-only leaf with DBM becomes writable instead of faulting (D8.4.6).
   */
  static permits(item: u64, leaf: bool, variant: u32): u32 {
    const writable = (variant & 2) != 0 && (item & Lpae.DIRTY_BIT_MODIFIER) != 0;
    if (!leaf) return variant & 1 ? Permit.ALL : Lpae.tablePermits(item);
    if (!(item & Lpae.ACCESS_FLAG)) return 0;
    if (variant & 1) {
      return Permit.both((item & (1 << 6)) != 0, (item & (1 << 7)) != 0 || writable, !(item & ((<u64>1) << 54)));
    }
    let mask = Permit.ALL;
    // Without AP[1] the user may still execute; what a leaf lets the user write, EL1 never executes (D8.4.1).
    if (!(item & (1 << 6))) mask &= ~Permit.USER_DATA;
    if (item & (1 << 7) && !writable) mask &= ~Permit.WRITE;
    if (mask & Permit.USER_WRITE) mask &= ~Permit.PRIV_EXECUTE;
    if (item & ((<u64>1) << 54)) mask &= ~Permit.USER_EXECUTE;
    if (item & ((<u64>1) << 53)) mask &= ~Permit.PRIV_EXECUTE;
    return mask;
  }

  /** APTable 62:61, UXNTable 60, PXNTable 59. */
  static tablePermits(item: u64): u32 {
    let mask = Permit.ALL;
    if (item & ((<u64>1) << 61)) mask &= ~Permit.USER_DATA;
    if (item & ((<u64>1) << 62)) mask &= ~Permit.WRITE;
    if (item & ((<u64>1) << 60)) mask &= ~Permit.USER_EXECUTE;
    if (item & ((<u64>1) << 59)) mask &= ~Permit.PRIV_EXECUTE;
    return mask;
  }
}

/** The 4K granule: pages of 4K, blocks of 2M and 1G. */
export class ArmLpae4K extends Format {
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
    return Lpae.levelOf(sizeLg2, 12);
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == Lpae.leafType(level) && level <= Lpae.leafLevels(12);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return Lpae.unfold(item, 12);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Lpae.fold(paddr, 12) | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return Lpae.leafOa(item, level, 12);
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Lpae.leafItem(oa, attrs, level, sizeLg2, 12);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Lpae.leafAttrs(item);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Lpae.contigLg2(item, level, 12);
  }
  @inline contigMask(): u64 {
    return Lpae.CONTIGUOUS;
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
    return Lpae.permits(item, leaf, variant);
  }
}

/** The 16K granule: pages of 16K, blocks of 32M. */
export class ArmLpae16K extends Format {
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
    return Lpae.levelOf(sizeLg2, 14);
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == Lpae.leafType(level) && level <= Lpae.leafLevels(14);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return Lpae.unfold(item, 14) & ~(<u64>0x3fff);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Lpae.fold(paddr, 14) | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return Lpae.leafOa(item, level, 14);
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Lpae.leafItem(oa, attrs, level, sizeLg2, 14);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Lpae.leafAttrs(item);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Lpae.contigLg2(item, level, 14);
  }
  @inline contigMask(): u64 {
    return Lpae.CONTIGUOUS;
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
    return Lpae.permits(item, leaf, variant);
  }
}

/** The 64K granule: pages of 64K, blocks of 512M and, with 52-bit addresses, 4T. */
export class ArmLpae64K extends Format {
  @inline itemLg2(): u32 {
    return 3;
  }
  @inline shift(level: u32): u32 {
    return 16 + level * 13;
  }
  @inline indexLg2(level: u32): u32 {
    return 13;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return Lpae.levelOf(sizeLg2, 16);
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == Lpae.leafType(level) && level <= Lpae.leafLevels(16);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return Lpae.unfold(item, 16);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Lpae.fold(paddr, 16) | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return Lpae.leafOa(item, level, 16);
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Lpae.leafItem(oa, attrs, level, sizeLg2, 16);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Lpae.leafAttrs(item);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Lpae.contigLg2(item, level, 16);
  }
  @inline contigMask(): u64 {
    return Lpae.CONTIGUOUS;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 48;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return Lpae.permits(item, leaf, variant);
  }
}

/**
 * 52-bit addresses with the 4K and 16K granules (FEAT_LPA2): OA[51:50] stand in bits 9:8, where SH was; shareability is the walk's own (TCR.DS). D8.3.1.
 */
class Lpa2 {
  static readonly LOW: u64 = 0x0003_ffff_ffff_f000;

  @inline static fold(oa: u64): u64 {
    return (oa & Lpa2.LOW) | (((oa >> 50) & 3) << 8);
  }
  @inline static unfold(item: u64): u64 {
    return (item & Lpa2.LOW) | (((item >> 8) & 3) << 50);
  }
  @inline static leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32, pageLg2: u32): u64 {
    const hint = sizeLg2 > pageLg2 + level * (pageLg2 - 3) ? Lpae.CONTIGUOUS : 0;
    return Lpa2.fold(oa) | attrs | Lpae.leafType(level) | hint;
  }
  @inline static leafAttrs(item: u64): u64 {
    return item & ~(Lpa2.LOW | 0x300 | Lpae.CONTIGUOUS | 3);
  }
}

/** The 4K granule with 52-bit addresses: up to five levels, blocks up to 512G. */
export class ArmLpae4KLpa2 extends Format {
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
    return Lpae.levelOf(sizeLg2, 12);
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == Lpae.leafType(level) && level <= 3;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return Lpa2.unfold(item);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Lpa2.fold(paddr) | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return Lpa2.unfold(item) & ((<u64>-1) << (12 + level * 9));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Lpa2.leafItem(oa, attrs, level, sizeLg2, 12);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Lpa2.leafAttrs(item);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Lpae.contigLg2(item, level, 12);
  }
  @inline contigMask(): u64 {
    return Lpae.CONTIGUOUS;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 50;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return Lpae.permits(item, leaf, variant);
  }
}

/** The 16K granule with 52-bit addresses: blocks of 32M and 64G. */
export class ArmLpae16KLpa2 extends Format {
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
    return Lpae.levelOf(sizeLg2, 14);
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == Lpae.leafType(level) && level <= 2;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return Lpa2.unfold(item) & ~(<u64>0x3fff);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Lpa2.fold(paddr) | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return Lpa2.unfold(item) & ((<u64>-1) << (14 + level * 11));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Lpa2.leafItem(oa, attrs, level, sizeLg2, 14);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Lpa2.leafAttrs(item);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Lpae.contigLg2(item, level, 14);
  }
  @inline contigMask(): u64 {
    return Lpae.CONTIGUOUS;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 50;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return Lpae.permits(item, leaf, variant);
  }
}
