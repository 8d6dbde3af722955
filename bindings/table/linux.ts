// Linux's own calls, with Linux's results: io-pgtable's map_pages and unmap_pages, generic_pt's map_range and unmap_range.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import { isRefusal } from "../formats/format.js";
import { Mail } from "../memoryState.js";
import { checkInteger, checkIova } from "../numbers.js";
import { PLAIN } from "../prot.js";
import { isInside, type Range, spaces } from "./arguments.js";
import { ownTables } from "./edit.js";
import { Breaking } from "./editSteps.js";
import { checkGather, TableGather } from "./gather.js";
import { NOT_GROWN } from "./grow.js";
import { checkFree } from "./holds.js";
import { itemBytes, mapEach, unmapEach } from "./itemCalls.js";
import {
  type Extent,
  MapFlag,
  type MapResult,
  prepareTables,
  runMap,
  settleMerged,
  takeBack,
  tellMapped,
  tellTop,
} from "./map.js";
import { FLUSH_RANGE, FLUSH_WALK, type Flush, PageList } from "./pages.js";
import { returnUnused } from "./reserve.js";
import { drainEvents, drainPages, flushRun, settle } from "./settle.js";
import { codeOf, type TableState } from "./state.js";
import { clip, UnmapFlag, wholeLeaves } from "./unmap.js";

function refused(error: MapResult["error"]): MapResult {
  return { mapped: 0, error };
}

/** One page size, up to the end of one table; all or nothing of it. Errors in Linux's order: page size, input range, protection. */
export function mapPages(
  s: TableState,
  iova: unknown,
  paddr: unknown,
  pageSize: unknown,
  count: unknown,
  prot: unknown,
): MapResult {
  const plain = typeof iova === "number" && typeof paddr === "number" && typeof prot === "number";
  if (plain && isDirect(s, pageSize) && isCount(count) && (prot & PLAIN) === prot) {
    const mapped = s.core.mapPagesPlain(s.handle, iova, paddr, count, prot);
    if (mapped !== 0) return { mapped, error: null };
  }
  return mapPagesChecked(s, iova, paddr, pageSize, count, prot);
}

/** Whether the core may take a call for pages of this size at once; what it does not do it leaves to the longer way. */
function isDirect(s: TableState, pageSize: unknown): boolean {
  return s.direct && s.blocked === 0 && pageSize === s.page;
}

function isCount(x: unknown): x is number {
  return typeof x === "number" && x >>> 0 === x;
}

function mapPagesChecked(
  s: TableState,
  iova: unknown,
  paddr: unknown,
  pageSize: unknown,
  count: unknown,
  prot: unknown,
): MapResult {
  const op = "mapPages";
  s.checkChangeable(op);
  const at = checkIova(iova, op, s.page);
  const oa = checkInteger(paddr, "paddr", op, 2 ** 64, at);
  const size = checkInteger(pageSize, "pageSize", op, 2 ** 64, at);
  const pages = checkInteger(count, "count", op, 2 ** 53, at);
  const flags = checkInteger(prot, "prot", op, 2 ** 32, at);
  if (pages === 0 || !s.sizes.includes(size)) return refused("EINVAL");
  if (!isInside(s, at, 1n) || oa >= 2 ** s.spec.oas) return refused("ERANGE");
  const bits = s.spec.encode(flags, s.strict);
  if (isRefusal(bits)) return refused(bits.code);
  if (at % BigInt(size) !== 0n || oa % size !== 0) return refused("EINVAL");
  const bytes = inputBytes(s, at, size, pages);
  if (bytes === 0) return refused("EINVAL");
  const extent: Extent = { iova: Number(at), size: bytes, paddr: oa, ...bits };
  checkFree(s, op, extent);
  if (!owned(s, op, extent)) return refused("ENOMEM");
  const lg2 = Math.log2(size);
  if (s.spec.linuxPages === "items") return mapEach(extent, size, (page) => runMapPages(s, page, lg2));
  return runMapPages(s, extent, lg2);
}

/** The bytes asked for, cut to the whole pages that the input space has from there on. */
function inputBytes(s: TableState, at: bigint, pageSize: number, pages: number): number {
  const page = BigInt(pageSize);
  const [, last] = spaces(s).find(([low, high]) => at >= low && at <= high) ?? [0n, at - 1n];
  const room = (last - at + 1n) / page;
  const asked = BigInt(pages);
  return Number((asked < room ? asked : room) * page);
}

