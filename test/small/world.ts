// A tiny table with all that watches it: the model, the worst TLB, and the count of table pages.
import { Access, AdversarialTlb, Fault, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { readRaw } from "./rawTable.js";
import { inputBits, leafSizes, PAGE, type TinyConfig, tiny } from "./tiny.js";

/** What a page maps: page frame and protection; -1 and 0 where nothing. */
export class World {
  readonly memory = TableMemory.create({ bytes: 2 ** 18 });
  readonly pages: number;
  readonly sizes: readonly number[];
  readonly frames: Int32Array;
  readonly prots: Uint8Array;
  readonly dirty: Uint8Array;
  /** Linux's unmap leaves empty tables. */
  mayBeEmpty = false;
  table: IoPageTable<{ base: bigint }>;
  tlb: AdversarialTlb;
  readonly #words = new Uint32Array(this.memory.buffer);
  #root = 0;

  constructor(readonly config: TinyConfig) {
    this.pages = 2 ** (inputBits(config) - 11);
    this.sizes = leafSizes(config);
    this.frames = new Int32Array(this.pages).fill(-1);
    this.prots = new Uint8Array(this.pages);
    this.dirty = new Uint8Array(this.pages);
    [this.table, this.tlb] = this.#create();
  }

  #create(): [IoPageTable<{ base: bigint }>, AdversarialTlb] {
    const tlb = new AdversarialTlb();
    const table = new IoPageTable(this.memory, { format: tiny(this.config), flush: tlb.flush });
    tlb.watch(table);
    this.#root = Number(table.registers.base) - this.memory.physBase;
    return [table, tlb];
  }

  /** An empty table again: another one, or this one with all unmapped. */
  reset(anew: boolean): void {
    this.frames.fill(-1);
    this.prots.fill(0);
    this.dirty.fill(0);
    this.mayBeEmpty = false;
    if (anew) {
      this.destroy();
      [this.table, this.tlb] = this.#create();
      return;
    }
    this.table.unmap(0, this.pages * PAGE);
    this.table.trim();
    this.tlb.check();
    equal(this.memory.stats().tablePagesInUse, 1, "table pages of an empty table");
  }

  destroy(): void {
    this.table.destroy();
    this.tlb.check();
    equal(this.memory.stats().tablePagesInUse, 0, "table pages after destroy");
  }

  /** The pages of the leaf that maps a page: first and last; the page alone where nothing is mapped. */
  leafAt(page: number): [number, number] {
    const step = this.table.walk(page * PAGE).at(-1);
    if (step?.kind !== "leaf") return [page, page];
    const first = Number(step.iova) / PAGE;
    return [first, first + step.size / PAGE - 1];
  }

  /** Where the entry of a page is in the memory. */
  entryOf(page: number): number {
    return (this.table.walk(page * PAGE).at(-1)?.entryPaddr ?? 0) - this.memory.physBase;
  }

  /** Everything agrees; returns the table as text: what an operation does depends on nothing else. */
  check(): string {
    const raw = readRaw(this.#words, this.#root, this.memory.physBase, this.config);
    for (let page = 0; page < this.pages; page++) {
      const frame = this.frames[page] ?? -1;
      equal(raw.frames[page], frame, `the frame of page ${page}`);
      equal(raw.prots[page], this.prots[page], `the protection of page ${page}`);
      equal(raw.dirty[page], this.dirty[page], `the dirty state of page ${page}`);
      const allows = (prot: number) => ((this.prots[page] ?? 0) & prot) !== 0;
      const answer = (prot: number) => (frame < 0 ? -Fault.UNMAPPED : allows(prot) ? frame * PAGE : -Fault.PERMISSION);
      equal(this.table.access(page * PAGE, Access.READ), answer(Prot.READ), `reading page ${page}`);
      equal(this.table.access(page * PAGE, Access.WRITE), answer(Prot.WRITE), `writing page ${page}`);
    }
    if (!this.mayBeEmpty) equal(raw.empty, 0, "empty tables");
    equal(this.memory.stats().tablePagesInUse, raw.tables.size, "table pages in use");
    this.tlb.check();
    return raw.text;
  }

  /** How many leaves the model's mappings take when all neighbours are joined. */
  fewestLeaves(): number {
    let leaves = 0;
    for (let page = 0; page < this.pages; ) {
      const size = (this.sizes.findLast((bytes) => this.#isLeaf(page, bytes / PAGE)) ?? PAGE) / PAGE;
      if ((this.frames[page] ?? -1) >= 0) leaves++;
      page += size;
    }
    return leaves;
  }

  #isLeaf(page: number, count: number): boolean {
    const frame = this.frames[page] ?? -1;
    if (page % count !== 0 || frame % count !== 0 || frame < 0) return false;
    for (let i = 1; i < count; i++) {
      if (this.frames[page + i] !== frame + i || this.prots[page + i] !== this.prots[page]) return false;
    }
    return true;
  }
}

export function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}
