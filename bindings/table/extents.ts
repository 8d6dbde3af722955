// A part of a list of segments, as the core reads it: pairs of an address and a size.
import { hex, IoPgtableError } from "../errors.js";
import { checkInteger, show } from "../numbers.js";
import { copyPieces, pieceAt, runAt, type Segment, type SegmentList, segmentsOf } from "../segmentList.js";
import { ListKind, type OutputList, outputFault, PART_BYTES, type Part } from "./lists.js";
import type { TableState } from "./state.js";

const PAIR_BYTES = 16;

/** @throws IoPgtableError EINVAL */
export function extentList(s: TableState, operation: string, segments: unknown, part: unknown): OutputList {
  const list = segmentsOf(segments, operation);
  const { start, size } = checkPart(operation, list, part);
  return new ExtentList(s, operation, list, start, size);
}

export function checkPart(operation: string, list: SegmentList, part: unknown): { start: number; size: number } {
  if (part === undefined) return { start: 0, size: list.size };
  if (typeof part !== "object" || part === null) {
    throw new IoPgtableError("EINVAL", operation, `the part is ${show(part)}; give { start, size } or nothing`);
  }
  const given = part as { start?: unknown; size?: unknown };
  const start = checkInteger(given.start, "part.start", operation);
  const size = checkInteger(given.size, "part.size", operation);
  if (start > list.size || size > list.size - start) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the part of ${hex(size)} bytes from ${hex(start)} is not in the list, which has ${hex(list.size)}`,
    );
  }
  return { start, size };
}

/** A part of a list that was checked before. */
export function extentsFrom(
  s: TableState,
  operation: string,
  list: SegmentList,
  start: number,
  size: number,
): OutputList {
  return new ExtentList(s, operation, list, start, size);
}

class ExtentList implements OutputList {
  readonly kind: number = ListKind.EXTENTS;
  readonly pageSize: number;
  readonly length: number;
  readonly size: number;
  readonly entriesAtOnce: number = PART_BYTES / PAIR_BYTES;
  readonly #s: TableState;
  readonly #operation: string;
  readonly #list: SegmentList;
  readonly #start: number;

  constructor(s: TableState, operation: string, list: SegmentList, start: number, size: number) {
    this.pageSize = s.page;
    this.length = list.length;
    this.size = size;
    this.#s = s;
    this.#operation = operation;
    this.#list = list;
    this.#start = start;
  }

  part(done: number): Part {
    const at = this.#s.core.listOffset() >>> 0;
    const room = new Float64Array(this.#s.memory.memory.buffer, at, PART_BYTES / 8);
    const pieces = copyPieces(this.#list, this.#start + done, this.#start + this.size, room);
    return { at, entries: pieces.count, bytes: pieces.bytes };
  }

  runAt(done: number): Segment {
    const { paddr, size } = runAt(this.#list, this.#start + done);
    return { paddr, size: Math.min(size, this.size - done) };
  }

  checkThere(): void {}

  refusal(done: number, iova: number): IoPgtableError {
    const { paddr, size } = pieceAt(this.#list, this.#start + done);
    const bytes = Math.min(size, this.size - done);
    const what = `the segment of ${hex(bytes)} bytes at ${hex(paddr)}, ${hex(this.#start + done)} bytes into the list`;
    const { page } = this.#s;
    const refuse = (code: "EINVAL" | "ERANGE", why: string): IoPgtableError =>
      new IoPgtableError(code, this.#operation, `${what}: ${why}`, iova);
    if (paddr % page !== 0 || bytes % page !== 0)
      return refuse("EINVAL", `it is no multiple of the page size ${hex(page)}`);
    return refuse("ERANGE", outputFault(this.#s, paddr, bytes));
  }
}
