import * as encoding from "./lpaeEncoding.js";
import type { PeerFlush, PeerOptions } from "./peer.js";
import { GIGA, MEGA, refuseRange } from "./peer.js";
import * as arena from "./tableArena.js";
import { childTable, childTableForMap, gigaIndex, megaIndex, pageIndex, rootIndex } from "./tableArena.js";

/**
 * ARM LPAE stage 1 with 4K pages as one would write it for speed without wasm: entries as 32-bit halves, addresses as numbers, one loop
 * per table, no BigInt, and no allocation on any path.
 */
export class TypedArrayLpae {
  readonly #root = arena.takeTable();
  readonly #flush: PeerFlush;
  readonly #useMega: boolean;
  readonly #useGiga: boolean;
  readonly #keepEmptyTables: boolean;
  #removedBytes = 0;
  #removedGranule = 0;

  constructor(options: PeerOptions) {
    this.#flush = options.flush;
    this.#useMega = options.pageSizes.includes(MEGA);
    this.#useGiga = options.pageSizes.includes(GIGA);
    this.#keepEmptyTables = options.keepEmptyTables ?? false;
  }

  get rootPaddr(): number {
    return arena.tablePaddr(this.#root);
  }

  /** All or nothing, the largest pages as it goes. */
  map(iova: number, paddr: number, size: number, prot: number): void {
    refuseRange(iova, size);
    refuseRange(paddr, size);
    const low = encoding.lowAttributes(prot);
    const high = encoding.highAttributes(prot);
    if (size === 0x1000 && this.#mapPage(iova, paddr, low | 3, high)) return;
    for (let done = 0; done < size; ) {
      const bytes = this.#mapInOneTable(iova + done, paddr + done, size - done, low, high);
      if (bytes === 0) {
        if (done > 0) this.unmap(iova, done);
        throw new Error(`EEXIST: something is mapped at or after 0x${(iova + done).toString(16)}`);
      }
      done += bytes;
    }
  }

  /** Holes are skipped, a part of a larger leaf is refused. @returns bytes that were mapped */
  unmap(iova: number, size: number): number {
    refuseRange(iova, size);
    if (size === 0x1000 && this.#unmapPage(iova)) return 0x1000;
    const end = iova + size;
    this.#removedBytes = 0;
    this.#removedGranule = GIGA;
    for (let at = iova; at < end; ) at = this.#unmapInOneTable(at, end);
    if (arena.anyUnlinked()) {
      this.#flush.flushWalk(iova, size, 0x1000);
      arena.freeUnlinked();
    } else if (this.#removedBytes > 0) {
      this.#flush.flushRange(iova, size, this.#removedGranule);
    }
    return this.#removedBytes;
  }

  /** @returns the physical address, or -1 */
  translate(iova: number): number {
    const found = this.#find(iova);
    return found < 0 ? -1 : outputAddress(found, iova);
  }

  /** @returns the physical address, or minus the fault */
  access(iova: number, access: number): number {
    const found = this.#find(iova);
    if (found < 0) return encoding.UNMAPPED;
    const word = found >>> 2;
    const low = arena.lowHalf(word);
    if (low !== 0 && !encoding.permits(low, arena.highHalf(word), access)) return encoding.DENIED;
    return outputAddress(found, iova);
  }

  /** Gives all tables back. */
  destroy(): void {
    dropTables(this.#root, 0);
  }

  /** The short way for one page whose tables stand. */
  #mapPage(iova: number, paddr: number, low: number, high: number): boolean {
    const table = this.#pageTable(iova);
    return table >= 0 && arena.takeEntry(table, pageIndex(iova), paddr | low, (paddr / 0x1_0000_0000) | high);
  }

  /** The short way for one page that leaves its table in place. */
  #unmapPage(iova: number): boolean {
    const table = this.#pageTable(iova);
    if (table < 0 || (arena.liveEntries(table) === 1 && !this.#keepEmptyTables)) return false;
    if (!arena.clearEntry(table, pageIndex(iova))) return false;
    this.#flush.flushRange(iova, 0x1000, 0x1000);
    return true;
  }

  #pageTable(iova: number): number {
    const upper = (iova / 0x4000_0000) | 0;
    const gigaTable = childTable(this.#root, upper >>> 9);
    const megaTable = gigaTable < 0 ? -1 : childTable(gigaTable, upper & 511);
    return megaTable < 0 ? -1 : childTable(megaTable, megaIndex(iova));
  }

  /** @returns bytes mapped, 0 where something is in the way */
  #mapInOneTable(iova: number, paddr: number, size: number, low: number, high: number): number {
    const addressBits = iova | paddr;
    const gigaTable = childTableForMap(this.#root, rootIndex(iova));
    if (this.#useGiga && size >= 0x4000_0000 && (addressBits & 0x3fff_ffff) === 0) {
      return fill(gigaTable, gigaIndex(iova), size / 0x4000_0000, paddr, 0x4000_0000, low | 1, high);
    }
    const megaTable = childTableForMap(gigaTable, gigaIndex(iova));
    if (megaTable < 0) return 0;
    if (this.#useMega && size >= 0x20_0000 && (addressBits & 0x1f_ffff) === 0) {
      return fill(megaTable, megaIndex(iova), size / 0x20_0000, paddr, 0x20_0000, low | 1, high);
    }
    const pageTable = childTableForMap(megaTable, megaIndex(iova));
    if (pageTable < 0) return 0;
    return fill(pageTable, pageIndex(iova), size / 0x1000, paddr, 0x1000, low | 3, high);
  }

  /** @returns the first address that is not dealt with yet */
  #unmapInOneTable(at: number, end: number): number {
    const gigaTable = childTable(this.#root, rootIndex(at));
    if (gigaTable < 0) return (Math.floor(at / 0x80_0000_0000) + 1) * 0x80_0000_0000;
    const megaTable = childTable(gigaTable, gigaIndex(at));
    const pageTable = megaTable < 0 ? -1 : childTable(megaTable, megaIndex(at));
    let next: number;
    if (megaTable < 0) next = this.#clearBlocks(gigaTable, gigaIndex(at), at, end, 0x4000_0000);
    else if (pageTable < 0) next = this.#clearBlocks(megaTable, megaIndex(at), at, end, 0x20_0000);
    else next = this.#clearPages(pageTable, pageIndex(at), at, end);
    if (!this.#keepEmptyTables) this.#unlinkEmpty(at, gigaTable, megaTable, pageTable);
    return next;
  }

  #clearPages(table: number, index: number, at: number, end: number): number {
    const count = Math.min(512 - index, (end - at) / 0x1000);
    this.#countRemoved(arena.clearLeaves(table, index, count), 0x1000);
    return at + count * 0x1000;
  }

  #clearBlocks(table: number, index: number, at: number, end: number, step: number): number {
    const start = at - (at & (step - 1));
    const wanted = Math.min(512 - index, Math.ceil((end - start) / step));
    const count = arena.entriesBeforeTable(table, index, wanted);
    const next = start + count * step;
    if (start < at) refusePart(table, index, at);
    if (next > end) refusePart(table, index + count - 1, end);
    this.#countRemoved(arena.clearLeaves(table, index, count), step);
    return next;
  }

  #countRemoved(leaves: number, step: number): void {
    if (leaves === 0) return;
    this.#removedBytes += leaves * step;
    if (step < this.#removedGranule) this.#removedGranule = step;
  }

  #unlinkEmpty(at: number, gigaTable: number, megaTable: number, pageTable: number): void {
    if (pageTable >= 0) {
      if (arena.liveEntries(pageTable) > 0) return;
      arena.unlinkTable(pageTable, megaTable, megaIndex(at));
    }
    if (megaTable >= 0) {
      if (arena.liveEntries(megaTable) > 0) return;
      arena.unlinkTable(megaTable, gigaTable, gigaIndex(at));
    }
    if (arena.liveEntries(gigaTable) === 0) arena.unlinkTable(gigaTable, this.#root, rootIndex(at));
  }

  /** @returns the word of the leaf times 4 plus its level, or -1 */
  #find(iova: number): number {
    if (!(iova >= 0 && iova < 0x1_0000_0000_0000)) return -1;
    const upper = (iova / 0x4000_0000) | 0;
    const lower = iova | 0;
    const gigaTable = childTable(this.#root, upper >>> 9);
    if (gigaTable < 0) return -1;
    const megaTable = childTable(gigaTable, upper & 511);
    if (megaTable < 0) return (arena.wordOf(gigaTable, upper & 511) << 2) | 1;
    const pageTable = childTable(megaTable, (lower >>> 21) & 511);
    if (pageTable < 0) return (arena.wordOf(megaTable, (lower >>> 21) & 511) << 2) | 2;
    return (arena.wordOf(pageTable, (lower >>> 12) & 511) << 2) | 3;
  }
}

/** @returns bytes mapped, 0 where something is in the way */
function fill(
  table: number,
  index: number,
  leaves: number,
  paddr: number,
  step: number,
  low: number,
  high: number,
): number {
  const count = Math.min(512 - index, Math.floor(leaves));
  return arena.fillLeaves(table, index, count, paddr, step, low, high) ? count * step : 0;
}

function refusePart(table: number, index: number, at: number): void {
  const taken = arena.lowHalf(arena.wordOf(table, index)) !== 0;
  if (taken) throw new Error(`EINVAL: 0x${at.toString(16)} is inside a larger leaf`);
}

/** @returns -1 where the entry is empty */
function outputAddress(found: number, iova: number): number {
  const word = found >>> 2;
  const entry = arena.lowHalf(word);
  if (entry === 0) return -1;
  const level = found & 3;
  const offsetMask = level === 3 ? 0xfff : level === 2 ? 0x1f_ffff : 0x3fff_ffff;
  const low = ((entry & ~offsetMask) | (iova & offsetMask)) >>> 0;
  return (arena.highHalf(word) & 0xffff) * 0x1_0000_0000 + low;
}

function dropTables(table: number, level: number): void {
  for (let index = 0; level < 3 && index < 512; index++) {
    const child = childTable(table, index);
    if (child >= 0) dropTables(child, level + 1);
  }
  arena.dropTable(table);
}
