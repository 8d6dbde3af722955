// What a walker that does not snoop finds in memory: what was written back for it, and no more.
import type { TableState } from "../table/state.js";
import type { ShadowPage } from "./shadow.js";

const CHUNK_WORDS = 256;

interface Chunk {
  readonly words: Uint32Array;
  /** Which of them were ever written back. */
  readonly known: Uint8Array;
}

export class DeviceRam {
  readonly #state: TableState;
  readonly #chunks = new Map<number, Chunk>();
  /** The bits that only software reads. */
  readonly #ignored: readonly [number, number];

  constructor(state: TableState) {
    this.#state = state;
    const { writtenBit } = state.spec;
    this.#ignored = [Number(writtenBit & 0xffff_ffffn), Number(writtenBit >> 32n)];
  }

  /** The bytes at an offset were written back. */
  write(offset: number, bytes: number): void {
    const { words } = this.#state.memory;
    for (let word = offset >>> 2; word < (offset + bytes) >>> 2; word++) {
      const chunk = this.#chunk(word);
      chunk.words[word % CHUNK_WORDS] = words[word] ?? 0;
      chunk.known[word % CHUNK_WORDS] = 1;
    }
  }

  #chunk(word: number): Chunk {
    const index = Math.floor(word / CHUNK_WORDS);
    const known = this.#chunks.get(index);
    if (known !== undefined) return known;
    const chunk = { words: new Uint32Array(CHUNK_WORDS), known: new Uint8Array(CHUNK_WORDS) };
    this.#chunks.set(index, chunk);
    return chunk;
  }

  /** The offset of an item of the page that the device does not see as it is; undefined: it sees all. */
  late(page: ShadowPage): number | undefined {
    const perItem = this.#state.itemLg2 - 2;
    for (let i = 0; i < page.words.length; i++) {
      const word = (page.offset >>> 2) + i;
      const chunk = this.#chunk(word);
      const ignored = this.#ignored[i & perItem] ?? 0;
      const differs = (((chunk.words[word % CHUNK_WORDS] ?? 0) ^ (page.words[i] ?? 0)) & ~ignored) !== 0;
      const isLate = (differs && !this.#wroteItself(page, i >>> perItem)) || chunk.known[word % CHUNK_WORDS] === 0;
      if (isLate) return page.offset + ((i >>> perItem) << (perItem + 2));
    }
    return undefined;
  }

  /** Whether the item is what was written back, and dirty: then the device has made it so. */
  #wroteItself(page: ShadowPage, index: number): boolean {
    const { dirty } = this.#state.spec;
    if (dirty === undefined) return false;
    const now = this.#item(index, (i) => page.words[i] ?? 0);
    const first = page.offset >>> 2;
    const ram = this.#item(index, (i) => this.#chunk(first + i).words[(first + i) % CHUNK_WORDS] ?? 0);
    return (now & dirty.mask) === dirty.value && ram === (now ^ dirty.flip);
  }

  #item(index: number, word: (i: number) => number): bigint {
    if (this.#state.itemLg2 === 2) return BigInt(word(index));
    return BigInt(word(2 * index)) | (BigInt(word(2 * index + 1)) << 32n);
  }
}
