// Table pages from the caller's allocator: counted by the core, fetched before it runs, what it did not need given back.
import type { TableAllocator } from "../allocator.js";
import { hex, IoPgtableError } from "../errors.js";
import type { FormatSpec } from "../formats/format.js";
import { show } from "../numbers.js";
import { NO_PAGE } from "./pages.js";
import type { TableState } from "./state.js";

/** Fetch the pages that the core's last plan counted, and `extra` ones by level. On any failure all are given back and nothing has changed. */
export function fetchPlanned(s: TableState, operation: string, iova: number): void {
  const { allocator } = s;
  if (allocator === undefined) return;
  try {
    for (let level = s.spec.maxTop; level >= 0; level--) {
      for (let left = s.core.plannedPages(level); left > 0; left--) fetchPage(s, allocator, operation, level, iova);
    }
  } catch (error) {
    returnUnused(s);
    throw error;
  }
}

/** Fetch what was planned from wherever the table's pages come from, so that what follows cannot fail. */
export function fetchPages(s: TableState, operation: string, iova: number): void {
  if (s.allocator !== undefined) {
    fetchPlanned(s, operation, iova);
    return;
  }
  if (s.core.plannedTotal() === 0) return;
  if (s.core.stock(s.handle) === 0) {
    throw new IoPgtableError(
      "ENOMEM",
      operation,
      "there are not enough table pages; give the memory more bytes or unmap something",
      iova,
    );
  }
  s.stocked = true;
}

/** Fetch one page for a table at `level`. */
export function fetchPage(
  s: TableState,
  allocator: TableAllocator,
  operation: string,
  level: number,
  iova: number,
): void {
  const bytes = s.allocationBytes(level);
  const offset = s.call(() => allocator.alloc(bytes, s.spec.archLevel(level)));
  if (offset === null) {
    throw new IoPgtableError("ENOMEM", operation, `the allocator has no ${hex(bytes)} bytes for a table page`, iova);
  }
  checkOffset(s, operation, offset, bytes, bytes, iova);
  if (s.core.isFree(offset, bytes) === 0) {
    throw new IoPgtableError("EINVAL", operation, `the allocator returned ${hex(offset)}, a page that is in use`, iova);
  }
  if (s.core.reservePage(s.handle, offset, bytes, level) === 0) {
    s.call(() => allocator.free(offset, bytes, s.spec.archLevel(level)));
    throw new IoPgtableError("ENOMEM", operation, "the bookkeeping region has no room for the page's records", iova);
  }
}

/**
 * Give pages that an operation did not need back to where they came from: all of them, also where freeing one throws. Returns what was thrown first, for
 * whoever has nothing worse to tell.
 */
export function returnUnused(s: TableState): { readonly error: unknown } | undefined {
  const { allocator } = s;
  if (s.stocked) {
    s.core.unstock(s.handle);
    s.stocked = false;
  }
  if (allocator === undefined) return undefined;
  let failure: { readonly error: unknown } | undefined;
  for (let level = 0; level <= s.spec.maxTop; level++) {
    const bytes = s.allocationBytes(level);
    for (
      let page = s.core.unreservePage(s.handle, level, bytes) >>> 0;
      page !== NO_PAGE;
      page = s.core.unreservePage(s.handle, level, bytes) >>> 0
    ) {
      const offset = page;
      try {
        s.call(() => allocator.free(offset, bytes, s.spec.archLevel(level)));
      } catch (error) {
        failure ??= { error };
      }
    }
  }
  return failure;
}

/** @throws IoPgtableError EINVAL unless `bytes` at `offset` lie in the memory, aligned there and physically */
export function checkOffset(
  s: { readonly memory: TableState["memory"]; readonly spec: FormatSpec },
  operation: string,
  offset: unknown,
  bytes: number,
  align: number,
  iova?: number,
): asserts offset is number {
  if (typeof offset !== "number" || !Number.isInteger(offset) || offset < 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the allocator returned ${show(offset)}; it must be an offset or null`,
      iova,
    );
  }
  const window = s.memory.windowAt(offset);
  if (
    window === undefined ||
    offset + bytes > window.offset + window.bytes ||
    offset + bytes > s.memory.memory.buffer.byteLength
  ) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the allocator returned ${hex(offset)}, outside the memory's windows`,
      iova,
    );
  }
  if (offset % align !== 0 || s.memory.paddrOf(offset) % align !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the allocator returned ${hex(offset)}, not aligned to ${hex(align)}`,
      iova,
    );
  }
  checkReach(s, operation, offset, iova);
}

/** @throws IoPgtableError EINVAL where the format's entries and registers cannot hold the table's physical address */
export function checkReach(
  s: { readonly memory: TableState["memory"]; readonly spec: FormatSpec },
  operation: string,
  offset: number,
  iova?: number,
): void {
  const { name, tablePaddrBits } = s.spec;
  const paddr = s.memory.paddrOf(offset);
  if (paddr < 2 ** tablePaddrBits) return;
  throw new IoPgtableError(
    "EINVAL",
    operation,
    `a table page at ${hex(paddr)}: ${name} reaches tables in the first ${tablePaddrBits} bits of physical addresses only`,
    iova,
  );
}
