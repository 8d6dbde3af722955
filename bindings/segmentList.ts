// Physical extents in order, found by the byte offset into them.
import { hex, IoPgtableError } from "./errors.js";
import { checkInteger, show } from "./numbers.js";

const MAX_EXACT = 2 ** 53;
const TWO_64 = 2 ** 64;
/** No format has a smaller page. */
const SMALLEST_PAGE = 4096;

/** One physical extent. */
export interface Segment {
  readonly paddr: number;
  readonly size: number;
}

/** Extents as the calls take them. A plain array is copied at each call. */
export type Segments = SegmentList | readonly { paddr: number; size: number }[];

/** Of each segment: where it begins, and how many bytes it and those before it have. */
interface Packed {
  readonly paddrs: Float64Array;
  readonly ends: Float64Array;
}

/** Outside the class, so that its type is what the declarations say and nothing more. */
const packedLists = new WeakMap<object, Packed>();
const NOTHING: Packed = { paddrs: new Float64Array(0), ends: new Float64Array(0) };

/** The list that was looked up last, which stays alive for it: a bind asks three times in a row, and a WeakMap takes 20 ns each time. */
let lastList: object | undefined;
let lastPacked: Packed = NOTHING;

/** Undefined for what is no list of ours. */
function find(list: object): Packed | undefined {
  if (list === lastList) return lastPacked;
  const packed = packedLists.get(list);
  if (packed === undefined) return undefined;
  lastList = list;
  lastPacked = packed;
  return packed;
}

function packedOf(list: SegmentList): Packed {
  return find(list) ?? NOTHING;
}

/** Where segment `index` begins. Not `ends[-1]`: a negative index is a name, and looked up as one. */
function beginOf(ends: Float64Array, index: number): number {
  return index === 0 ? 0 : (ends[index - 1] ?? 0);
}

/**
 * Physical extents in order, packed and indexed once, so that any part is found by binary search. It does not change: later changes of the array that it was
 * made from do not reach it.
 *
 * @example
 * ```ts
 * const segments = new SegmentList([{ paddr: 0x8000_0000, size: 0x3000 }, { paddr: 0x9000_0000, size: 0x1000 }]);
 * table.mapSegments(0x10_0000, segments, Prot.READ, { start: 0x2000, size: 0x2000 });
 * ```
 */
export class SegmentList {
  /** @throws IoPgtableError EINVAL for anything but integers, a size of 0, or an extent that ends beyond 2^64 */
  constructor(segments: readonly { paddr: number; size: number }[]) {
    packedLists.set(this, pack(segments, "SegmentList"));
  }

  /** Bytes of all segments together. */
  get size(): number {
    const { ends } = packedOf(this);
    return beginOf(ends, ends.length);
  }

  /** How many segments there are. */
  get length(): number {
    return packedOf(this).paddrs.length;
  }
}

