import * as encoding from "./lpaeEncoding.js";
import { BLOCK, TABLE_OR_PAGE } from "./lpaeEncoding.js";
import type { PeerOptions } from "./peer.js";
import { ENTRIES, PAGE, PHYS_BASE, refuseRange, TABLE_BYTES } from "./peer.js";

const LAST_LEVEL = 3;
const PHYS_BASE_BIG = BigInt(PHYS_BASE);
const ADDRESS = 0x0000_ffff_ffff_f000n;
const TYPE = 3n;

const shiftOf = (level: number): bigint => BigInt(39 - 9 * level);
const bytesOf = (level: number): bigint => 1n << shiftOf(level);
const indexOf = (iova: bigint, level: number): number => Number((iova >> shiftOf(level)) & 511n);

/** The same format as one writes it first: 64-bit entries and addresses as BigInts, one recursive function per operation. */
export class BigIntLpae {
  readonly buffer: ArrayBuffer;
  readonly #entries: BigUint64Array;
  readonly #live: Uint16Array;
  readonly #free: number[];
  readonly #unlinked: number[] = [];
  readonly #options: PeerOptions;
  readonly #root: number;

  /** @param tables room for so many */
  constructor(tables: number, options: PeerOptions) {
    this.buffer = new ArrayBuffer(tables * TABLE_BYTES);
    this.#entries = new BigUint64Array(this.buffer);
    this.#live = new Uint16Array(tables);
    this.#free = Array.from({ length: tables }, (_, index) => tables - 1 - index);
    this.#options = options;
    this.#root = this.#take();
  }

  get rootPaddr(): number {
    return PHYS_BASE + this.#root * TABLE_BYTES;
  }

  get tablesInUse(): number {
    return this.#live.length - this.#free.length;
  }

  /** All or nothing, the largest pages as it goes. */
  map(iova: bigint, paddr: bigint, size: bigint, prot: number): void {
    refuseRange(Number(iova), Number(size));
    refuseRange(Number(paddr), Number(size));
    const attributes = BigInt(encoding.lowAttributes(prot)) | (BigInt(encoding.highAttributes(prot)) << 32n);
    const end = iova + size;
    const reached = this.#mapLevel(0, this.#root, iova, end, paddr - iova, attributes);
    if (reached === end) return;
    if (reached > iova) this.unmap(iova, reached - iova);
    throw new Error(`EEXIST: something is mapped at 0x${reached.toString(16)}`);
  }

  /** Holes are skipped, a part of a larger leaf is refused. @returns bytes that were mapped */
  unmap(iova: bigint, size: bigint): bigint {
    refuseRange(Number(iova), Number(size));
    const removed = this.#unmapLevel(0, this.#root, iova, iova + size);
    if (this.#unlinked.length > 0) {
      this.#options.flush.flushWalk(Number(iova), Number(size), PAGE);
      this.#free.push(...this.#unlinked);
      this.#unlinked.length = 0;
    } else if (removed > 0n) {
      this.#options.flush.flushRange(Number(iova), Number(size), PAGE);
    }
    return removed;
  }

  /** @returns the physical address, or null */
  translate(iova: bigint): bigint | null {
    const leaf = this.#find(iova);
    return leaf === null ? null : outputAddress(leaf.entry, leaf.level, iova);
  }

  /** @returns the physical address, or minus the fault */
  access(iova: bigint, access: number): bigint {
    const leaf = this.#find(iova);
    if (leaf === null) return BigInt(encoding.UNMAPPED);
    const low = Number(leaf.entry & 0xffff_ffffn);
    const high = Number(leaf.entry >> 32n);
    if (!encoding.permits(low, high, access)) return BigInt(encoding.DENIED);
    return outputAddress(leaf.entry, leaf.level, iova);
  }

