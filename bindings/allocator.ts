// Where table pages come from, when the caller says so.
import { IoPgtableError } from "./errors.js";
import { show } from "./numbers.js";

/** Where table pages come from. Both members or neither; the default is the memory's own pool. */
export interface TableAllocator {
  /**
   * @returns the byte offset of `bytes` bytes aligned to `bytes` (a root below a page: to 64) in the memory, or null when there are none. The library
   *   zeroes it. The root comes first and may be smaller or larger than a page.
   */
  alloc(bytes: number, level: number): number | null;
  /** Called only after the flush that covers the page has returned. */
  free(offset: number, bytes: number, level: number): void;
}

/** @throws IoPgtableError EINVAL for half an allocator */
export function checkAllocator(allocator: unknown, operation: string): TableAllocator | undefined {
  if (allocator === undefined) return undefined;
  const a = allocator as Partial<Record<string, unknown>> | null;
  if (typeof a !== "object" || a === null || typeof a.alloc !== "function" || typeof a.free !== "function") {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the allocator is ${show(allocator)}; give both alloc and free, or neither`,
    );
  }
  return allocator as TableAllocator;
}
