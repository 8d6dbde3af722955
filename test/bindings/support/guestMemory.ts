import { TableMemory } from "../../../bindings/index.js";

const MIB = 2 ** 20;

export interface GuestMemory {
  wasm: WebAssembly.Memory;
  memory: TableMemory;
  /** Where table pages may stand: two stretches of RAM with a hole in the physical addresses between them. */
  windows: readonly { offset: number; bytes: number; physBase: number }[];
}

export const BOOKKEEPING_AT = MIB;
const WINDOWS = [
  { offset: 8 * MIB, bytes: 8 * MIB, physBase: 0x40000000 },
  { offset: 24 * MIB, bytes: 8 * MIB, physBase: 0x8_8000_0000 },
];

/**
 * A memory as an emulator has it: guest RAM in windows, and a corner for the library's books. `reach`: the bits of physical addresses that all of it has.
 */
export function guestMemory(options: { shared?: boolean; reach?: number } = {}): GuestMemory {
  const { shared = true, reach = 64 } = options;
  const windows = WINDOWS.map((window) => ({ ...window, physBase: window.physBase % 2 ** reach }));
  const wasm = new WebAssembly.Memory({ initial: 512, maximum: 1024, shared });
  const bytes = TableMemory.bookkeepingBytes(16 * MIB);
  const memory = TableMemory.over(wasm, { windows, bookkeeping: { offset: BOOKKEEPING_AT, bytes } });
  return { wasm, memory, windows };
}

/** The bytes of guest RAM, to see what was written there. */
export function guestBytes({ wasm }: GuestMemory): Uint8Array {
  return new Uint8Array(wasm.buffer, 8 * MIB).slice();
}

export function physicalOf({ windows }: GuestMemory, offset: number): number {
  const window = windows.find((w) => offset >= w.offset && offset < w.offset + w.bytes);
  if (!window) throw new Error(`offset ${offset} is in no window`);
  return window.physBase + offset - window.offset;
}
