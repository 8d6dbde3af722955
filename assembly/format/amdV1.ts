// AMD IOMMU version 1 page tables. AMD I/O Virtualization Technology (IOMMU) Specification 48882, 2.2.3 "I/O Page Tables for Host Translations".
import { Format, Permit } from "./format";

/**
 * ```
 *  63 62  61  60 59     52 51                       12 11      9 8    7  6  5 4    1 0
 *  [ - IW  IR  FC  ignored ][ output address / table  ][NextLevel][ -  |  D  A ][  -  ]PR
 * ```
 */
const PRESENT: u64 = 1;
const NEXT_LEVEL: u64 = 7 << 9;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;
const READ: u64 = 1 << 61;
const WRITE: u64 = 1 << 62;
/** NextLevel 7: a leaf whose size is coded in the run of ones at the bottom of its address (table 14). */
const SIZE_CODED: u64 = NEXT_LEVEL;

/** Every power of two is a leaf size; one that is no multiple of 9 bits above 4K stands in 2^k identical items. */
export class AmdV1 extends Format {
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
    return (item & PRESENT) != 0 && level != 0 && (item & NEXT_LEVEL) >> 9 == <u64>level;
  }
  /** A size code must name a size of this level; anything else is reserved. */
  @inline isLeaf(item: u64, level: u32): bool {
    if (!(item & PRESENT)) return false;
    const next = item & NEXT_LEVEL;
    if (next == 0) return level < 5;
    if (next != SIZE_CODED) return false;
    const size = AmdV1.codedLg2(item);
    return size >= 12 + level * 9 && size < 21 + level * 9;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | ((<u64>level) << 9) | PRESENT | READ | WRITE;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    const address = item & ADDRESS;
    return (item & NEXT_LEVEL) == 0
      ? address & ((<u64>-1) << (12 + level * 9))
      : address & ((<u64>-1) << AmdV1.codedLg2(item));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    if (sizeLg2 == 12 + level * 9) return oa | attrs | PRESENT;
    return oa | (~((<u64>-1) << (sizeLg2 - 1)) & ADDRESS) | attrs | SIZE_CODED | PRESENT;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS | NEXT_LEVEL | PRESENT);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    if ((item & NEXT_LEVEL) != SIZE_CODED) return 0;
    // A size of another level is reserved: the item stands for itself alone.
    const contig = AmdV1.codedLg2(item) - (12 + level * 9);
    return contig < 9 ? contig : 0;
  }
  @inline contigMask(): u64 {
    return NEXT_LEVEL;
  }
  @inline sameItems(): bool {
    return true;
  }
  @inline linearLg2(): u32 {
    return 64;
  }
  @inline mayEncrypt(): bool {
    return true;
  }
  /** IR and IW hold at every level: an access needs the bit in each entry on its way. */
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    const read = (item & READ) != 0;
    return Permit.both(read, (item & WRITE) != 0, read);
  }

  /** The size that the address field codes: one more than the position of its lowest zero. */
  @inline static codedLg2(item: u64): u32 {
    return <u32>ctz(~(item | 0xfff)) + 1;
  }
}
