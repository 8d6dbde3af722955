/** Where the tables of a replay live: in the memory's own pool, or in memory that a counting allocator hands out. */

import { type TableAllocator, TableMemory } from "../../../bindings/index.js";

const PHYS_BASE = 0x8000_0000;
const BYTES = 64 * 2 ** 20;

/** Sixteen concatenated tables of 64 KiB: what is aligned to it by offset is by physical address, too. */
const LARGEST_ROOT = 2 ** 20;

export interface Backing {
  readonly memory: TableMemory;
  readonly allocator: TableAllocator | undefined;
  /** Where in the memory a physical address is. */
  offsetOf(paddr: number): number;
  /** Tables allocated and freed so far. The pool does not tell the two apart and counts only what is left. */
  count(): TableCount;
  /** Tables freed so far, without asking the memory, so that a flush callback may call it; undefined with the pool. */
  freed(): number | undefined;
}

export type TableCount = { readonly inUse: number; readonly allocated?: number; readonly freed?: number };

export function poolBacking(): Backing {
  const memory = TableMemory.create({ bytes: BYTES, physBase: PHYS_BASE });
  return {
    memory,
    allocator: undefined,
    offsetOf: (paddr) => paddr - PHYS_BASE,
    count: () => ({ inUse: memory.stats().tablePagesInUse }),
    freed: () => undefined,
  };
}

/** The library's books at the start of the memory, and behind them a window for the allocator. */
export function allocatorBacking(): Backing {
  const books = roundUp(TableMemory.bookkeepingBytes(BYTES), LARGEST_ROOT);
  const pages = (books + BYTES) / 0x1_0000;
  const memory = TableMemory.over(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), {
    windows: [{ offset: books, bytes: BYTES, physBase: PHYS_BASE }],
    bookkeeping: { offset: 0, bytes: books },
  });
  const allocator = new CountingAllocator(books, books + BYTES);
  return {
    memory,
    allocator,
    offsetOf: (paddr) => paddr - PHYS_BASE + books,
    count: () => ({
      inUse: memory.stats().tablePagesInUse,
      allocated: allocator.allocated,
      freed: allocator.freed,
    }),
    freed: () => allocator.freed,
  };
}

/** Hands out naturally aligned blocks, and again those that were freed, the last one first. */
class CountingAllocator implements TableAllocator {
  allocated = 0;
  freed = 0;
  private readonly free_ = new Map<number, number[]>();
  private readonly live = new Map<number, number>();

  constructor(
    private next: number,
    private readonly end: number,
  ) {}

  alloc(bytes: number): number | null {
    const offset = this.free_.get(bytes)?.pop() ?? this.carve(bytes);
    if (offset === null) return null;
    this.live.set(offset, bytes);
    this.allocated++;
    return offset;
  }

  free(offset: number, bytes: number): void {
    if (this.live.get(offset) !== bytes) throw new Error(`freed ${bytes} bytes at ${offset}, which were not allocated`);
    this.live.delete(offset);
    const blocks = this.free_.get(bytes) ?? [];
    blocks.push(offset);
    this.free_.set(bytes, blocks);
    this.freed++;
  }

  private carve(bytes: number): number | null {
    const offset = roundUp(this.next, Math.max(bytes, 64));
    if (offset + bytes > this.end) return null;
    this.next = offset + bytes;
    return offset;
  }
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
