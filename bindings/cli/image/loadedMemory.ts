// A memory that holds what an image has: one window for each stretch of physical addresses.
import { TableMemory } from "../../index.js";
import { UnusableInput } from "../replay/unusableInput.js";

const PAGE = 4096;
const WASM_PAGE = 65536;
const MOST_BYTES = 2 ** 32;

/** Pages of 4 KiB by their physical addresses, as a memory. */
export function memoryOfPages(
  pages: ReadonlyMap<bigint, readonly (readonly [number, bigint])[]>,
  file: string,
): TableMemory {
  const addresses = [...pages.keys()].map(Number).sort((a, b) => a - b);
  const wrong = addresses.find((address) => address % PAGE !== 0);
  if (wrong !== undefined) throw new UnusableInput(file, `a table page at 0x${wrong.toString(16)}, which is no page`);
  const memory = allocate(addresses.length * PAGE, file);
  const words = new BigUint64Array(memory.buffer);
  const windows: { offset: number; bytes: number; physBase: number }[] = [];
  addresses.forEach((physBase, index) => {
    const offset = index * PAGE;
    for (const [at, word] of pages.get(BigInt(physBase)) ?? []) words[offset / 8 + at] = word;
    const last = windows.at(-1);
    if (last !== undefined && last.physBase + last.bytes === physBase) last.bytes += PAGE;
    else windows.push({ offset, bytes: PAGE, physBase });
  });
  return TableMemory.over(memory, { windows });
}

/** Bytes from a physical address on. */
export function memoryOfBytes(chunks: readonly Uint8Array[], base: number, file: string): TableMemory {
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const memory = allocate(bytes, file);
  const to = new Uint8Array(memory.buffer);
  let offset = 0;
  for (const chunk of chunks) {
    to.set(chunk, offset);
    offset += chunk.length;
  }
  return TableMemory.over(memory, { windows: [{ offset: 0, bytes, physBase: base }] });
}

function allocate(bytes: number, file: string): WebAssembly.Memory {
  if (bytes === 0) throw new UnusableInput(file, "empty");
  if (bytes > MOST_BYTES) throw new UnusableInput(file, "more than 4 GiB; cut out the part that has the tables");
  const pages = Math.ceil(bytes / WASM_PAGE);
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}
