/** Where the tables of a replay live: in the memory's own pool, or in memory that a counting allocator hands out. */

import { type TableAllocator, TableMemory } from "../../../bindings/index.js";

const PHYS_BASE = 0x8000_0000;
const BYTES = 64 * 2 ** 20;

const WASM_PAGE = 0x1_0000;

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

/** A window for the allocator at the start of the memory, where offset 0 is a page like any other, and behind it the library's books. */
export function allocatorBacking(): Backing {
  const books = roundUp(TableMemory.bookkeepingBytes(BYTES), WASM_PAGE);
  const pages = (books + BYTES) / WASM_PAGE;
  const memory = TableMemory.over(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), {
    windows: [{ offset: 0, bytes: BYTES, physBase: PHYS_BASE }],
    bookkeeping: { offset: BYTES, bytes: books },
  });
  const allocator = new CountingAllocator(BYTES);
  return {
    memory,
    allocator,
    offsetOf: (paddr) => paddr - PHYS_BASE,
    count: () => ({
      inUse: memory.stats().tablePagesInUse,
      allocated: allocator.allocated,
      freed: allocator.freed,
    }),
    freed: () => allocator.freed,
  };
}

/**
 * Hands out naturally aligned blocks, and again those that were freed, the last one first. The root, which is asked for
 * first, comes from the end, so that the page at offset 0 is one that comes and goes.
 */
class CountingAllocator implements TableAllocator {
  allocated = 0;
  freed = 0;
  private readonly free_ = new Map<number, number[]>();
  private readonly live = new Map<number, number>();

  private next = 0;

  constructor(private end: number) {}

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
    if (this.allocated === 0) {
      this.end = Math.floor((this.end - bytes) / bytes) * bytes;
      return this.end;
    }
    const offset = roundUp(this.next, Math.max(bytes, 64));
    if (offset + bytes > this.end) return null;
    this.next = offset + bytes;
    return offset;
  }
}

function roundUp(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}
