// Guest RAM as a sparse file that QEMU maps: tables are put there and data is read from there without a word to QEMU.
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";

export interface Segment {
  readonly address: number;
  readonly offset: number;
  readonly bytes: number;
}

export class GuestRam {
  readonly #descriptor: number;

  constructor(
    readonly file: string,
    readonly bytes: number,
    private readonly segments: readonly Segment[],
  ) {
    this.#descriptor = openSync(file, "w+");
    ftruncateSync(this.#descriptor, bytes);
  }

  /** Where in the file, or null where there is no RAM. */
  #offset(address: number, bytes: number): number | null {
    const segment = this.segments.find((s) => address >= s.address && address + bytes <= s.address + s.bytes);
    return segment === undefined ? null : segment.offset + address - segment.address;
  }

  has(address: number, bytes = 8): boolean {
    return this.#offset(address, bytes) !== null;
  }

  #place(address: number, bytes: number): number {
    const offset = this.#offset(address, bytes);
    if (offset === null) throw new RangeError(`0x${address.toString(16)}, ${bytes} bytes, is not RAM`);
    return offset;
  }

  write(address: number, data: Uint8Array | BigUint64Array | Uint32Array): void {
    writeSync(this.#descriptor, data, 0, data.byteLength, this.#place(address, data.byteLength));
  }

  read(address: number, bytes: number): Uint8Array<ArrayBuffer> {
    const data = new Uint8Array(bytes);
    readSync(this.#descriptor, data, 0, bytes, this.#place(address, bytes));
    return data;
  }

  words(address: number, count: number): BigUint64Array {
    return new BigUint64Array(this.read(address, count * 8).buffer);
  }

  writeWords(address: number, ...words: bigint[]): void {
    this.write(address, BigUint64Array.from(words));
  }

  /** One word at each place. */
  writeEach(places: readonly number[], words: readonly bigint[]): void {
    for (const [i, place] of places.entries()) this.writeWords(place, words[i] ?? 0n);
  }

  word(address: number): bigint {
    return this.words(address, 1)[0] ?? 0n;
  }

  /** QEMU has it open: its name can go, so that nothing stays behind. */
  unlink(): void {
    unlinkSync(this.file);
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
