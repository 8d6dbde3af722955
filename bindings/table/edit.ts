// The calls that change mappings in place: replace, protect, coalesce, and the unmap that splits.
import { Mail } from "../memoryState.js";
import { checkOutput, checkRange, type Range } from "./arguments.js";
import {
  Breaking,
  checkEnd,
  type Edit,
  EditKind,
  edit,
  fetchFor,
  finishWalk,
  plainEdit,
  runEdit,
} from "./editSteps.js";
import { checkGather } from "./gather.js";
import { growNow } from "./grow.js";
import { checkFree } from "./holds.js";
import { tellMapped } from "./map.js";
import { mappings } from "./mappings.js";
import type { Flush } from "./pages.js";
import { settle } from "./settle.js";
import type { TableState } from "./state.js";
import { clip } from "./unmap.js";

/** Remove what the range maps, leaves that stick out split. Returns the bytes. */
export function removeRange(s: TableState, operation: string, range: Range, flushes: Flush[]): number {
  return edit(s, operation, plainEdit(EditKind.REMOVE, range), flushes);
}

/** Before a change inside tables that hang below several entries: those that the range covers in part become its own. */
export function ownTables(s: TableState, operation: string, range: Range, flushes: Flush[]): void {
  if (s.core.tableRepeats(s.handle) !== 0) edit(s, operation, plainEdit(EditKind.OWN, range), flushes);
}

/** Like map, over whatever is mapped there. */
export function replace(
  s: TableState,
  iova: unknown,
  paddr: unknown,
  size: unknown,
  prot: unknown,
  gather: unknown,
): void {
  const op = "replace";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const range = checkRange(s, op, iova, size);
  checkFree(s, op, range);
  const oa = checkOutput(s, op, range.iova, paddr, range.size);
  const e: Edit = { ...range, kind: EditKind.REPLACE, paddr: oa, ...s.attributes(prot, op, range.iova) };
  const holes = s.flush.mapped === undefined ? [] : holesOf(s, range);
  const flushes: Flush[] = [];
  growNow(s, op, range, oa, () => fetchFor(s, op, e));
  runEdit(s, op, e, flushes);
  settle(s, flushes, into);
  for (const hole of holes) tellMapped(s, hole.iova, hole.size);
}

/** The parts of a range that map nothing. */
export function holesOf(s: TableState, range: Range): Range[] {
  const holes: Range[] = [];
  const end = range.iova + range.size;
  let next = range.iova;
  const runs = mappings(s, BigInt(range.iova), BigInt(range.iova) + BigInt(range.size) - 1n);
  for (const run of runs) {
    const start = Number(run.iova);
    if (start > next) holes.push({ iova: next, size: start - next });
    next = Math.max(next, start + run.size);
  }
  if (next < end) holes.push({ iova: next, size: end - next });
  return holes;
}

/** Change the protection of everything mapped in the range. Returns the bytes. */
export function protect(s: TableState, iova: unknown, size: unknown, prot: unknown, gather: unknown): number {
  const op = "protect";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const asked = checkRange(s, op, iova, size);
  checkFree(s, op, asked);
  const bits = s.attributes(prot, op, asked.iova);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  const flushes: Flush[] = [];
  const done = edit(s, op, { ...range, kind: EditKind.PROTECT, paddr: 0, ...bits }, flushes);
  settle(s, flushes, into);
  return done;
}

/** Turn runs of small leaves into large ones. Returns the table pages that this frees. */
export function coalesce(s: TableState, iova: unknown, size: unknown, gather: unknown): number {
  const op = "coalesce";
  s.checkChangeable(op);
  const into = checkGather(s, gather, op);
  const asked = checkRange(s, op, iova, size);
  checkFree(s, op, asked);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  const flushes: Flush[] = [];
  const breaking = new Breaking(s);
  const first = s.core.coalesce(s.handle, range.iova, range.size, 0);
  const resume = () => s.core.coalesce(s.handle, range.iova, range.size, 1);
  const status = finishWalk(s, first, resume, breaking, flushes);
  const freed = s.memory.mail[Mail.UNLINKED_COUNT] ?? 0;
  checkEnd(s, op, status, range.iova, breaking, flushes);
  settle(s, flushes, into);
  return freed;
}
