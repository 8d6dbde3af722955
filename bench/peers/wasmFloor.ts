// What nothing built on WebAssembly can beat: an empty call, `memory.fill` of table pages, and `memory.copy` of a list to them. Written out in bytes, so
// that no compiler stands in between.

const PAGE_BYTES = 4096;
const WASM_PAGE_BYTES = 65536;
/** What every byte of a filled page holds. */
const FILL_BYTE = 0x5a;

/** Every length below is under 128, where LEB128 is the byte itself. */
const sized = (bytes: readonly number[]): number[] => [bytes.length, ...bytes];
const text = (word: string): number[] => sized([...word].map((letter) => letter.charCodeAt(0)));
const list = (...items: readonly (readonly number[])[]): number[] => [items.length, ...items.flat()];
const section = (id: number, items: readonly number[]): number[] => [id, ...sized(items)];

const I32 = 0x7f;
const F64 = 0x7c;
const LIST = 0;
const COUNT = 1;
const FROM = 2;

const EMPTY = [0, 0x41, 0, 0x0b];

const FILL_PAGES = [
  ...[0, 0x02, 0x40, 0x03, 0x40],
  // br_if 1 (i32.eqz (local.get $count))
  ...[0x20, COUNT, 0x45, 0x0d, 1],
  // memory.fill (i32.load (local.get $list)) (i32.const FILL_BYTE) (i32.const PAGE_BYTES)
  ...[0x20, LIST, 0x28, 2, 0, 0x41, FILL_BYTE | 0x80, 0, 0x41, 0x80, 0x20, 0xfc, 0x0b, 0],
  // $list += 4
  ...[0x20, LIST, 0x41, 4, 0x6a, 0x21, LIST],
  // $count -= 1, br 0
  ...[0x20, COUNT, 0x41, 1, 0x6b, 0x21, COUNT, 0x0c, 0],
  ...[0x0b, 0x0b, 0x0b],
];

const COPY_PAGES = [
  ...[0, 0x02, 0x40, 0x03, 0x40],
  // br_if 1 (i32.eqz (local.get $count))
  ...[0x20, COUNT, 0x45, 0x0d, 1],
  // memory.copy (i32.load (local.get $list)) (local.get $from) (i32.const PAGE_BYTES)
  ...[0x20, LIST, 0x28, 2, 0, 0x20, FROM, 0x41, 0x80, 0x20, 0xfc, 0x0a, 0, 0],
  // $list += 4
  ...[0x20, LIST, 0x41, 4, 0x6a, 0x21, LIST],
  // $from += PAGE_BYTES
  ...[0x20, FROM, 0x41, 0x80, 0x20, 0x6a, 0x21, FROM],
  // $count -= 1, br 0
  ...[0x20, COUNT, 0x41, 1, 0x6b, 0x21, COUNT, 0x0c, 0],
  ...[0x0b, 0x0b, 0x0b],
];

const MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, list([0x60, ...list([F64], [F64], [F64]), ...list([I32])], [0x60, ...list([I32], [I32], [I32]), 0])),
  // A shared memory of 1 to 65536 pages, as the core's.
  ...section(2, list([...text("env"), ...text("memory"), 2, 3, 1, 0x80, 0x80, 4])),
  ...section(3, list([0], [1], [1])),
  ...section(7, list([...text("empty"), 0, 0], [...text("fillPages"), 0, 1], [...text("copyPages"), 0, 2])),
  ...section(10, list(sized(EMPTY), sized(FILL_PAGES), sized(COPY_PAGES))),
]);

interface FloorExports {
  empty(a: number, b: number, c: number): number;
  fillPages(list: number, count: number, unused: number): void;
  copyPages(list: number, count: number, from: number): void;
}

function instantiate(memory: WebAssembly.Memory): FloorExports {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(MODULE), { env: { memory } });
  // The two signatures are those of the type section above.
  return instance.exports as unknown as FloorExports;
}

const sharedMemory = (bytes: number): WebAssembly.Memory =>
  new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE_BYTES), maximum: 65536, shared: true });

/** An empty function, called as the library calls its core: through a field of a class. */
export class EmptyCall {
  readonly #wasm = instantiate(sharedMemory(WASM_PAGE_BYTES));

  call(a: number, b: number, c: number): number {
    return this.#wasm.empty(a, b, c);
  }
}

/** Writes given pages of a shared memory one by one, in the given order: with `memory.fill`, or with `memory.copy` of as many bytes in a row. */
export class PageFloor {
  readonly #wasm: FloorExports;
  readonly #count: number;
  readonly #area: Uint8Array;
  readonly #from: number;

  /** @param offsets of the pages in any other memory; here they lie at the same distances */
  constructor(offsets: readonly number[]) {
    const lowest = offsets.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    const highest = offsets.reduce((a, b) => Math.max(a, b), 0);
    const listBytes = Math.ceil((offsets.length * 4) / WASM_PAGE_BYTES) * WASM_PAGE_BYTES;
    const pageBytes = highest - lowest + PAGE_BYTES;
    this.#from = listBytes + pageBytes;
    const memory = sharedMemory(this.#from + offsets.length * PAGE_BYTES);
    new Uint32Array(memory.buffer).set(offsets.map((offset) => listBytes + offset - lowest));
    new Uint8Array(memory.buffer, this.#from, offsets.length * PAGE_BYTES).fill(FILL_BYTE);
    this.#wasm = instantiate(memory);
    this.#count = offsets.length;
    this.#area = new Uint8Array(memory.buffer, listBytes, pageBytes);
  }

  /** How many pages. */
  get pages(): number {
    return this.#count;
  }

  fill(): void {
    this.#wasm.fillPages(0, this.#count, 0);
  }

  copy(): void {
    this.#wasm.copyPages(0, this.#count, this.#from);
  }

  /** @returns how many bytes hold what `fill` and `copy` leave; the next one starts from zero again */
  takeWrittenBytes(): number {
    let written = 0;
    for (const byte of this.#area) if (byte === FILL_BYTE) written += 1;
    this.#area.fill(0);
    return written;
  }
}
