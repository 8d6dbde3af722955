// Which pages were written through the table: a bitmap from the dirty state that hardware keeps in the leaves.
import { Status } from "../core.js";
import { hex, IoPgtableError } from "../errors.js";
import { Mail } from "../memoryState.js";
import { checkInteger, show } from "../numbers.js";
import { checkOptions, checkRange, type Range } from "./arguments.js";
import { innerVa, readItem } from "./entries.js";
import { checkGather, type Gather } from "./gather.js";
import { checkFree } from "./holds.js";
import { type Leaf, leaves } from "./leaves.js";
import { DIRTY, FLUSH_RANGE, type Flush } from "./pages.js";
import { drainEvents, settle } from "./settle.js";
import { statusError, type TableState } from "./state.js";
import { clip } from "./unmap.js";

/** Options of `IoPageTable.readDirty`. */
export interface ReadDirtyOptions {
  /** Make clean what is reported, where the range holds the whole leaf; default false. */
  clear?: boolean;
  /** Bytes per bit, a power of two; default the smallest page. */
  pageSize?: number;
  /** Collects the flush of what was made clean. */
  gather?: Gather;
}

const OPERATION = "readDirty";

export function readDirty(s: TableState, iova: unknown, size: unknown, bitmap: unknown, options: unknown): number {
  const { clear = false, pageSize = s.page, gather } = checkOptions(OPERATION, options) as ReadDirtyOptions;
  if (typeof clear !== "boolean") {
    throw new IoPgtableError("EINVAL", OPERATION, `clear is ${show(clear)}; give true or false`);
  }
  if (clear) s.checkChangeable(OPERATION);
  else s.checkReadable(OPERATION);
  const into = checkGather(s, gather, OPERATION);
  if (s.spec.dirty === undefined) {
    throw new IoPgtableError(
      "ENOTSUP",
      OPERATION,
      `the format ${s.spec.name} keeps no dirty state as it is configured`,
    );
  }
  const range = checkRange(s, OPERATION, iova, size);
  if (clear) checkFree(s, OPERATION, range);
  const bits = new BitWriter(checkBitmap(bitmap, range, checkPageSize(pageSize)), range.iova, pageSize);
  if (s.handle === 0) readOpened(s, range, bits);
  else readCore(s, range, clear, bits, into);
  return bits.count;
}

function checkPageSize(pageSize: unknown): number {
  const bytes = checkInteger(pageSize, "pageSize", OPERATION, 2 ** 63);
  if (bytes === 0 || !Number.isInteger(Math.log2(bytes))) {
    throw new IoPgtableError("EINVAL", OPERATION, `pageSize is ${show(pageSize)}; give a power of two`);
  }
  return bytes;
}

function checkBitmap(bitmap: unknown, range: Range, pageSize: number): Uint8Array {
  if (!(bitmap instanceof Uint8Array)) {
    throw new IoPgtableError("EINVAL", OPERATION, `bitmap is ${show(bitmap)}; give a Uint8Array`);
  }
  const needed = Math.ceil(range.size / pageSize / 8);
  if (bitmap.length >= needed) return bitmap;
  throw new IoPgtableError(
    "EINVAL",
    OPERATION,
    `the bitmap has ${bitmap.length} bytes; ${hex(range.size)} bytes at ${hex(pageSize)} a bit need ${needed}`,
    range.iova,
  );
}

/** Sets the bits of address ranges and counts those that were not set. */
class BitWriter {
  count = 0;

  constructor(
    readonly bitmap: Uint8Array,
    readonly start: number,
    readonly pageSize: number,
  ) {}

  set(iova: number, bytes: number): void {
    const { bitmap } = this;
    const first = Math.floor((iova - this.start) / this.pageSize);
    const last = Math.floor((iova - this.start + bytes - 1) / this.pageSize);
    for (let byte = first >>> 3; byte <= last >>> 3; byte++) {
      const from = byte === first >>> 3 ? first & 7 : 0;
      const to = byte === last >>> 3 ? last & 7 : 7;
      const before = bitmap[byte] ?? 0;
      const after = before | (((2 << to) - 1) & ~((1 << from) - 1));
      bitmap[byte] = after;
      this.count += ONES[before ^ after] ?? 0;
    }
  }
}

/** How many bits a byte has set. */
const ONES: Uint8Array = Uint8Array.from(
  { length: 256 },
  (_, byte) => [...byte.toString(2)].filter((b) => b === "1").length,
);

function readCore(
  s: TableState,
  asked: Range,
  clear: boolean,
  bits: BitWriter,
  gather: Parameters<typeof settle>[2],
): void {
  const { mail } = s.memory;
  const range = clip(s, asked);
  if (range.size === 0) return;
  const end = range.iova + range.size;
  const flushes: Flush[] = [];
  let at = range.iova;
  let status: number;
  do {
    status = s.core.readDirty(s.handle, at, end - at, clear ? 1 : 0);
    setBits(s, bits);
    drainEvents(s, flushes, true);
    at = mail[Mail.AT] ?? end;
  } while (status === Status.MORE);
  if (clear) settle(s, flushes, gather);
  if (status < 0) throw statusError(status, OPERATION, at);
}

/** The dirty ranges among the core's events: those that stay dirty, and those whose flush says that they were. */
function setBits(s: TableState, bits: BitWriter): void {
  const { mail } = s.memory;
  const count = mail[Mail.EVENTS] ?? 0;
  for (let i = 0; i < count; i++) {
    const at = s.eventsAt + i * 4;
    const kind = mail[at] ?? 0;
    if (kind === DIRTY || kind === FLUSH_RANGE) bits.set(mail[at + 1] ?? 0, mail[at + 2] ?? 0);
  }
}

function isDirty(s: TableState, { offset, items }: Leaf): boolean {
  const { mask, value } = s.spec.dirty ?? { mask: 0n, value: 1n };
  for (let i = 0; i < items; i++) {
    if ((readItem(s, offset + i * 2 ** s.itemLg2) & mask) === value) return true;
  }
  return false;
}

/** A table that somebody else built is read entry by entry. */
function readOpened(s: TableState, range: Range, bits: BitWriter): void {
  const first = BigInt(range.iova);
  const last = first + BigInt(range.size) - 1n;
  for (const leaf of leaves(s, innerVa(s, first), innerVa(s, last), OPERATION)) {
    if (!isDirty(s, leaf)) continue;
    const { iova, pageSize } = leaf;
    const from = iova > first ? iova : first;
    const end = iova + BigInt(pageSize) - 1n;
    bits.set(Number(from), Number((end < last ? end : last) - from) + 1);
  }
}
