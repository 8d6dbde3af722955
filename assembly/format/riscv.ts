// RISC-V Sv39, Sv48 and Sv57. The RISC-V Instruction Set Manual, volume II, 12.3-12.6 (Sv39...), 13 (Svnapot), 14 (Svpbmt).
import { Format, Permit } from "./format";

/**
 * ```
 *  63 62  61 60     54 53                        10 9   8 7 6 5 4 3 2 1 0
 *  [N][PBMT ][reserved ][ physical page number      ][RSW ][D A G U X W R V]
 * ```
 */
const VALID: u64 = 1;
const READ: u64 = 1 << 1;
const WRITE: u64 = 1 << 2;
const EXECUTE: u64 = 1 << 3;
const USER: u64 = 1 << 4;
const LEAF_BITS: u64 = 14;
const PAGE_NUMBER: u64 = 0x003f_ffff_ffff_fc00;
const NAPOT: u64 = 1 << 63;
/** The only NAPOT size so far: 64K, coded as 1000 in the low bits of the page number. */
const NAPOT_64K: u64 = 8 << 10;
const NAPOT_CODE: u64 = 15 << 10;

/** A leaf may stand at every level; 64K is 16 identical items (Svnapot). */
export class RiscV extends Format {
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
    return (item & (VALID | LEAF_BITS)) == VALID && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    if (!(item & VALID) || !(item & LEAF_BITS)) return false;
    if ((item & (READ | WRITE)) == WRITE) return false;
    if (item & NAPOT) return level == 0 && (item & NAPOT_CODE) == NAPOT_64K;
    return (item & PAGE_NUMBER & ~((<u64>-1) << (10 + level * 9))) == 0;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return (item & PAGE_NUMBER) << 2;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return (paddr >> 2) | VALID;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    const oa = (item & PAGE_NUMBER) << 2;
    return item & NAPOT ? oa & ~(<u64>0xffff) : oa;
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    const napot = sizeLg2 == 16 ? NAPOT | NAPOT_64K : 0;
    return (oa >> 2) | attrs | napot | VALID;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(PAGE_NUMBER | NAPOT | VALID);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return item & NAPOT ? 4 : 0;
  }
  @inline contigMask(): u64 {
    return NAPOT;
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
    if (!leaf) return Permit.ALL;
    const mask = Permit.both((item & READ) != 0, (item & WRITE) != 0, (item & EXECUTE) != 0);
    // What is the user's a supervisor never executes (12.3.1, SUM).
    return mask & ~(item & USER ? Permit.PRIV_EXECUTE : Permit.USER);
  }
}
