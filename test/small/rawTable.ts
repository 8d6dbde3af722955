// A tiny table read word by word, with nothing of the library's.
import { inputBits, PAGE, type TinyConfig } from "./tiny.js";

const VALID = 1;
const LEAF = 2;
const DIRTY = 1 << 5;

export interface RawTable {
  readonly frames: Int32Array;
  readonly prots: Uint8Array;
  /** A contiguous leaf is dirty in all its parts when one of them is. */
  readonly dirty: Uint8Array;
  /** Offsets of the table pages. */
  readonly tables: Set<number>;
  /** Tables without an entry, the root left out. */
  empty: number;
  /** All entries in order, table addresses left out. */
  text: string;
}

export function readRaw(words: Uint32Array, root: number, physBase: number, config: TinyConfig): RawTable {
  const pages = 2 ** (inputBits(config) - 11);
  const raw: RawTable = {
    frames: new Int32Array(pages).fill(-1),
    prots: new Uint8Array(pages),
    dirty: new Uint8Array(pages),
    tables: new Set(),
    empty: 0,
    text: "",
  };
  const { bits } = config.shape;
  const readTable = (offset: number, level: number, first: number): void => {
    raw.tables.add(offset);
    raw.text += "(";
    const span = 2 ** (level * bits);
    let used = 0;
    for (let index = 0; index < 2 ** bits; index++) {
      const low = words[(offset >>> 2) + 2 * index] ?? 0;
      const high = words[(offset >>> 2) + 2 * index + 1] ?? 0;
      if (low !== 0 || high !== 0) used++;
      if ((low & (VALID | LEAF)) === VALID) readTable(((low & ~63) >>> 0) - physBase, level - 1, first + index * span);
      else {
        raw.text += low === 0 ? "," : `${low.toString(36)}.${high.toString(36)},`;
        if (low & VALID) addLeaf(raw, low, high >>> 28 !== 0, first + index * span, span);
      }
    }
    raw.text += ")";
    if (used === 0 && level !== config.levels - 1) raw.empty++;
  };
  readTable(root, config.levels - 1, 0);
  return raw;
}

function addLeaf(raw: RawTable, low: number, pair: boolean, first: number, span: number): void {
  const dirty = low & DIRTY ? 1 : 0;
  for (let page = first; page < first + span; page++) {
    raw.frames[page] = Math.floor(low / PAGE) + (page - first);
    raw.prots[page] = (low >>> 2) & 3;
    raw.dirty[page] = Math.max(raw.dirty[page] ?? 0, dirty);
  }
  if (!pair || !dirty) return;
  const other = first ^ span;
  for (let page = other; page < other + span; page++) raw.dirty[page] = 1;
}
