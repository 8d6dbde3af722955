// Intel VT-d second-stage tables. Intel Virtualization Technology for Directed I/O (D51397), 9.8 "Second-Stage Paging Entries".
import { Format, Permit } from "./format";

/**
 * ```
 *  63  62 61      52 51                        12 11  10 9 8  7  6  5:3 2 1 0
 *  [ - ][ ignored   ][ address                   ][SNP][-][D][A][PS][IPAT][EMT][X][W][R]
 * ```
 * There is no present bit: an entry that permits neither read nor write is not present.
 */
const READ: u64 = 1;
const WRITE: u64 = 1 << 1;
const PAGE_SIZE: u64 = 1 << 7;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/** Three to five levels; leaves of 4K, 2M and 1G. */
export class VtdSecondStage extends Format {
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
    return (item & (READ | WRITE)) != 0 && level != 0 && (item & PAGE_SIZE) == 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    if (!(item & (READ | WRITE))) return false;
    return level == 0 || ((item & PAGE_SIZE) != 0 && level <= 2);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | READ | WRITE;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS & ((<u64>-1) << (12 + level * 9));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return oa | attrs | (level == 0 ? 0 : PAGE_SIZE);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS | (level == 0 ? 0 : PAGE_SIZE));
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
    const read = (item & READ) != 0;
    return Permit.both(read, (item & WRITE) != 0, read);
  }
}
