// Ranges that prepared updates hold: until they are committed or aborted nothing else changes them.
import { hex, IoPgtableError } from "../errors.js";
import type { Range } from "./arguments.js";
import type { TableState } from "./state.js";

/** @throws IoPgtableError EBUSY when a prepared update holds a part of the range */
export function checkFree(s: TableState, operation: string, range: Range): void {
  for (const held of s.holds) {
    if (range.iova < held.iova + held.size && held.iova < range.iova + range.size) {
      throw new IoPgtableError(
        "EBUSY",
        operation,
        `a prepared update holds ${hex(held.iova)}..${hex(held.iova + held.size - 1)}; commit or abort it first`,
        range.iova,
      );
    }
  }
}
