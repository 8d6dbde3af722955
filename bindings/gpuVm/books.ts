// All that the address space knows: which mappings there are, of which objects, what was cut, and what prepared updates hold.
import { hex, IoPgtableError } from "../errors.js";
import type { IoPageTable } from "../ioPageTable.js";
import type { GpuObject, Mapping } from "./mapping.js";
import { ObjectBooks } from "./objects.js";
import type { RangeSet } from "./rangeSet.js";
import { SplitBlocks } from "./splits.js";
import { VaIndex } from "./vaIndex.js";

/** What a prepared update needs to find as it is when it is committed. */
export interface Hold {
  readonly ranges: RangeSet;
  readonly objects: ReadonlySet<GpuObject>;
}

export class Books {
  readonly table: IoPageTable;
  readonly index: VaIndex<Mapping> = new VaIndex<Mapping>();
  readonly objects: ObjectBooks = new ObjectBooks();
  readonly splits: SplitBlocks;
  readonly holds: Set<Hold> = new Set();

  constructor(table: IoPageTable) {
    this.table = table;
    this.splits = new SplitBlocks(table.pageSizes);
  }

  isHeld(start: number, end: number): boolean {
    for (const { ranges } of this.holds) if (ranges.overlaps(start, end)) return true;
    return false;
  }

  /** @throws IoPgtableError EBUSY when a prepared update holds a part of the range */
  checkFree(operation: string, start: number, end: number): void {
    if (this.holds.size === 0 || !this.isHeld(start, end)) return;
    const text = `a prepared update holds a part of ${hex(start)}..${hex(end - 1)}; commit or abort it first`;
    throw new IoPgtableError("EBUSY", operation, text, start);
  }

  /** @throws IoPgtableError EBUSY when a prepared update binds the object */
  checkUnused(operation: string, object: GpuObject): void {
    for (const { objects } of this.holds) {
      if (!objects.has(object)) continue;
      throw new IoPgtableError("EBUSY", operation, "a prepared update binds the object; commit or abort it first");
    }
  }
}
