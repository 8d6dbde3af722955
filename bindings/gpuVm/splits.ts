// Large leaves that a change has cut, by what the mappings say: a later change that makes such a block whole again joins its leaves. Blocks that were never
// one leaf are left as they are, so that a bind over nothing flushes nothing.
import { type Mapping, paddrAt, physicalAt } from "./mapping.js";
import { Cursor, type VaIndex } from "./vaIndex.js";

export interface Block {
  readonly start: number;
  readonly size: number;
}

export class SplitBlocks {
  /** Of each size of leaf but the smallest, in ascending order: where blocks were cut. */
  readonly #levels: { readonly size: number; readonly starts: Set<number> }[];
  readonly #page: number;
  #count = 0;

  constructor(pageSizes: readonly number[]) {
    this.#levels = pageSizes.slice(1).map((size) => ({ size, starts: new Set<number>() }));
    this.#page = pageSizes[0] ?? 4096;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** The blocks that are whole now and that a cut at `address` divides. */
  cutAt(index: VaIndex<Mapping>, address: number, cuts: Block[]): void {
    const mapping = this.#levels.length === 0 ? undefined : index.at(address);
    if (mapping?.list === undefined) return;
    const offset = paddrAt(mapping, mapping.list, address) - address;
    for (const { size } of this.#levels) {
      if (offset % size !== 0) return;
      const start = address - (address % size);
      if (start === address) continue;
      if (!this.#isWhole(index, { start, size })) return;
      cuts.push({ start, size });
    }
  }

  /** The cut blocks that overlap [start, end) and are whole now, none inside another. */
  wholeIn(index: VaIndex<Mapping>, start: number, end: number): Block[] {
    const whole: Block[] = [];
    if (this.isEmpty) return whole;
    for (const block of this.#cutBlocks(start, end)) {
      const inside = whole.some((w) => block.start >= w.start && block.start < w.start + w.size);
      if (!inside && this.#isWhole(index, block)) whole.push(block);
    }
    return whole;
  }

  note(cuts: readonly Block[]): void {
    for (const { start, size } of cuts) {
      const starts = this.#startsOf(size);
      if (starts === undefined || starts.has(start)) continue;
      starts.add(start);
      this.#count++;
    }
  }

  /** A block is one leaf again, with all that lies in it; or nothing of what was cut is left in it. */
  forget(start: number, end: number): void {
    if (this.isEmpty) return;
    for (const block of this.#cutBlocks(start, end)) {
      if (block.start < start || block.start + block.size > end) continue;
      if (this.#startsOf(block.size)?.delete(block.start)) this.#count--;
    }
  }

  /** The cut blocks that overlap a range, large ones first. */
  #cutBlocks(start: number, end: number): Block[] {
    const blocks: Block[] = [];
    for (let i = this.#levels.length - 1; i >= 0; i--) {
      const { size, starts } = this.#levels[i] ?? { size: this.#page, starts: new Set<number>() };
      const first = start - (start % size);
      if (starts.size === 0) continue;
      if ((end - first) / size <= starts.size) {
        for (let at = first; at < end; at += size) if (starts.has(at)) blocks.push({ start: at, size });
      } else {
        for (const at of starts) if (at >= first && at < end) blocks.push({ start: at, size });
      }
    }
    return blocks;
  }

  #startsOf(size: number): Set<number> | undefined {
    return this.#levels.find((level) => level.size === size)?.starts;
  }

  /** Whether the mappings show one run of memory that a leaf could map, with one protection. */
  #isWhole(index: VaIndex<Mapping>, { start, size }: Block): boolean {
    const first = index.at(start);
    const last = index.at(start + size - this.#page);
    if (first?.list === undefined || last?.list === undefined) return false;
    const offset = paddrAt(first, first.list, start) - start;
    if (offset % size !== 0) return false;
    const { prot } = first.backing;
    // The ends tell in most cases.
    const lastPage = start + size - this.#page;
    if (paddrAt(last, last.list, lastPage) !== lastPage + offset) return false;
    const cursor = new Cursor<Mapping>();
    index.seek(cursor, start);
    for (let at = start; at < start + size; cursor.next()) {
      const mapping = cursor.range;
      if (mapping === undefined || mapping.start > at || mapping.list === undefined) return false;
      if (mapping.backing.prot !== prot) return false;
      const run = physicalAt(mapping, mapping.list, at);
      if (run.paddr !== at + offset) return false;
      at += run.size;
      if (at < mapping.end && at < start + size) return false;
    }
    return true;
  }
}
