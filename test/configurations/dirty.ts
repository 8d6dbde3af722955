/** Where a device keeps what it has written to. */
export interface HardwareDirtyState {
  /** The bit that it changes in an item of the leaf, and what the bit is then. */
  bit: bigint;
  dirty: 0 | 1;
  /** It does so in items that have this bit; 0: in any. */
  onlyWhere: bigint;
}

/** An item after the device has written through it. */
export function written({ bit, dirty, onlyWhere }: HardwareDirtyState, item: bigint): bigint {
  if ((item & onlyWhere) !== onlyWhere) return item;
  return dirty === 1 ? item | bit : item & ~bit;
}