function runMapPages(s: TableState, extent: Extent, sizeLg2: number): MapResult {
  const { iova, paddr, size, low, high } = extent;
  const grown = tablesFor(s, "mapPages", extent, sizeLg2);
  if (grown === undefined) return refused("ENOMEM");
  const flushes: Flush[] = [];
  const unlinked = new PageList(s.core);
  const breaking = new Breaking(s);
  let status = s.core.mapPages(s.handle, iova, paddr, size, sizeLg2, low, high, 0);
  while (status === Status.MORE) {
    const met: Flush[] = [];
    drainEvents(s, met, false);
    if (s.spec.breakBeforeMake === "never") flushes.push(...met);
    else breaking.issue(met, flushes);
    drainPages(s, unlinked);
    const done = s.memory.mail[Mail.DONE] ?? 0;
    status = s.core.mapPages(s.handle, iova + done, paddr + done, size - done, sizeLg2, low, high, MapFlag.RESUME);
  }
  drainEvents(s, flushes, false);
  return endMap(s, status, grown, extent, flushes, () => settleBroken(s, breaking, flushes, unlinked));
}

/** What is flushed already frees its pages now; a flush that threw is owed, and its error passes on. */
function settleBroken(s: TableState, { failure }: Breaking, flushes: readonly Flush[], unlinked: PageList): void {
  drainPages(s, unlinked);
  if (failure === undefined) {
    settle(s, [...flushes], undefined, unlinked);
    return;
  }
  s.backlog.flushes.push(...flushes);
  unlinked.moveTo(s.backlog.pages);
  s.settleDirect();
  throw failure.error;
}

/** Any aligned size, the largest leaves as it goes; a prefix on error. Errors in Linux's order: protection, alignment, range. */
export function mapRange(
  s: TableState,
  iova: unknown,
  paddr: unknown,
  size: unknown,
  prot: unknown,
  gather: unknown,
): MapResult {
  const op = "mapRange";
  s.checkChangeable(op);
  const at = checkIova(iova, op, s.page);
  const oa = checkInteger(paddr, "paddr", op, 2 ** 64, at);
  const bytes = checkInteger(size, "size", op, 2 ** 64, at);
  const flags = checkInteger(prot, "prot", op, 2 ** 32, at);
  const into = checkGather(s, gather, op);
  const bits = s.spec.encode(flags, s.strict);
  if (isRefusal(bits)) return refused(bits.code);
  if (bytes === 0) return refused("EINVAL");
  if (at % BigInt(s.page) !== 0n || oa % s.page !== 0 || bytes % s.page !== 0) return refused("EINVAL");
  if (oa >= 2 ** s.spec.oas || !isInside(s, at, BigInt(bytes))) return refused("ERANGE");
  const extent: Extent = { iova: Number(at), size: bytes, paddr: oa, ...bits };
  checkFree(s, op, extent);
  const grown = tablesFor(s, op, extent, 0);
  if (grown === undefined) return refused("ENOMEM");
  const flushes: Flush[] = [];
  const first = s.core.map(s.handle, extent.iova, oa, bytes, bits.low, bits.high, 0);
  const status = runMap(s, first, extent, 0, flushes);
  return endMap(s, status, grown, extent, flushes, () => settleMerged(s, flushes, into));
}

/** As `prepareTables`; undefined where there is no page. */
function tablesFor(s: TableState, operation: string, extent: Extent, sizeLg2: number): number | undefined {
  try {
    return prepareTables(s, operation, extent, sizeLg2);
  } catch (error) {
    if (error instanceof IoPgtableError && error.code === "ENOMEM") return undefined;
    throw error;
  }
}

/** Make tables that hang below several entries the range's own. False: there is no page for a copy. */
function owned(s: TableState, operation: string, range: Range): boolean {
  const flushes: Flush[] = [];
  try {
    ownTables(s, operation, range, flushes);
  } catch (error) {
    if (error instanceof IoPgtableError && error.code === "ENOMEM") return false;
    throw error;
  }
  if (flushes.length !== 0) settle(s, flushes);
  return true;
}

/**
 * The same for calls that clear items where they stand: a table must be the range's own also where the range covers all of it. Such a call ends with its
 * first table, or goes page by page through one after the other.
 */
function ownedInPlace(s: TableState, operation: string, range: Range, pageSize: number): boolean {
  if (s.core.tableRepeats(s.handle) === 0) return true;
  if (s.spec.linuxPages !== "items") return owned(s, operation, { iova: range.iova, size: pageSize });
  const level = s.shifts.findLastIndex((shift) => 2 ** shift <= pageSize);
  const table = 2 ** (s.shifts[level + 1] ?? 64);
  for (let iova = range.iova; iova < range.iova + range.size; iova += table - (iova % table)) {
    if (!owned(s, operation, { iova, size: pageSize })) return false;
  }
  return true;
}

