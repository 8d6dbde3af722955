/** Where a device keeps what it has written to. */
export interface HardwareDirtyState {
  /** The bit that it changes in an item of the leaf, and what the bit is then. */
  bit: bigint;
  dirty: 0 | 1;
  /** It does so in items that have this bit. */
  onlyWhere: bigint;
}
