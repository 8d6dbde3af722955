// mapList, mapFrames, mapSegments: all or nothing, as map.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import type { AttributeBits } from "../formats/format.js";
import { Mail } from "../memoryState.js";
import { checkRange, type Range } from "./arguments.js";
import { extentList } from "./extents.js";
import { growFor, NOT_GROWN, undoGrowth } from "./grow.js";
import { checkFree } from "./holds.js";
import { frameList, type OutputList, pageList } from "./lists.js";
import { settleFailed, tellMapped, tellTop } from "./map.js";
import type { Flush } from "./pages.js";
import { fetchPlanned, returnUnused } from "./reserve.js";
import { drainEvents, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** How a list call of the core goes (assembly/core/listOperations.ts). */
const ListFlag = { BEGIN: 1, FOLLOWED: 2, PLAN: 4, CHECK: 8, MAP: 128 } as const;

/** Lists up to this many entries are checked before anything is touched; longer ones while they are written, which saves reading them twice. */
const CHECKED_FIRST = 8192;

const NO_RUN = { paddr: 0, size: 0 };

/** A list and where it goes. */
export interface Placed extends Range {
  readonly operation: string;
  readonly list: OutputList;
  readonly bits: AttributeBits;
  /** Kind and page size, as the core takes them. */
  readonly how: number;
}

export function mapPageList(s: TableState, iova: unknown, pages: unknown, pageSize: unknown, prot: unknown): void {
  s.checkChangeable("mapList");
  mapOutputList(s, "mapList", iova, pageList(s, "mapList", pages, pageSize), prot);
}

export function mapFrameList(s: TableState, iova: unknown, frames: unknown, pageSize: unknown, prot: unknown): void {
  s.checkChangeable("mapFrames");
  mapOutputList(s, "mapFrames", iova, frameList(s, "mapFrames", frames, pageSize), prot);
}

export function mapSegmentList(s: TableState, iova: unknown, segments: unknown, prot: unknown, part: unknown): void {
  s.checkChangeable("mapSegments");
  mapOutputList(s, "mapSegments", iova, extentList(s, "mapSegments", segments, part), prot);
}

function mapOutputList(s: TableState, operation: string, iova: unknown, list: OutputList, prot: unknown): void {
  const placed = placeList(s, operation, iova, list, prot);
  const grows = s.top < s.spec.maxTop;
  const checked = list.length <= CHECKED_FIRST || grows || s.allocator !== undefined;
  // A list that is given at once, with nothing to do between, is checked by the call that maps it.
  const atOnce = checked && !grows && s.allocator === undefined && list.entriesAtOnce >= list.length;
  if (checked && !atOnce) look(s, placed, ListFlag.CHECK);
  const grown = grows || s.allocator !== undefined ? prepareList(s, placed) : NOT_GROWN;
  const flushes: Flush[] = [];
  const status = run(s, placed, atOnce ? ListFlag.MAP | ListFlag.CHECK : ListFlag.MAP, flushes);
  if (status < 0) {
    const failure = failureOf(s, placed, status);
    settleFailed(s, grown, flushes);
    throw failure;
  }
  tellTop(s, grown, placed, flushes);
  returnUnused(s);
  settle(s, flushes);
  tellMapped(s, placed.iova, placed.size);
}

/** A list with its range and attributes checked. @throws IoPgtableError EINVAL, ERANGE, ENOTSUP, EBUSY */
export function placeList(s: TableState, operation: string, iova: unknown, list: OutputList, prot: unknown): Placed {
  const range = checkListRange(s, operation, iova, list);
  const bits = s.attributes(prot, operation, range.iova);
  checkFree(s, operation, range);
  return placeAt(operation, range, list, bits);
}

export function placeAt(operation: string, range: Range, list: OutputList, bits: AttributeBits): Placed {
  const how = (list.kind << 4) | (Math.log2(list.pageSize) << 8);
  return { iova: range.iova, size: range.size, operation, list, bits, how };
}

/** @throws IoPgtableError for the first entry that is no address */
export function checkList(s: TableState, placed: Placed): void {
  look(s, placed, ListFlag.CHECK);
}

/** Count the table pages that mapping the list needs, beside those that the plan has counted. */
export function planList(s: TableState, placed: Placed): void {
  look(s, placed, ListFlag.PLAN);
}

/** Map a list for which all is in hand. Returns the last status. */
export function runList(s: TableState, placed: Placed, flushes: Flush[]): number {
  return run(s, placed, ListFlag.MAP, flushes);
}

function checkListRange(s: TableState, operation: string, iova: unknown, list: OutputList): Range {
  const range = checkRange(s, operation, iova, list.size);
  if (range.iova % list.pageSize === 0) return range;
  throw new IoPgtableError("EINVAL", operation, "the address is not aligned to the page size of the list", range.iova);
}

/** Levels enough, and the caller's pages. Returns the top before, as `growFor`. */
function prepareList(s: TableState, placed: Placed): number {
  // Only a leaf that no table holds yet asks for more levels than the range does.
  const { paddr, size } = placed.size >= 2 ** (s.shifts[s.top + 1] ?? 64) ? placed.list.runAt(0) : NO_RUN;
  const grown = growFor(s, placed.operation, placed, paddr, size);
  if (s.allocator === undefined) return grown;
  try {
    s.core.planBegin();
    look(s, placed, ListFlag.PLAN);
    fetchPlanned(s, placed.operation, placed.iova);
    placed.list.checkThere();
  } catch (error) {
    returnUnused(s);
    undoGrowth(s, grown);
    throw error;
  }
  return grown;
}

/** Give the core the list without mapping it. @throws IoPgtableError for the first entry that is refused */
function look(s: TableState, placed: Placed, purpose: number): void {
  for (let done = 0; done < placed.size; ) {
    const part = placed.list.part(done);
    // Each part is checked by itself.
    const begin = done === 0 || purpose === ListFlag.CHECK ? ListFlag.BEGIN : 0;
    const followed = done + part.bytes < placed.size ? ListFlag.FOLLOWED : 0;
    const status = call(s, placed, done, part.at, part.entries, purpose | begin | followed);
    if (status < 0) throw failureOf(s, placed, status);
    done += part.bytes;
  }
}

/** Map the list. Returns the last status: where it is negative, the core has undone all. */
function run(s: TableState, placed: Placed, purpose: number, flushes: Flush[]): number {
  let status: number = Status.OK;
  for (let done = 0; done < placed.size && status >= 0; ) {
    const part = placed.list.part(done);
    const followed = done + part.bytes < placed.size ? ListFlag.FOLLOWED : 0;
    status = call(s, placed, done, part.at, part.entries, purpose | followed | (done === 0 ? ListFlag.BEGIN : 0));
    drainEvents(s, flushes, true);
    while (status === Status.MORE) {
      status = call(s, placed, done, 0, 0, ListFlag.MAP | followed);
      drainEvents(s, flushes, true);
    }
    done += part.bytes;
  }
  return status;
}

function call(s: TableState, placed: Placed, done: number, at: number, entries: number, flags: number): number {
  const { low, high } = placed.bits;
  return s.core.mapList(s.handle, placed.iova + done, at, entries, low, high, placed.how | flags);
}

function failureOf(s: TableState, placed: Placed, status: number): IoPgtableError {
  const at = s.memory.mail[Mail.AT] ?? placed.iova;
  if (status !== Status.EINVAL) return statusError(status, placed.operation, at);
  return placed.list.refusal(at - placed.iova, at);
}
