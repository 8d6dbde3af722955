// x86-64 long-mode tables: CPU, AMD IOMMU version 2, VT-d first stage. AMD64 Architecture Programmer's Manual volume 2 (24593), 5.3-5.4; Intel SDM volume 3A, 4.5.
import { Format, Permit } from "./format";

/**
 * ```
 *  63 62       52 51                        12 11   9 8   7   6 5 4   3   2   1   0
 *  [XD][ignored ][ address                    ][ign.][G][PS/PAT][D][A][PCD][PWT][US][RW][P]
 * ```
 * PAT is bit 7 of a 4K leaf and bit 12 of a larger one. Attributes carry it in bit 12.
 */
const PRESENT: u64 = 1;
const WRITE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
const PAGE_SIZE: u64 = 1 << 7;
const PAT_SMALL: u64 = 1 << 7;
const PAT_LARGE: u64 = 1 << 12;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const EXECUTE_DISABLE: u64 = 1 << 63;

/** Four or five levels; leaves of 4K, 2M and 1G. */
export class X86_64 extends Format {
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
    return (sizeLg2 - 12) / 9;
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & PRESENT) != 0 && level != 0 && (item & PAGE_SIZE) == 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    if (!(item & PRESENT)) return false;
    return level == 0 || ((item & PAGE_SIZE) != 0 && level <= 2);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | PRESENT;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS & ((<u64>-1) << (12 + level * 9));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    const pat = attrs & PAT_LARGE;
    if (level == 0) return oa | (attrs & ~PAT_LARGE) | (pat >> 5) | PRESENT;
    return oa | attrs | PAGE_SIZE | PRESENT;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    const rest = item & ~(ADDRESS | PAGE_SIZE | PRESENT);
    return level == 0 ? rest | ((item & PAT_SMALL) << 5) : rest | (item & PAT_LARGE);
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
    return true;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    let mask = Permit.ALL;
    if (!(item & USER)) mask &= ~Permit.USER;
    if (!(item & WRITE)) mask &= ~Permit.WRITE;
    if (item & EXECUTE_DISABLE) mask &= ~Permit.EXECUTE;
    return mask;
  }
}
