// A table memory of the library whose bytes a guest has too, at the physical addresses that the library gives them.
import { TableMemory } from "../../../bindings/index.js";
import type { GuestRam } from "../qemu/guestRam.js";
import type { Area } from "../walkers/walker.js";

const BYTES = 16 * 2 ** 20;
const PIECE = 4096;

/** Bytes that have changed, and where. */
export interface Piece {
  readonly address: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

export class GuestTables {
  readonly memory: TableMemory;
  readonly #known: Uint8Array;

  constructor(readonly area: Area) {
    this.memory = TableMemory.create({ bytes: BYTES, physBase: area.start });
    const { byteLength } = this.memory.buffer;
    if (area.start + byteLength > area.end) throw new RangeError("the area is too small for the memory");
    this.#known = new Uint8Array(byteLength);
  }

  get #bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer);
  }

  /** Everything, as it is now. */
  all(): Piece {
    return { address: this.area.start, data: this.#bytes.slice() };
  }

  /** What has changed since the last call, as it is now. */
  changes(): Piece[] {
    const bytes = this.#bytes;
    const pieces: Piece[] = [];
    for (let at = 0; at < bytes.length; at += PIECE) {
      const now = bytes.subarray(at, at + PIECE);
      const known = this.#known.subarray(at, at + PIECE);
      if (Buffer.compare(now, known) === 0) continue;
      known.set(now);
      pieces.push({ address: this.area.start + at, data: new Uint8Array(now) });
    }
    return pieces;
  }

  /** Puts everything into the guest that has changed or that the guest itself may have changed. */
  load(ram: GuestRam, options: { whole: boolean }): void {
    if (options.whole) ram.write(this.area.start, this.#bytes.slice());
    for (const { address, data } of this.changes()) ram.write(address, data);
  }

  /** Takes back what the guest's hardware has written. */
  fetch(ram: GuestRam): void {
    const guests = ram.read(this.area.start, this.#known.length);
    this.#known.set(guests);
    this.#bytes.set(guests);
  }
}
