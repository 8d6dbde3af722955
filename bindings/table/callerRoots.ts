// Roots from a caller's allocator. They may be smaller than the bytes that a record is for, so that several share one; where they are is known here.
import type { MemoryState } from "../memoryState.js";

/** Bytes that a record is for (assembly/memory/superblock.ts). */
const UNIT = 1024;

/** Book a root. Returns why that is not possible, or undefined. */
export function bookRoot(memory: MemoryState, offset: number, bytes: number): "in use" | "no record" | undefined {
  if (overlapsRoot(memory, offset, bytes)) return "in use";
  const units = unitsOf(offset, bytes);
  if (units.some((unit) => memory.core.isFree(unit, UNIT) === 0 && !overlapsRoot(memory, unit, UNIT))) return "in use";
  if (units.some((unit) => memory.core.bookBytes(unit, UNIT) === 0)) return "no record";
  memory.callerRoots.set(offset, bytes);
  return undefined;
}

/** The root goes back to the allocator, or has become a table page like others. */
export function forgetRoot(memory: MemoryState, offset: number, bytes: number): void {
  memory.callerRoots.delete(offset);
  for (const unit of unitsOf(offset, bytes)) {
    if (!overlapsRoot(memory, unit, UNIT)) memory.core.forgetPage(unit, UNIT);
  }
}

function overlapsRoot(memory: MemoryState, offset: number, bytes: number): boolean {
  for (const [root, rootBytes] of memory.callerRoots) {
    if (offset < root + rootBytes && root < offset + bytes) return true;
  }
  return false;
}

function unitsOf(offset: number, bytes: number): number[] {
  const first = Math.floor(offset / UNIT);
  const end = Math.ceil((offset + bytes) / UNIT);
  return Array.from({ length: end - first }, (_, i) => (first + i) * UNIT);
}