/** Growth stays only where something was mapped; then what gave way is flushed. */
function endMap(
  s: TableState,
  status: number,
  grown: number,
  extent: Extent,
  flushes: Flush[],
  settleAll: () => void,
): MapResult {
  const mapped = s.memory.mail[Mail.DONE] ?? 0;
  const range: Range = { iova: extent.iova, size: mapped };
  if (mapped !== 0) tellTop(s, grown, range, flushes);
  else if (grown !== NOT_GROWN) takeBack(s, grown, range, s.core.birth(), flushes);
  returnUnused(s);
  settleAll();
  tellMapped(s, extent.iova, mapped);
  return { mapped, error: status < 0 ? codeOf(status) : null };
}

/** Stops at the first hole, refuses a part of a larger leaf. One flushWalk per table that it unlinks, then one flushRange over the whole run. */
export function unmapPages(s: TableState, iova: unknown, pageSize: unknown, count: unknown, gather: unknown): number {
  const isOurs = gather === undefined || (gather instanceof TableGather && gather.belongsTo(s));
  if (typeof iova === "number" && isDirect(s, pageSize) && isCount(count) && isOurs) {
    const size = s.core.unmapPagesPlain(s.handle, iova, count);
    if (size !== 0) return gather === undefined ? flushRun(s, iova, size, s.page) : gather.addRun(iova + 0, size);
  }
  return unmapPagesChecked(s, iova, pageSize, count, gather);
}

function unmapPagesChecked(s: TableState, iova: unknown, pageSize: unknown, count: unknown, gather: unknown): number {
  const op = "unmapPages";
  s.checkChangeable(op);
  const at = checkIova(iova, op, s.page);
  const size = checkInteger(pageSize, "pageSize", op, 2 ** 64, at);
  const pages = checkInteger(count, "count", op, 2 ** 53, at);
  const into = checkGather(s, gather, op);
  if (pages === 0 || !s.sizes.includes(size) || !isInside(s, at, 1n) || at % BigInt(size) !== 0n) return 0;
  const range = clip(s, { iova: Number(at), size: inputBytes(s, at, size, pages) });
  if (range.size === 0) return 0;
  checkFree(s, op, range);
  if (!ownedInPlace(s, op, range, size)) return 0;
  if (s.spec.linuxPages === "items") return unmapEach(s, range, size, into);
  const lg2 = Math.log2(size);
  const flushes: Flush[] = [];
  let status = s.core.unmapPages(s.handle, range.iova, range.size, lg2, 0);
  drainEvents(s, flushes, false);
  while (status === Status.MORE) {
    const next = s.memory.mail[Mail.AT] ?? 0;
    status = s.core.unmapPages(s.handle, next, range.iova + range.size - next, lg2, 1);
    drainEvents(s, flushes, false);
  }
  const done = s.memory.mail[Mail.DONE] ?? 0;
  // Where a leaf of this size would be several items, there may have been as many leaves.
  if (done !== 0) flushes.push({ kind: FLUSH_RANGE, iova: range.iova, size: done, granule: itemBytes(s, size) });
  settle(s, flushes, into);
  return done;
}

/** Stops at the first hole; at the start of a larger leaf removes all of it. One flush over the whole run. */
export function unmapRange(s: TableState, iova: unknown, size: unknown, gather: unknown): number {
  const op = "unmapRange";
  s.checkChangeable(op);
  const at = checkIova(iova, op, s.page);
  const bytes = checkInteger(size, "size", op, 2 ** 64, at);
  const into = checkGather(s, gather, op);
  const aligned = at % BigInt(s.page) === 0n && bytes % s.page === 0;
  if (bytes === 0 || !aligned || !isInside(s, at, BigInt(bytes))) return 0;
  const range = clip(s, { iova: Number(at), size: bytes });
  if (range.size === 0) return 0;
  const whole = wholeLeaves(s, range);
  checkFree(s, op, whole);
  if (!owned(s, op, whole)) return 0;
  const flushes: Flush[] = [];
  let status = s.core.unmapRange(s.handle, range.iova, range.size, 0);
  drainEvents(s, flushes, true);
  while (status === Status.MORE) {
    const next = s.memory.mail[Mail.AT] ?? 0;
    status = s.core.unmapRange(s.handle, next, range.iova + range.size - next, UnmapFlag.RESUME);
    drainEvents(s, flushes, true);
  }
  const { mail } = s.memory;
  const done = mail[Mail.DONE] ?? 0;
  const smallest = mail[Mail.SMALLEST] ?? 0;
  const tables = (mail[Mail.UNLINKED_COUNT] ?? 0) !== 0 || smallest === 0;
  if (done !== 0) {
    const granule = tables ? s.page : smallest;
    flushes.push({ kind: tables ? FLUSH_WALK : FLUSH_RANGE, iova: range.iova, size: done, granule });
  }
  settle(s, flushes, into);
  return done;
}
