// Where the tables of the suite lie: in the memory's own pool, or in pages of a caller's allocator. Both put them at the ends of the physical addresses
// that the format's table pointers can hold.
import { expect } from "vitest";
import { TableMemory } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { SuiteAllocator } from "./allocator.js";

const MIB = 2 ** 20;
const POOL_BYTES = 24 * MIB;
const WINDOW_BYTES = 10 * MIB;
const WASM_PAGE = 65536;
/** The highest address that a window may start at. */
const LAST_BASE = 2 ** 56 - 2 ** 32;

export interface Backing {
  memory: TableMemory;
  allocator?: SuiteAllocator;
  /** Bytes of the memory that a physical address names. */
  offsetOf(paddr: number): number;
  /** A case that takes long is shorter where it runs for the second time. */
  thorough: boolean;
  /** Nothing is in use. */
  checkEmpty(): void;
}

/** The highest place in the physical addresses for `bytes` of tables. */
const highest = (tablePaddrBits: number, bytes: number) => Math.min(2 ** tablePaddrBits - bytes, LAST_BASE);

/** One memory serves all formats whose table pointers have equally many bits. */
class Kept {
  private readonly made = new Map<number, Backing>();

  constructor(
    readonly from: string,
    private readonly make: (tablePaddrBits: number) => Backing,
  ) {}

  get({ tablePaddrBits }: Configuration): Backing {
    const backing = this.made.get(tablePaddrBits) ?? this.make(tablePaddrBits);
    this.made.set(tablePaddrBits, backing);
    return backing;
  }

  /** A test has failed and may have left anything in it: the next one gets another. */
  discard({ tablePaddrBits }: Configuration): void {
    this.made.delete(tablePaddrBits);
  }
}

function pool(tablePaddrBits: number): Backing {
  const physBase = highest(tablePaddrBits, 32 * MIB);
  const memory = TableMemory.create({ bytes: POOL_BYTES, physBase });
  return {
    memory,
    thorough: true,
    offsetOf: (paddr) => paddr - physBase,
    checkEmpty: () => expect(memory.stats().tablePagesInUse).toBe(0),
  };
}

/** Pages by turns at the lowest and at the highest addresses. */
function callersPages(tablePaddrBits: number): Backing {
  const bookkeeping = { offset: 0, bytes: TableMemory.bookkeepingBytes(2 * WINDOW_BYTES) };
  const windows = [0, highest(tablePaddrBits, WINDOW_BYTES)].map((physBase, index) => ({
    offset: MIB * Math.ceil(bookkeeping.bytes / MIB) + index * WINDOW_BYTES,
    bytes: WINDOW_BYTES,
    physBase,
  }));
  const end = (windows[1]?.offset ?? 0) + WINDOW_BYTES;
  const wasm = new WebAssembly.Memory({ initial: end / WASM_PAGE, maximum: end / WASM_PAGE, shared: true });
  const memory = TableMemory.over(wasm, { windows, bookkeeping });
  const allocator = new SuiteAllocator(wasm, windows);
  return {
    memory,
    allocator,
    thorough: false,
    offsetOf: (paddr) => {
      const window = windows.find((w) => paddr >= w.physBase && paddr < w.physBase + w.bytes);
      if (window === undefined) throw new Error(`no memory at 0x${paddr.toString(16)}`);
      return window.offset + paddr - window.physBase;
    },
    checkEmpty: () => {
      expect(memory.stats().tablePagesInUse).toBe(0);
      expect([...allocator.live.values()]).toEqual([]);
    },
  };
}

export const BACKINGS = [new Kept("the pool", pool), new Kept("a caller's allocator", callersPages)];
