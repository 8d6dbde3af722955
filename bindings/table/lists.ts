// Lists of pages as callers give them, and as the core reads them: in place where they lie in the memory, else copied to it part by part.
import { type ErrorCode, hex, IoPgtableError } from "../errors.js";
import { checkInteger, show } from "../numbers.js";
import type { Segment } from "../segmentList.js";
import { isDetached } from "./read.js";
import type { TableState } from "./state.js";

/** What the entries of a list are (assembly/core/pageList.ts). */
export const ListKind = { F64_ADDRESSES: 0, F64_FRAMES: 1, U64_ADDRESSES: 2, U32_FRAMES: 3, EXTENTS: 4 } as const;

/** Bytes that the core has room for when a list has to be copied (assembly/memory/realm.ts): several tables of most formats, and less than fills a cache. */
export const PART_BYTES = 16384;

/** A part of a list that lies in the memory. */
export interface Part {
  readonly at: number;
  readonly entries: number;
  /** What it covers. */
  readonly bytes: number;
}

/** Output addresses for a range of input addresses. Places in it are told by the bytes before them. */
export interface OutputList {
  readonly kind: number;
  /** Bytes of the pages; of a list of extents, of the table's smallest page. */
  readonly pageSize: number;
  /** Entries. */
  readonly length: number;
  /** Bytes that the entries cover. */
  readonly size: number;
  /** How many entries a part can have. */
  readonly entriesAtOnce: number;
  /** What comes after `done` bytes, as much as the core can have at once. */
  part(done: number): Part;
  /** What comes after `done` bytes, to the end of the physically contiguous run. */
  runAt(done: number): Segment;
  /** @throws IoPgtableError EINVAL when a callback has detached the list since it was given */
  checkThere(): void;
  /** Why the entry after `done` bytes is refused. */
  refusal(done: number, iova: number): IoPgtableError;
}

type Pages = Float64Array | BigUint64Array | Uint32Array;

/** Pages by address. @throws IoPgtableError EINVAL */
export function pageList(s: TableState, operation: string, pages: unknown, pageSize: unknown): OutputList {
  const size = checkPageSize(s, operation, pageSize);
  if (pages instanceof BigUint64Array) {
    return new PageArray(s, operation, checkAttached(operation, pages), size, ListKind.U64_ADDRESSES);
  }
  if (pages instanceof Float64Array) {
    return new PageArray(s, operation, checkAttached(operation, pages), size, ListKind.F64_ADDRESSES);
  }
  if (Array.isArray(pages)) {
    return new PageArray(s, operation, checkNumbers(operation, pages), size, ListKind.F64_ADDRESSES);
  }
  throw wrongType(operation, "pages", pages, "a Float64Array, a BigUint64Array or an array of numbers");
}

/** Pages by frame number. @throws IoPgtableError EINVAL */
export function frameList(s: TableState, operation: string, frames: unknown, pageSize: unknown): OutputList {
  const size = checkPageSize(s, operation, pageSize);
  if (frames instanceof Uint32Array) {
    return new PageArray(s, operation, checkAttached(operation, frames), size, ListKind.U32_FRAMES);
  }
  if (frames instanceof Float64Array) {
    return new PageArray(s, operation, checkAttached(operation, frames), size, ListKind.F64_FRAMES);
  }
  throw wrongType(operation, "frames", frames, "a Uint32Array or a Float64Array");
}

function wrongType(operation: string, what: string, x: unknown, wanted: string): IoPgtableError {
  return new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; give ${wanted}`);
}

function checkPageSize(s: TableState, operation: string, pageSize: unknown): number {
  const size = checkInteger(pageSize, "pageSize", operation);
  if (s.spec.pageSizes.includes(size)) return size;
  const sizes = s.spec.pageSizes.map(hex).join(", ");
  throw new IoPgtableError("EINVAL", operation, `pageSize is ${hex(size)}; this table's leaves have ${sizes}`);
}

function checkAttached<T extends Pages>(operation: string, array: T): T {
  if (!isDetached(array)) return array;
  throw new IoPgtableError("EINVAL", operation, "the array is detached (its memory has grown); make it anew");
}

/** A copy, so that what is checked is what is mapped. */
function checkNumbers(operation: string, pages: readonly unknown[]): Float64Array {
  const numbers = new Float64Array(pages.length);
  for (let i = 0; i < numbers.length; i++) {
    const page = pages[i];
    if (typeof page !== "number") {
      throw new IoPgtableError("EINVAL", operation, `pages[${i}] is ${show(page)}; it must be an integer >= 0`);
    }
    numbers[i] = page;
  }
  return numbers;
}

