import { TableMemory } from "../../../bindings/index.js";
import type { RealTable } from "./snapshots.js";

const WASM_PAGE = 65536;
const PIECE = 4096;

export interface GuestRam {
  readonly memory: TableMemory;
  /** Fills the RAM with one of its tables; everything else is zero. */
  load(table: RealTable): void;
  bytes(): Uint8Array;
}

/** The pieces of the kernel's RAM that any of these tables stood in, and nothing between them. */
export function guestRam(tables: readonly RealTable[]): GuestRam {
  const paddrs = [...new Set(tables.flatMap(({ pages }) => [...pages.keys()]))].sort((a, b) => (a < b ? -1 : 1));
  const size = Math.ceil((paddrs.length * PIECE) / WASM_PAGE);
  const wasm = new WebAssembly.Memory({ initial: size, maximum: size });
  const offsets = new Map(paddrs.map((paddr, index) => [paddr, index * PIECE]));
  return {
    memory: TableMemory.over(wasm, { windows: windowsOf(paddrs) }),
    load: ({ pages }) => {
      new Uint8Array(wasm.buffer).fill(0);
      for (const [paddr, words] of pages) {
        const items = new BigUint64Array(wasm.buffer, offsets.get(paddr), PIECE / 8);
        for (const [at, word] of words) items[at] = word;
      }
    },
    bytes: () => new Uint8Array(wasm.buffer),
  };
}

/** Neighbours are one window: a table may be larger than a piece. */
function windowsOf(paddrs: readonly bigint[]): { offset: number; bytes: number; physBase: number }[] {
  const windows: { offset: number; bytes: number; physBase: number }[] = [];
  for (const [index, paddr] of paddrs.entries()) {
    const last = windows.at(-1);
    if (last !== undefined && last.physBase + last.bytes === Number(paddr)) last.bytes += PIECE;
    else windows.push({ offset: index * PIECE, bytes: PIECE, physBase: Number(paddr) });
  }
  return windows;
}
