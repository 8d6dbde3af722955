// A memory of which a part is a guest's: two windows of physical addresses, and around them what no walk may read or write.
import { TableMemory } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { type Random, randomFrom } from "../programs/random.js";

const WASM_PAGE = 65536;
/** Tables that the two windows hold; the second ends in the middle of one more. */
const FIRST_TABLES = 12;
const SECOND_TABLES = 4;

export interface Window {
  readonly offset: number;
  readonly bytes: number;
  readonly physBase: number;
}

/** Where the windows lie: with memory around both, or at the very ends of it. */
export type Layout = "inside" | "at the ends";

export class HostileMemory {
  readonly wasm: WebAssembly.Memory;
  memory: TableMemory;
  readonly windows: readonly [Window, Window];
  /** Bytes of a table, and where one can lie: offsets of whole tables in the windows. */
  readonly tableBytes: number;
  readonly tables: readonly number[];
  /** Where the library keeps its records: neither a window nor surroundings. */
  readonly bookkeeping: { readonly offset: number; readonly bytes: number };

  constructor(c: Configuration, layout: Layout) {
    this.tableBytes = tableBytes(c);
    const first = roundUp(FIRST_TABLES * this.tableBytes + rootBytes(c), this.tableBytes);
    const second = SECOND_TABLES * this.tableBytes + this.tableBytes / 2;
    // A root may be several tables side by side, aligned to their size.
    const margin = Math.max(WASM_PAGE, this.tableBytes, rootBytes(c));
    const start = layout === "inside" ? margin : 0;
    const bookkeepingAt = roundUp(start + first + margin, WASM_PAGE);
    const bookkeeping = TableMemory.bookkeepingBytes(first + second);
    const secondAt = roundUp(bookkeepingAt + bookkeeping + margin, this.tableBytes);
    // A memory is whole wasm pages: at the end means that the window's last byte is the memory's.
    const end = roundUp(secondAt + second + (layout === "inside" ? margin : 0), WASM_PAGE);
    const last = layout === "inside" ? secondAt : roundDown(end - second, 4096);
    this.windows = [
      { offset: start, bytes: first, physBase: 0x4000_0000 },
      {
        offset: last,
        bytes: layout === "inside" ? second : end - last,
        physBase: highBase(c) + (last % this.tableBytes),
      },
    ];
    this.bookkeeping = { offset: bookkeepingAt, bytes: bookkeeping };
    this.wasm = new WebAssembly.Memory({ initial: end / WASM_PAGE, maximum: end / WASM_PAGE });
    this.memory = this.asNew();
    this.tables = this.windows.flatMap(({ offset, bytes }) => {
      const from = roundUp(offset, this.tableBytes);
      const count = Math.floor((offset + bytes - from) / this.tableBytes);
      return Array.from({ length: count }, (_, i) => from + i * this.tableBytes);
    });
  }

  /** Forget all that the library knows of it: its records are made anew with the next table. */
  renew(): void {
    this.memory = this.asNew();
  }

  private asNew(): TableMemory {
    return TableMemory.over(this.wasm, { windows: this.windows, bookkeeping: this.bookkeeping });
  }

  /** Everything outside the windows and the records. */
  get surroundings(): { readonly offset: number; readonly bytes: number }[] {
    const [first, second] = this.windows;
    const { bookkeeping } = this;
    const stops = [first, bookkeeping, second, { offset: this.wasm.buffer.byteLength, bytes: 0 }];
    let at = 0;
    return stops.flatMap(({ offset, bytes }) => {
      const gap = { offset: at, bytes: offset - at };
      at = offset + bytes;
      return gap.bytes > 0 ? [gap] : [];
    });
  }

  paddrOf(offset: number): number {
    const window = this.windows.find((w) => offset >= w.offset && offset < w.offset + w.bytes);
    if (window === undefined) throw new Error(`offset ${offset} is in no window`);
    return window.physBase + offset - window.offset;
  }

  /** Fill regions with words of a palette. */
  fill(regions: readonly { readonly offset: number; readonly bytes: number }[], palette: Palette, seed: number): void {
    const random = randomFrom(seed);
    for (const { offset, bytes } of regions) palette.write(this.wasm, offset, bytes, random);
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.wasm.buffer).slice();
  }
}

/** Words to fill memory with, of the size of an item. */
export class Palette {
  private readonly words32: Uint32Array;
  private readonly words64: BigUint64Array;

  constructor(
    words: readonly bigint[],
    private readonly itemLg2: 2 | 3,
  ) {
    this.words64 = BigUint64Array.from(words);
    this.words32 = Uint32Array.from(words, (word) => Number(word & 0xffff_ffffn));
  }

  write(wasm: WebAssembly.Memory, offset: number, bytes: number, random: Random): void {
    const [from, to] =
      this.itemLg2 === 3
        ? [this.words64, new BigUint64Array(wasm.buffer, offset, bytes >> 3)]
        : [this.words32, new Uint32Array(wasm.buffer, offset, bytes >> 2)];
    for (let i = 0; i < to.length; i++) to[i] = from[random(from.length)] ?? 0;
  }
}

function tableBytes(c: Configuration): number {
  const [leaves = 12, above] = c.shifts;
  const indexLg2 = above === undefined ? 9 : above - leaves;
  return Math.max(2 ** (indexLg2 + c.itemLg2), 4096);
}

/** A root of several tables, or of a part of one. */
function rootBytes(c: Configuration): number {
  const top = c.shifts[c.firstTop] ?? 0;
  return c.fullRoot ? tableBytes(c) : 2 ** Math.max(c.ias - c.rootsLg2 - top + c.itemLg2, 6);
}

/** A second window as far up as the items can say. */
function highBase(c: Configuration): number {
  return 2 ** (Math.min(c.tablePaddrBits, 52) - 1) + 2 ** 24;
}

const roundUp = (x: number, to: number): number => Math.ceil(x / to) * to;
const roundDown = (x: number, to: number): number => Math.floor(x / to) * to;
