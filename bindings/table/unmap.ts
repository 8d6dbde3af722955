// The idiomatic unmap's longer way: gathers, larger leaves that stick out, bigints, tables that become empty.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import { Mail } from "../memoryState.js";
import { show } from "../numbers.js";
import { checkOptions, checkRange, type Range } from "./arguments.js";
import { removeRange } from "./edit.js";
import { checkGather, type Gather, type TableGather } from "./gather.js";
import { checkFree } from "./holds.js";
import { mappings } from "./mappings.js";
import { FLUSH_RANGE, type Flush } from "./pages.js";
import { drainEvents, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** What becomes of a larger leaf that the range only partly covers. */
export type Partial = "split" | "whole" | "refuse";

/** Options of `IoPageTable.unmap`. */
export interface UnmapOptions {
  /** Collects the flushes. */
  gather?: Gather;
  /** What becomes of a larger leaf that the range only partly covers; default "split". */
  partial?: "split" | "whole" | "refuse";
}

/** Flags of the core's unmap and unmapRange (assembly/core/unmapOperations.ts). */
export const UnmapFlag = { WHOLE: 1, REFUSE: 2, RESUME: 4 } as const;

/** With the options checked and the range too: everything but one page that leaves its table in place. */
export function unmapRangeOf(s: TableState, iova: unknown, size: unknown, options: unknown): number {
  s.checkChangeable("unmap");
  const { gather, partial } = checkOptions("unmap", options) as UnmapOptions;
  const into = checkGather(s, gather, "unmap");
  const flags = partialFlags(partial);
  const asked = checkRange(s, "unmap", iova, size);
  checkFree(s, "unmap", partial === "whole" ? wholeLeaves(s, asked) : asked);
  const range = clip(s, asked);
  if (range.size === 0) return 0;
  return finishUnmap(s, s.core.unmap(s.handle, range.iova, range.size, flags), range, flags, into);
}

/** Go on from the core's first answer, which was none of EINVAL for its arguments and ERANGE. */
export function finishUnmap(s: TableState, first: number, range: Range, flags: number, into?: TableGather): number {
  if (first === Status.FLUSH) {
    settle(s, [{ kind: FLUSH_RANGE, iova: range.iova, size: range.size, granule: s.page }], into);
    return range.size;
  }
  const flushes: Flush[] = [];
  if (first === Status.SPLIT) {
    // With "whole" the core has moved the ends of the range to those of leaves.
    const iova = s.memory.mail[Mail.AT] ?? range.iova;
    const size = (s.memory.mail[Mail.EXTRA] ?? 0) + 1 - iova;
    const removed = removeRange(s, "unmap", { iova, size }, flushes);
    settle(s, flushes, into);
    return removed;
  }
  const status = runUnmap(s, first, range, flags, flushes);
  const done = s.memory.mail[Mail.DONE] ?? 0;
  if (status === Status.EINVAL) {
    throw new IoPgtableError(
      "EINVAL",
      "unmap",
      'a larger leaf is only partly in the range, and partial is "refuse"',
      range.iova,
    );
  }
  settle(s, flushes, into);
  if (status < 0) throw statusError(status, "unmap", s.memory.mail[Mail.AT] ?? range.iova);
  return done;
}

/** The range with the leaves at its ends whole, where a prepared update or a table of several entries could be in the way. */
export function wholeLeaves(s: TableState, range: Range): Range {
  if (s.holds.isEmpty && s.core.tableRepeats(s.handle) === 0) return range;
  const first = BigInt(range.iova);
  let [low, high] = [first, first + BigInt(range.size)];
  for (const end of [first, high - 1n]) {
    for (const { iova, size } of mappings(s, end, end)) {
      if (iova < low) low = iova;
      if (iova + BigInt(size) > high) high = iova + BigInt(size);
    }
  }
  return { iova: Number(low), size: Number(high - low) };
}

function partialFlags(partial: unknown): number {
  if (partial === undefined || partial === "split") return 0;
  if (partial === "whole") return UnmapFlag.WHOLE;
  if (partial === "refuse") return UnmapFlag.REFUSE;
  throw new IoPgtableError("EINVAL", "unmap", `partial is ${show(partial)}; give "split", "whole" or "refuse"`);
}

/** A table that can still grow maps nothing beyond its present top. */
export function clip(s: TableState, range: Range): Range {
  const { top } = s;
  if (top >= s.spec.maxTop) return range;
  const end = Math.min(range.iova + range.size, 2 ** ((s.shifts[top] ?? 0) + s.core.geometry(s.spec.core, 1, top)));
  return { iova: range.iova, size: Math.max(end - range.iova, 0) };
}

/** Go on until the core has ended, reading its events in between where there are many. */
export function runUnmap(s: TableState, first: number, range: Range, flags: number, flushes: Flush[]): number {
  const { mail } = s.memory;
  let status = first;
  drainEvents(s, flushes, true);
  while (status === Status.MORE) {
    const at = mail[Mail.AT] ?? range.iova;
    // With "whole" the core has moved the end of the range to the end of a leaf.
    const end = Math.max(range.iova + range.size, (mail[Mail.EXTRA] ?? 0) + 1);
    status = s.core.unmap(s.handle, at, end - at, flags | UnmapFlag.RESUME);
    drainEvents(s, flushes, true);
  }
  return status;
}