function pack(segments: unknown, operation: string): Packed {
  if (!Array.isArray(segments)) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the segments are ${show(segments)}; give a SegmentList or an array of { paddr, size }`,
    );
  }
  const paddrs = new Float64Array(segments.length);
  const ends = new Float64Array(segments.length);
  let end = 0;
  for (let i = 0; i < paddrs.length; i++) {
    const { paddr, size } = checkSegment(segments[i], i, operation);
    if (end > MAX_EXACT - size && (end % SMALLEST_PAGE !== 0 || size % SMALLEST_PAGE !== 0)) {
      throw new IoPgtableError("EINVAL", operation, `segments[${i}] makes the list longer than 2^53 bytes`);
    }
    end += size;
    paddrs[i] = paddr;
    ends[i] = end;
  }
  return { paddrs, ends };
}

function checkSegment(segment: unknown, index: number, operation: string): Segment {
  const { paddr, size } = (typeof segment === "object" && segment !== null ? segment : {}) as Partial<Segment>;
  if (isPlain(paddr) && isPlain(size) && size !== 0) return { paddr: paddr + 0, size };
  return checkUnusual(segment, `segments[${index}]`, operation);
}

function isPlain(x: unknown): x is number {
  return typeof x === "number" && Number.isInteger(x) && x >= 0 && x <= MAX_EXACT;
}

/** What is no segment, or one with numbers above 2^53. */
function checkUnusual(segment: unknown, what: string, operation: string): Segment {
  if (typeof segment !== "object" || segment === null) {
    throw new IoPgtableError("EINVAL", operation, `${what} is ${show(segment)}; give { paddr, size }`);
  }
  const given = segment as Partial<Segment>;
  const paddr = checkInteger(given.paddr, `${what}.paddr`, operation);
  const size = checkInteger(given.size, `${what}.size`, operation);
  if (size === 0) throw new IoPgtableError("EINVAL", operation, `${what}.size is 0`);
  if (paddr > MAX_EXACT && paddr % SMALLEST_PAGE !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `${what}.paddr ${hex(paddr)} is a number above 2^53 that is no page multiple`,
    );
  }
  if (paddr + size > TWO_64) throw new IoPgtableError("EINVAL", operation, `${what} ends beyond 2^64`);
  return { paddr, size };
}

/** A list of whatever a caller gave. @throws IoPgtableError EINVAL */
export function segmentsOf(segments: unknown, operation: string): SegmentList {
  if (segments instanceof SegmentList && find(segments) !== undefined) return segments;
  const list: SegmentList = Object.create(SegmentList.prototype);
  packedLists.set(list, pack(segments, operation));
  return list;
}

/** Pages of one size as a list: neighbours are one segment. The addresses are page multiples. */
export function segmentsOfPages(pages: Float64Array | BigUint64Array, pageSize: number): SegmentList {
  const paddrs = new Float64Array(pages.length);
  const ends = new Float64Array(pages.length);
  let count = 0;
  let next = -1;
  for (let i = 0; i < pages.length; i++) {
    const paddr = Number(pages[i]);
    if (paddr !== next) paddrs[count++] = paddr;
    ends[count - 1] = (i + 1) * pageSize;
    next = paddr + pageSize;
  }
  const list: SegmentList = Object.create(SegmentList.prototype);
  packedLists.set(list, { paddrs: paddrs.slice(0, count), ends: ends.slice(0, count) });
  return list;
}

/** The index of the segment that has the byte at `offset`, which is below the list's size. */
export function segmentAt(list: SegmentList, offset: number): number {
  return indexIn(packedOf(list).ends, offset);
}

function indexIn(ends: Float64Array, offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What is at `offset`, to the end of its segment. */
export function pieceAt(list: SegmentList, offset: number): Segment {
  const { paddrs, ends } = packedOf(list);
  const index = indexIn(ends, offset);
  const inside = offset - beginOf(ends, index);
  return { paddr: (paddrs[index] ?? 0) + inside, size: (ends[index] ?? 0) - offset };
}

/** What is at `offset`, to the end of the physically contiguous run of segments. */
export function runAt(list: SegmentList, offset: number): Segment {
  const { paddrs, ends } = packedOf(list);
  const index = indexIn(ends, offset);
  const paddr = (paddrs[index] ?? 0) + offset - beginOf(ends, index);
  let end = ends[index] ?? 0;
  for (let i = index + 1; i < ends.length && paddrs[i] === paddr + (end - offset); i++) {
    end = ends[i] ?? end;
  }
  return { paddr, size: end - offset };
}

/** The same where the list is followed by itself: the run may go on from its end at its beginning. */
export function repeatedRunAt(list: SegmentList, offset: number): Segment {
  const run = runAt(list, offset);
  if (offset + run.size !== list.size) return run;
  const again = runAt(list, 0);
  return again.paddr === run.paddr + run.size ? { paddr: run.paddr, size: run.size + again.size } : run;
}

/** Write the pieces of [offset, end) as pairs of numbers, as many as `room` has place for. */
export function copyPieces(
  list: SegmentList,
  offset: number,
  end: number,
  room: Float64Array,
): { count: number; bytes: number } {
  const { ends, paddrs } = packedOf(list);
  let at = offset;
  let index = segmentAt(list, offset);
  let used = 0;
  for (; used < room.length && at < end; used += 2, index++) {
    const last = Math.min(ends[index] ?? end, end);
    room[used] = (paddrs[index] ?? 0) + (at - beginOf(ends, index));
    room[used + 1] = last - at;
    at = last;
  }
  return { count: used / 2, bytes: at - offset };
}

/** Whether two lists name the same memory in the same pieces. */
export function sameSegments(a: SegmentList, b: SegmentList): boolean {
  const x = packedOf(a);
  const y = packedOf(b);
  if (x === y) return true;
  if (x.ends.length !== y.ends.length) return false;
  return x.ends.every((end, i) => end === y.ends[i] && x.paddrs[i] === y.paddrs[i]);
}

/** A list of `size` bytes of another, which has them. */
export function sublist(list: SegmentList, start: number, size: number): SegmentList {
  if (start === 0 && size === list.size) return list;
  const pieces: Segment[] = [];
  for (let at = start; at < start + size; ) {
    const piece = pieceAt(list, at);
    const bytes = Math.min(piece.size, start + size - at);
    pieces.push({ paddr: piece.paddr, size: bytes });
    at += bytes;
  }
  return new SegmentList(pieces);
}
