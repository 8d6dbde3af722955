// Mali Midgard / Bifrost tables in LPAE form: 4K granule, always four levels, leaves of type 0b01 also at the last level, attribute index as stage 1,
// permissions as stage 2. The layout is the one that Linux's panfrost programs (ARM_MALI_LPAE).
import { Format, Permit } from "./format";

const ADDRESS: u64 = 0x0000_ffff_ffff_f000;
const READ: u64 = 1 << 6;
const WRITE: u64 = 1 << 7;
const EXECUTE_NEVER: u64 = 1 << 54;

export class ArmMali extends Format {
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
    return (item & 3) == 3 && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & 3) == 1 && level <= 2;
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | 3;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS & ((<u64>-1) << (12 + level * 9));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return oa | attrs | 1;
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS | 3);
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
    return leaf ? Permit.both((item & READ) != 0, (item & WRITE) != 0, !(item & EXECUTE_NEVER)) : Permit.ALL;
  }
}
