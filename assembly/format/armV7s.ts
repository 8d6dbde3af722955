// ARM short descriptors: two levels of 32-bit entries. Arm ARM for ARMv7-A (DDI 0406C) B3.5; the MediaTek extension as Linux's ARM_MTK_EXT has it.
import { Format, Permit } from "./format";

/**
 * ```
 *  section      31:20 address | 19 NS | 18 super | 17:10 attributes | 9 - | 4 XN | 3 C | 2 B | 1:0 = 10
 *  table        31:10 address | 3 NS | 1:0 = 01
 *  small page   31:12 address | 11:4 attributes | 3 C | 2 B | 1:0 = 1,XN
 *  large page   31:16 address | 15 XN | 14:12 TEX | 11:4 attributes | 3 C | 2 B | 1:0 = 01
 * ```
 * Attributes: nG, S, AP[2], TEX, AP[1], AF, from bit 7 down to bit 0. The bindings give them with B in bit 8, C 9, XN 10 and NS 11.
 */
class Short {
  static readonly SECTION: u64 = 2;
  static readonly SUPER: u64 = 1 << 18;
  static readonly SMALL: u64 = 2;
  static readonly TEX: u64 = 7 << 2;
  static readonly ACCESS_FLAG: u64 = 1;
  static readonly UNPRIVILEGED: u64 = 1 << 1;
  static readonly READ_ONLY: u64 = 1 << 5;
  static readonly XN: u64 = 1 << 10;

  @inline static shift(level: u32): u32 {
    return level == 0 ? 12 : 20;
  }

  @inline static isTable(item: u64, level: u32): bool {
    return level == 1 && (item & 3) == 1;
  }

  @inline static isLeaf(item: u64, level: u32): bool {
    return level == 1 ? (item & 2) != 0 : (item & 3) != 0;
  }

  /** 16 identical items: a supersection, or a large page. */
  @inline static contigLg2(item: u64, level: u32): u32 {
    const large = level == 1 ? (item & (Short.SUPER | 2)) == (Short.SUPER | 2) : (item & 3) == 1;
    return large ? 4 : 0;
  }

  /** log2 of the size of the leaf that the item is of. */
  @inline static sizeLg2(item: u64, level: u32): u32 {
    return Short.shift(level) + Short.contigLg2(item, level);
  }

  static attributes(attrs: u64, sizeLg2: u32): u64 {
    const memory = ((attrs >> 8) & 3) << 2;
    const block = attrs & 0xff;
    const xn = (attrs >> 10) & 1;
    if (sizeLg2 >= 20) {
      const section = Short.SECTION | (block << 10) | memory | (xn << 4) | (((attrs >> 11) & 1) << 19);
      return sizeLg2 == 24 ? section | Short.SUPER : section;
    }
    if (sizeLg2 == 12) return Short.SMALL | (block << 4) | memory | xn;
    return 1 | ((block & ~Short.TEX) << 4) | ((block & Short.TEX) << 10) | memory | (xn << 15);
  }

  static attrs(item: u64, level: u32): u64 {
    const memory = ((item >> 2) & 3) << 8;
    if (level == 1) return ((item >> 10) & 0xff) | memory | (((item >> 4) & 1) << 10) | (((item >> 19) & 1) << 11);
    if (item & 2) return ((item >> 4) & 0xff) | memory | ((item & 1) << 10);
    return ((item >> 4) & 0xff & ~Short.TEX) | ((item >> 10) & Short.TEX) | memory | (((item >> 15) & 1) << 10);
  }

  /** `variant` 1: entries without permissions. */
  static permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    if (!leaf || variant == 1) return Permit.ALL;
    const attrs = Short.attrs(item, level);
    if (!(attrs & Short.ACCESS_FLAG)) return 0;
    let mask = Permit.ALL;
    if (!(attrs & Short.UNPRIVILEGED)) mask &= ~Permit.USER;
    if (attrs & Short.READ_ONLY) mask &= ~Permit.WRITE;
    if (attrs & Short.XN) mask &= ~Permit.EXECUTE;
    return mask;
  }
}

/** Address bits 34:32 in descriptor bits 5, 4 and 9 (in this order), where the MediaTek extension has them. */
class Mtk {
  static readonly HIGH: u64 = (1 << 9) | (1 << 4) | (1 << 5);

  @inline static put(oa: u64): u64 {
    return (oa & 0xffff_ffff) | (((oa >> 32) & 1) << 9) | (((oa >> 33) & 1) << 4) | (((oa >> 34) & 1) << 5);
  }

  @inline static high(item: u64): u64 {
    return (((item >> 9) & 1) << 32) | (((item >> 4) & 1) << 33) | (((item >> 5) & 1) << 34);
  }
}

/** Addresses of 32 bits. */
export class ArmV7s extends Format {
  @inline itemLg2(): u32 {
    return 2;
  }
  @inline shift(level: u32): u32 {
    return Short.shift(level);
  }
  @inline indexLg2(level: u32): u32 {
    return level == 0 ? 8 : 12;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return sizeLg2 < 20 ? 0 : 1;
  }
  @inline isTable(item: u64, level: u32): bool {
    return Short.isTable(item, level);
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return Short.isLeaf(item, level);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & 0xffff_fc00;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | 1;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & 0xffff_ffff & ((<u64>-1) << Short.sizeLg2(item, level));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return oa | Short.attributes(attrs, sizeLg2);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Short.attrs(item, level);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Short.contigLg2(item, level);
  }
  @inline contigMask(): u64 {
    return Short.SUPER;
  }
  @inline sameItems(): bool {
    return true;
  }
  @inline linearLg2(): u32 {
    return 64;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return Short.permits(item, level, leaf, variant);
  }
}

/** Output and table addresses of 35 bits; entries have no permissions, whose place the high bits take. */
export class ArmV7sMtk extends Format {
  @inline itemLg2(): u32 {
    return 2;
  }
  @inline shift(level: u32): u32 {
    return Short.shift(level);
  }
  @inline indexLg2(level: u32): u32 {
    return level == 0 ? 8 : 12;
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return sizeLg2 < 20 ? 0 : 1;
  }
  @inline isTable(item: u64, level: u32): bool {
    return Short.isTable(item, level);
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return Short.isLeaf(item, level);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return (item & 0xffff_fc00 & ~Mtk.HIGH) | Mtk.high(item);
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return Mtk.put(paddr) | 1;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return (item & 0xffff_ffff & ((<u64>-1) << Short.sizeLg2(item, level))) | Mtk.high(item);
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return Mtk.put(oa) | Short.attributes(attrs, sizeLg2);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return Short.attrs(item & ~Mtk.HIGH, level);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return Short.contigLg2(item, level);
  }
  @inline contigMask(): u64 {
    return Short.SUPER;
  }
  @inline sameItems(): bool {
    return true;
  }
  @inline linearLg2(): u32 {
    return 32;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    return Short.permits(item, level, leaf, variant);
  }
}
