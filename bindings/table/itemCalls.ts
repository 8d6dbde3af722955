// map_pages and unmap_pages as the drivers do them that go page by page: across tables, a prefix stays, each item is reported at its own size.
import { Status } from "../core.js";
import { Mail } from "../memoryState.js";
import type { Range } from "./arguments.js";
import type { TableGather } from "./gather.js";
import type { Extent, MapResult } from "./map.js";
import { FLUSH_RANGE, type Flush, PageList } from "./pages.js";
import { addFlush, drainEvents, drainPages, settle } from "./settle.js";
import type { TableState } from "./state.js";

/** Map one page after the other through `mapOne`, until one is refused. */
export function mapEach(extent: Extent, pageSize: number, mapOne: (page: Extent) => MapResult): MapResult {
  let mapped = 0;
  while (mapped < extent.size) {
    const { iova, paddr } = extent;
    const one = mapOne({ ...extent, iova: iova + mapped, paddr: paddr + mapped, size: pageSize });
    if (one.error !== null) return { mapped, error: one.error };
    mapped += pageSize;
  }
  return { mapped, error: null };
}

/** Unmap one page after the other, until one is not mapped as asked. Returns the bytes. */
export function unmapEach(s: TableState, range: Range, pageSize: number, gather: TableGather | undefined): number {
  const flushes: Flush[] = [];
  const unlinked = new PageList(s.core);
  let done = 0;
  while (done < range.size) {
    const iova = range.iova + done;
    const walks: Flush[] = [];
    const status = s.core.unmapPages(s.handle, iova, pageSize, Math.log2(pageSize), 0);
    drainEvents(s, walks, false);
    if (status !== Status.OK || (s.memory.mail[Mail.DONE] ?? 0) === 0) break;
    reportItems(s, { iova, size: pageSize }, walks, flushes);
    done += pageSize;
    drainPages(s, unlinked);
  }
  settle(s, flushes, gather, unlinked);
  return done;
}

/** The bytes that one item of a leaf of this size covers: the smallest leaf that its place can hold as well. */
export function itemBytes(s: TableState, leafSize: number): number {
  return 2 ** (s.shifts.findLast((shift) => 2 ** shift <= leafSize) ?? Math.log2(s.page));
}

/** The items of one page, in order: a table that stood there as the core reported it, a leaf at the size of its item. */
function reportItems(s: TableState, page: Range, walks: readonly Flush[], flushes: Flush[]): void {
  const item = itemBytes(s, page.size);
  for (let iova = page.iova; iova < page.iova + page.size; iova += item) {
    const walk = walks.find((flush) => flush.iova === iova);
    if (walk !== undefined) addFlush(flushes, walk, false);
    else addFlush(flushes, { kind: FLUSH_RANGE, iova, size: item, granule: item }, true);
  }
}
