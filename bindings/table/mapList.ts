// mapList, mapFrames, mapSegments: all or nothing, as map.
import { Status } from "../core.js";
import { IoPgtableError } from "../errors.js";
import type { AttributeBits } from "../formats/format.js";
import { Mail } from "../memoryState.js";
import { checkRange, type Range } from "./arguments.js";
import { extentList } from "./extents.js";
import { growFor, undoGrowth } from "./grow.js";
import { frameList, type OutputList, pageList } from "./lists.js";
import { settleFailed, tellMapped, tellTop } from "./map.js";
import type { Flush } from "./pages.js";
import { fetchPlanned, returnUnused } from "./reserve.js";
import { drainEvents, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";

/** How a list call of the core goes (assembly/core/listOperations.ts). */
const ListFlag = { BEGIN: 1, FOLLOWED: 2, PLAN: 4, CHECK: 8 } as const;

/** Lists up to this many entries are checked before anything is touched; longer ones while they are written, which saves reading them twice. */
const CHECKED_FIRST = 8192;

/** A list, where it goes and how. */
interface ListMapping extends Range, AttributeBits {
  readonly operation: string;
  readonly list: OutputList;
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
  const range = checkRange(s, operation, iova, list.size);
  if (range.iova % list.pageSize !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      "the address is not aligned to the page size of the list",
      range.iova,
    );
  }
  const m: ListMapping = { ...range, ...s.attributes(prot, operation, range.iova), operation, list };
  if (s.allocator !== undefined || list.length <= CHECKED_FIRST) look(s, m, ListFlag.CHECK);
  const grown = prepareList(s, m);
  const flushes: Flush[] = [];
  const status = run(s, m, flushes);
  if (status < 0) {
    const failure = failureOf(s, m, status);
    settleFailed(s, grown, flushes);
    throw failure;
  }
  tellTop(s, grown, m, flushes);
  returnUnused(s);
  settle(s, flushes);
  tellMapped(s, m.iova, m.size);
}

/** Levels enough, and the caller's pages. Returns the top before, as `growFor`. */
function prepareList(s: TableState, m: ListMapping): number {
  const { paddr, size } = s.top < s.spec.maxTop ? m.list.runAt(0) : { paddr: 0, size: 0 };
  const grown = growFor(s, m.operation, m, paddr, size);
  if (s.allocator === undefined) return grown;
  try {
    s.core.planBegin();
    look(s, m, ListFlag.PLAN);
    fetchPlanned(s, m.operation, m.iova);
  } catch (error) {
    undoGrowth(s, grown);
    throw error;
  }
  return grown;
}

/** Give the core the list without mapping it. @throws IoPgtableError for the first entry that is refused */
function look(s: TableState, m: ListMapping, purpose: number): void {
  eachPart(s, m, purpose, (status) => {
    if (status < 0) throw failureOf(s, m, status);
    return status;
  });
}

/** Map the list. Returns the last status: of what failed, the core has undone all. */
function run(s: TableState, m: ListMapping, flushes: Flush[]): number {
  return eachPart(s, m, 0, (first, how) => {
    let status = first;
    drainEvents(s, flushes, true);
    while (status === Status.MORE) {
      status = s.core.mapList(s.handle, m.iova, 0, 0, m.low, m.high, how & ~ListFlag.BEGIN);
      drainEvents(s, flushes, true);
    }
    return status;
  });
}

/** Call the core for each part of the list, until a status is negative. */
function eachPart(
  s: TableState,
  m: ListMapping,
  purpose: number,
  end: (status: number, how: number) => number,
): number {
  const { list, size, iova, low, high } = m;
  const what = purpose | (list.kind << 4) | (Math.log2(list.pageSize) << 8);
  let status: number = Status.OK;
  for (let done = 0; done < size && status >= 0; ) {
    const part = list.part(done);
    const begin = done === 0 || purpose === ListFlag.CHECK ? ListFlag.BEGIN : 0;
    const followed = done + part.bytes < size ? ListFlag.FOLLOWED : 0;
    const how = what | begin | followed;
    status = end(s.core.mapList(s.handle, iova + done, part.at, part.entries, low, high, how), how);
    done += part.bytes;
  }
  return status;
}

function failureOf(s: TableState, m: ListMapping, status: number): IoPgtableError {
  const at = s.memory.mail[Mail.AT] ?? m.iova;
  return status === Status.EINVAL ? m.list.refusal(at - m.iova, at) : statusError(status, m.operation, at);
}
