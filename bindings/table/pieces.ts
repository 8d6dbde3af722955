// Where mapped memory comes from: physical extents in order, looked up by the byte offset into them.

/** A physically contiguous stretch. */
export interface Piece {
  readonly paddr: number;
  readonly size: number;
}

/** Extents in order, `size` bytes together. */
export interface Source {
  readonly size: number;
  /** What is at `offset` (below `size`), to the end of its contiguous run. */
  runAt(offset: number): Piece;
}

/** One extent. */
export function extentSource(paddr: number, size: number): Source {
  return { size, runAt: (offset) => ({ paddr: paddr + offset, size: size - offset }) };
}