  /** @returns how far it came */
  #mapLevel(level: number, table: number, iova: bigint, end: bigint, delta: bigint, attributes: bigint): bigint {
    const bytes = bytesOf(level);
    let at = iova;
    for (let index = indexOf(iova, level); index < ENTRIES && at < end; index++) {
      const item = table * ENTRIES + index;
      const entry = this.#entries[item] ?? 0n;
      if (this.#leafFits(level, at, at + delta, end - at)) {
        if (entry !== 0n) return at;
        this.#entries[item] = (at + delta) | attributes | BigInt(level === LAST_LEVEL ? TABLE_OR_PAGE : BLOCK);
        this.#countLive(table, 1);
        at += bytes;
        continue;
      }
      if (level === LAST_LEVEL || (entry !== 0n && !pointsToTable(entry, level))) return at;
      const child = entry === 0n ? this.#link(table, item) : pageOf(entry);
      const stop = min(end, (at & -bytes) + bytes);
      const reached = this.#mapLevel(level + 1, child, at, stop, delta, attributes);
      if (reached < stop) return reached;
      at = stop;
    }
    return at;
  }

  #leafFits(level: number, iova: bigint, paddr: bigint, left: bigint): boolean {
    const bytes = bytesOf(level);
    if (level !== LAST_LEVEL && !this.#options.pageSizes.includes(Number(bytes))) return false;
    return ((iova | paddr) & (bytes - 1n)) === 0n && left >= bytes;
  }

  #link(table: number, item: number): number {
    const child = this.#take();
    this.#entries[item] = (PHYS_BASE_BIG + BigInt(child * TABLE_BYTES)) | TYPE;
    this.#countLive(table, 1);
    return child;
  }

  #unmapLevel(level: number, table: number, iova: bigint, end: bigint): bigint {
    const bytes = bytesOf(level);
    let removed = 0n;
    let at = iova;
    for (let index = indexOf(iova, level); index < ENTRIES && at < end; index++) {
      const item = table * ENTRIES + index;
      const entry = this.#entries[item] ?? 0n;
      const stop = min(end, (at & -bytes) + bytes);
      if (pointsToTable(entry, level)) {
        const child = pageOf(entry);
        removed += this.#unmapLevel(level + 1, child, at, stop);
        if (this.#live[child] === 0 && this.#options.keepEmptyTables !== true) {
          this.#clear(table, item);
          this.#unlinked.push(child);
        }
      } else if (entry !== 0n) {
        if (stop - at !== bytes) throw new Error(`EINVAL: 0x${at.toString(16)} is inside a larger leaf`);
        this.#clear(table, item);
        removed += bytes;
      }
      at = stop;
    }
    return removed;
  }

  #clear(table: number, item: number): void {
    this.#entries[item] = 0n;
    this.#countLive(table, -1);
  }

  #countLive(table: number, change: number): void {
    this.#live[table] = (this.#live[table] ?? 0) + change;
  }

  #take(): number {
    const page = this.#free.pop();
    if (page === undefined) throw new Error("ENOMEM: no table page is free");
    return page;
  }

  #find(iova: bigint): { entry: bigint; level: number } | null {
    if (iova < 0n || iova >> 48n !== 0n) return null;
    let table = this.#root;
    for (let level = 0; level <= LAST_LEVEL; level++) {
      const entry = this.#entries[table * ENTRIES + indexOf(iova, level)] ?? 0n;
      if (entry === 0n) return null;
      if (!pointsToTable(entry, level)) return { entry, level };
      table = pageOf(entry);
    }
    return null;
  }
}

function pointsToTable(entry: bigint, level: number): boolean {
  return level < LAST_LEVEL && (entry & TYPE) === TYPE;
}

function pageOf(entry: bigint): number {
  return Number(((entry & ADDRESS) - PHYS_BASE_BIG) / BigInt(TABLE_BYTES));
}

function outputAddress(entry: bigint, level: number, iova: bigint): bigint {
  const offsetMask = bytesOf(level) - 1n;
  return (entry & ADDRESS & ~offsetMask) | (iova & offsetMask);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
