// Ranges as GPUs that lock them want them.

import { IoPgtableError } from "../errors.js";
import type { IoPageTable } from "../ioPageTable.js";
import { checkInteger, checkIova, show } from "../numbers.js";
import type { EntryChange } from "./changes.js";
import type { Block } from "./splits.js";

/** Addresses that an operation touched. */
export interface GpuVmRange {
  iova: bigint;
  size: number;
}

/** Where operations, in ascending order, and joins change entries, from the first to the last; leaves that they cut count whole. */
export function touchedRange(
  table: IoPageTable,
  ops: readonly EntryChange[],
  joins: readonly Block[],
): GpuVmRange | null {
  const first = ops[0];
  const last = ops.at(-1);
  if (first === undefined || last === undefined) return null;
  let start = leafStart(table, Number(first.iova));
  let end = leafEnd(table, Number(last.iova) + sizeOf(last));
  for (const join of joins) {
    start = Math.min(start, join.start);
    end = Math.max(end, join.start + join.size);
  }
  return { iova: BigInt(start), size: end - start };
}

function sizeOf(op: EntryChange): number {
  return op.op === "mapSegments" ? op.part.size : op.size;
}

/** Where the leaf that holds `start` begins; `start` itself where nothing is mapped. */
function leafStart(table: IoPageTable, start: number): number {
  const leaf = table.walk(start).at(-1);
  return leaf?.kind === "leaf" ? Number(leaf.iova) : start;
}

/** Where the leaf that holds the byte before `end` ends. */
function leafEnd(table: IoPageTable, end: number): number {
  const page = table.pageSizes[0] ?? 1;
  const leaf = table.walk(end - page).at(-1);
  return leaf?.kind === "leaf" ? Number(leaf.iova) + leaf.size : end;
}

/** The least that GPUs lock. */
const LEAST_LOCKED = 2 ** 15;

/**
 * The smallest naturally aligned power-of-two block that holds [iova, iova+size): what Mali GPUs lock and invalidate while a range changes.
 * @param least the smallest block that the GPU can lock, a power of two; default 32 KiB
 * @returns the block; of 2^64 bytes where only all of the address space will do
 * @throws IoPgtableError EINVAL, ERANGE
 *
 * @example
 * ```ts
 * lockedRegion(0x20_3000, 0x1_0000); // { iova: 0x20_0000n, size: 0x2_0000 }
 * ```
 */
export function lockedRegion(iova: number | bigint, size: number, least: number = LEAST_LOCKED): GpuVmRange {
  const op = "lockedRegion";
  const first = checkIova(iova, op, 4096);
  const bytes = BigInt(checkInteger(size, "size", op, 2 ** 64, first));
  if (bytes === 0n) throw new IoPgtableError("EINVAL", op, "size is 0", first);
  const last = first + bytes - 1n;
  if (last >= 1n << 64n) throw new IoPgtableError("ERANGE", op, "the range ends beyond 2^64", first);
  const smallest = checkInteger(least, "least", op, 2 ** 63, first);
  if (smallest === 0 || Math.log2(smallest) % 1 !== 0) {
    throw new IoPgtableError("EINVAL", op, `least is ${show(least)}; it must be a power of two`, first);
  }
  const bits = BigInt((first ^ last).toString(2).length);
  const width = first === last ? 1n : 1n << bits;
  const block = width > BigInt(smallest) ? width : BigInt(smallest);
  return { iova: first - (first % block), size: Number(block) };
}
