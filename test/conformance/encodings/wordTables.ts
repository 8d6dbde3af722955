// Tables of literal words, for a walker that is given nothing but the root.
import { type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";

const PHYS_BASE = 0x4000_0000;
/** From one table to the next; tables of all formats fit. */
const STRIDE = 0x1_0000;

/** A walker over tables in which address 0 is translated by these words, root first. The table of the n-th word is at 0x4000_0000 + n * 0x1_0000. */
export function walkerOver(format: Format, words: readonly bigint[]): IoPageTable {
  const wasm = new WebAssembly.Memory({ initial: 8, maximum: 8, shared: true });
  const memory = TableMemory.over(wasm, { windows: [{ offset: 0, bytes: 8 * STRIDE, physBase: PHYS_BASE }] });
  const view = new DataView(wasm.buffer);
  for (const [i, word] of words.entries()) view.setBigUint64(i * STRIDE, word, true);
  return IoPageTable.open(memory, { format, root: PHYS_BASE });
}
