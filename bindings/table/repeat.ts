// One source over and over across a wide range, with the intermediate tables shared: what a table translates depends only on where in the period it begins, so
// that of the tables that lie in the range whole, only period / gcd(period, span) differ at each level. The others are links to those.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import { Mail } from "../memoryState.js";
import { checkInteger, show } from "../numbers.js";
import { repeatedRunAt, runAt, type SegmentList, segmentsOf } from "../segmentList.js";
import { checkOutput, checkRange, type Range } from "./arguments.js";
import { growNow } from "./grow.js";
import { checkFree } from "./holds.js";
import { pageList } from "./lists.js";
import { type Extent, runMap, tellMapped } from "./map.js";
import { placeAt, runList } from "./mapList.js";
import { type Flush, PageList } from "./pages.js";
import { fetchPages, returnUnused } from "./reserve.js";
import { drainEvents, drainPages, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";
import { runUnmap } from "./unmap.js";

const OPERATION = "mapRepeat";

/** A repeat mapping: the byte `phase` of the source is at the start of the range. */
export interface Repeat extends Range {
  readonly source: SegmentList;
  readonly phase: number;
}

/** What becomes of the parts of a repeat mapping: counted, then done, by the same walk. */
export interface Builder {
  map(iova: number, paddr: number, size: number): void;
  /** Smallest pages from iova on, in one table. */
  pages(iova: number, paddrs: () => Float64Array): void;
  /** The `count` tables at `level` from iova on, whose entries are in one table, are those that stand `distance` bytes before them. */
  link(iova: number, distance: number, count: number, level: number): void;
}

/** `source` over and over across the range. All or nothing. */
export function mapRepeat(
  s: TableState,
  iova: unknown,
  size: unknown,
  source: unknown,
  prot: unknown,
  phase: unknown,
): void {
  s.checkChangeable(OPERATION);
  const range = checkRange(s, OPERATION, iova, size);
  checkFree(s, OPERATION, range);
  const repeat: Repeat = { ...range, ...checkSource(s, OPERATION, range.iova, source, phase) };
  const bits = s.attributes(prot, OPERATION, range.iova);
  const flushes: Flush[] = [];
  const unlinked = new PageList(s.core);
  try {
    growNow(s, OPERATION, range, runAt(repeat.source, repeat.phase).paddr, () => {
      clearTables(s, range, flushes, unlinked);
      s.core.planBegin();
      layOut(s, repeat, planner(s));
      fetchPages(s, OPERATION, range.iova);
    });
  } catch (error) {
    settleCleared(s, flushes, unlinked);
    throw error;
  }
  layOut(s, repeat, maker(s, bits, flushes, unlinked));
  returnUnused(s);
  settle(s, flushes, undefined, unlinked);
  tellMapped(s, range.iova, range.size);
}

/** @throws IoPgtableError EINVAL, ERANGE */
export function checkSource(
  s: TableState,
  operation: string,
  iova: number,
  source: unknown,
  phase: unknown,
): Pick<Repeat, "source" | "phase"> {
  const extents = isExtent(source) ? [source] : source;
  const list = segmentsOf(extents, operation);
  if (list.size === 0) throw new IoPgtableError("EINVAL", operation, "the source is empty", iova);
  for (let at = 0; at < list.size; ) {
    const run = runAt(list, at);
    checkOutput(s, operation, iova, run.paddr, run.size);
    if (run.size % s.page !== 0) {
      throw new IoPgtableError(
        "EINVAL",
        operation,
        `a part of the source, ${show(run.size)} bytes, is not whole pages`,
        iova,
      );
    }
    at += run.size;
  }
  const start = phase === undefined ? 0 : checkInteger(phase, "phase", operation, 2 ** 64, iova);
  if (start % s.page !== 0) {
    throw new IoPgtableError("EINVAL", operation, `phase ${show(start)} is no multiple of the page size`, iova);
  }
  return { source: list, phase: start % list.size };
}

function isExtent(source: unknown): source is { paddr: number; size: number } {
  return typeof source === "object" && source !== null && "paddr" in source;
}

/** The core's answer to where the range maps something. @throws IoPgtableError EEXIST, EFAULT */
export function checkEmpty(s: TableState, operation: string, range: Range): number {
  const status = s.core.firstLeaf(s.handle, range.iova, range.size);
  if (status < 0) throw statusError(status, operation, s.memory.mail[Mail.AT] ?? range.iova);
  return status;
}

/** Tables that lie in the range and map nothing would be in the way of shared ones. @throws IoPgtableError EEXIST, EFAULT */
function clearTables(s: TableState, range: Range, flushes: Flush[], unlinked: PageList): void {
  const status = checkEmpty(s, OPERATION, range);
  if (status !== Status.MORE) return;
  runUnmap(s, s.core.unmap(s.handle, range.iova, range.size, 0), range, 0, flushes);
  drainPages(s, unlinked);
}

/** A map that failed has freed what was empty all the same; what cannot be flushed now is owed, and the failure is what the caller is told. */
function settleCleared(s: TableState, flushes: Flush[], unlinked: PageList): void {
  try {
    settle(s, flushes, undefined, unlinked);
  } catch {
    s.settleDirect();
  }
}

/** Counts the table pages. */
export function planner(s: TableState): Builder {
  return {
    map: (iova, paddr, size) => s.core.planMap(s.handle, iova, paddr, size, 0),
    pages: (iova) => s.core.planPath(s.handle, iova, 0),
    link: (iova, _distance, _count, level) => s.core.planPath(s.handle, iova, level + 1),
  };
}

/** Does it; all pages are in hand. */
export function maker(
  s: TableState,
  bits: { low: number; high: number },
  flushes: Flush[],
  unlinked: PageList,
): Builder {
  const end = (status: number, iova: number): void => {
    if (status < 0) throw statusError(status, OPERATION, iova);
  };
  return {
    map(iova, paddr, size) {
      const extent: Extent = { iova, size, paddr, ...bits };
      const status = runMap(s, s.core.map(s.handle, iova, paddr, size, bits.low, bits.high, 0), extent, 0, flushes);
      drainPages(s, unlinked);
      end(status, iova);
    },
    pages(iova, paddrs) {
      const list = pageList(s, OPERATION, paddrs(), s.page);
      end(runList(s, placeAt(OPERATION, { iova, size: list.size }, list, bits), flushes), iova);
      drainPages(s, unlinked);
    },
    link(iova, distance, count, level) {
      const status = s.core.linkShared(s.handle, iova, distance, count, level);
      drainEvents(s, flushes, true);
      end(status, iova);
    },
  };
}

/** Walk the range from its first address to its last. */
export function layOut(s: TableState, repeat: Repeat, builder: Builder): void {
  new Layout(s, repeat, builder).level(s.top, repeat.iova, repeat.iova + repeat.size);
}

/** For the pages of one table. An array of its own for each was a third of the time that a repeat of one page takes. */
let pagesRoom: Float64Array = /* @__PURE__ */ new Float64Array(512);

class Layout {
  constructor(
    readonly state: TableState,
    readonly repeat: Repeat,
    readonly builder: Builder,
  ) {}

  /** [va, end), which entries at `level` cover. */
  level(level: number, first: number, end: number): void {
    const { builder } = this;
    const span = 2 ** (this.state.shifts[level] ?? 0);
    for (let va = first; va < end; ) {
      const { paddr, size } = this.at(va);
      if (level === 0 && size < end - va) {
        builder.pages(va, () => this.pagesOf(va, end));
        return;
      }
      if (level === 0 || this.fitsLeaf(va, paddr, size, span)) {
        const bytes = Math.min(size, end - va);
        const whole = level === 0 ? bytes : bytes - (bytes % span);
        builder.map(va, paddr, whole);
        va += whole;
        continue;
      }
      const itemEnd = Math.min(end, va - (va % span) + span);
      const linked = this.linkable(va, end, span);
      if (linked > 0) builder.link(va, this.distance(span), linked, level - 1);
      else this.level(level - 1, va, itemEnd);
      va = linked > 0 ? va + linked * span : itemEnd;
    }
  }

  /** What is at an address of the range, to the end of its contiguous run or of the range. */
  at(va: number): { paddr: number; size: number } {
    const { iova, size, source, phase } = this.repeat;
    const run = repeatedRunAt(source, (va - iova + phase) % source.size);
    return { paddr: run.paddr, size: Math.min(run.size, iova + size - va) };
  }

  /** Where the pages of [va, end) lead: one period page by page, then copies of it. Void once it is called again. */
  pagesOf(va: number, end: number): Float64Array {
    const { page } = this.state;
    const count = (end - va) / page;
    if (pagesRoom.length < count) pagesRoom = new Float64Array(count);
    const paddrs = pagesRoom.subarray(0, count);
    const period = Math.min(this.repeat.source.size / page, paddrs.length);
    for (let i = 0; i < period; ) {
      const { paddr, size } = this.at(va + i * page);
      const run = Math.min(size / page, period - i);
      for (let k = 0; k < run; k++) paddrs[i + k] = paddr + k * page;
      i += run;
    }
    for (let done = period; done < paddrs.length; done *= 2) paddrs.copyWithin(done, 0, done);
    return paddrs;
  }

  /** Whether a leaf of at least `span` bytes may begin here. */
  fitsLeaf(va: number, paddr: number, size: number, span: number): boolean {
    if (va % span !== 0 || paddr % span !== 0 || size < span) return false;
    return this.state.sizes.some((leaf) => leaf >= span && va % leaf === 0 && paddr % leaf === 0 && leaf <= size);
  }

  /** How far before a table the last one stands that translates the same. */
  distance(span: number): number {
    const { source } = this.repeat;
    return (source.size / gcd(source.size / this.state.page, span / this.state.page)) * (span / this.state.page);
  }

  /** How many entries from `va` on, each of them in the range whole, have such a table before them in the range. */
  linkable(va: number, end: number, span: number): number {
    if (va % span !== 0 || va - this.distance(span) < this.repeat.iova) return 0;
    if (this.repeat.source.size < span) return Math.floor((end - va) / span);
    let count = 0;
    for (let at = va; at + span <= end; at += span) {
      const { paddr, size } = this.at(at);
      if (this.fitsLeaf(at, paddr, size, span)) break;
      count++;
    }
    return count;
  }
}

function gcd(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}