/** Copies parts of an array to where the core has room for them. The views are made once: making one takes as long as copying hundreds of entries. */
class PartCopy {
  readonly #room: Float64Array | Uint32Array;
  readonly #from: Float64Array | Uint32Array;

  constructor(pages: Pages, buffer: ArrayBufferLike, at: number) {
    if (pages instanceof Uint32Array) {
      this.#room = new Uint32Array(buffer, at, PART_BYTES / 4);
      this.#from = pages;
    } else {
      this.#room = new Float64Array(buffer, at, PART_BYTES / 8);
      this.#from = new Float64Array(pages.buffer, pages.byteOffset, pages.length);
    }
  }

  /** Whether the memory has grown since, so that there is no room any more. */
  get isVoid(): boolean {
    return this.#room.length === 0;
  }

  take(first: number, entries: number): number {
    this.#room.set(this.#from.subarray(first, first + entries));
    return this.#room.byteOffset;
  }
}

/** Pages of one size. */
class PageArray implements OutputList {
  readonly kind: number;
  readonly pageSize: number;
  readonly length: number;
  readonly size: number;
  readonly #s: TableState;
  readonly #operation: string;
  readonly #pages: Pages;
  /** Asked once: to ask a shared memory for its buffer takes as long as copying hundreds of entries. */
  readonly #inPlace: boolean;
  #copy: PartCopy | undefined;

  constructor(s: TableState, operation: string, pages: Pages, pageSize: number, kind: number) {
    this.kind = kind;
    this.pageSize = pageSize;
    this.length = pages.length;
    this.size = pages.length * pageSize;
    this.#s = s;
    this.#operation = operation;
    this.#pages = pages;
    this.#inPlace = pages.buffer === s.memory.memory.buffer;
  }

  part(done: number): Part {
    const first = done / this.pageSize;
    const pages = this.#pages;
    const entries = Math.min(this.entriesAtOnce, this.length - first);
    const at = this.#inPlace ? pages.byteOffset + first * pages.BYTES_PER_ELEMENT : this.#copied(first, entries);
    return { at, entries, bytes: entries * this.pageSize };
  }

  #copied(first: number, entries: number): number {
    if (this.#copy === undefined || this.#copy.isVoid) {
      this.#copy = new PartCopy(this.#pages, this.#s.memory.memory.buffer, this.#s.core.listOffset() >>> 0);
    }
    return this.#copy.take(first, entries);
  }

  get entriesAtOnce(): number {
    return this.#inPlace ? Number.POSITIVE_INFINITY : PART_BYTES / this.#pages.BYTES_PER_ELEMENT;
  }

  runAt(done: number): Segment {
    const first = done / this.pageSize;
    const paddr = this.#address(first);
    let pages = 1;
    while (first + pages < this.length && this.#address(first + pages) === paddr + pages * this.pageSize) pages++;
    return { paddr, size: pages * this.pageSize };
  }

  #address(index: number): number {
    const value = Number(this.#pages[index]);
    return this.#frames ? value * this.pageSize : value;
  }

  get #frames(): boolean {
    return this.kind === ListKind.U32_FRAMES || this.kind === ListKind.F64_FRAMES;
  }

  checkThere(): void {
    checkAttached(this.#operation, this.#pages);
  }

  refusal(done: number, iova: number): IoPgtableError {
    const index = done / this.pageSize;
    const value = this.#pages[index];
    const name = `${this.#frames ? "frames" : "pages"}[${index}]`;
    const [code, why] = this.#fault(value ?? 0, this.#address(index));
    return new IoPgtableError(code, this.#operation, `${name} is ${show(value)}; ${why}`, iova);
  }

  #fault(value: number | bigint, address: number): [ErrorCode, string] {
    const integer = typeof value === "bigint" || (Number.isInteger(value) && value >= 0);
    if (!integer) return ["EINVAL", "it must be an integer >= 0"];
    const rest = typeof value === "bigint" ? Number(value % BigInt(this.pageSize)) : address % this.pageSize;
    if (rest !== 0) return ["EINVAL", `it is not aligned to the page size ${hex(this.pageSize)}`];
    return ["ERANGE", outputFault(this.#s, address, this.pageSize)];
  }
}

/** What is wrong with an aligned output address that the core refused. */
export function outputFault(s: TableState, paddr: number, size: number): string {
  const { oas, encryptionBit } = s.spec;
  if (paddr + size > 2 ** oas) return `it is beyond the ${oas} output bits`;
  return `it has the encryption bit ${encryptionBit} set`;
}
