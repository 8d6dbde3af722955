// Reads finished tables from raw memory, without help from whoever made them, so that all can be compared.

const TABLE = 3;
const LAST_LEVEL = 3;
const ENTRIES = 512;

/** Where somebody's tables lie: ARM LPAE stage 1, 4K granule, start level 0. */
export interface RawTables {
  readonly buffer: ArrayBufferLike;
  /** Physical address of the buffer's first byte. */
  readonly physBase: number;
  readonly rootPaddr: number;
}

export interface TablePage {
  readonly level: number;
  /** Byte offset in the buffer. */
  readonly offset: number;
}

/** The tables depth first, by ascending index. */
export function tablePages(tables: RawTables): TablePage[] {
  const words = new Uint32Array(tables.buffer);
  const found: TablePage[] = [];
  const visit = (level: number, offset: number): void => {
    found.push({ level, offset });
    if (level === LAST_LEVEL) return;
    for (let index = 0; index < ENTRIES; index++) {
      const word = offset / 4 + index * 2;
      const low = words[word] ?? 0;
      const high = words[word + 1] ?? 0;
      if ((low & 3) !== TABLE) continue;
      const paddr = (high & 0xffff) * 2 ** 32 + (low >>> 12) * 2 ** 12;
      visit(level + 1, paddr - tables.physBase);
    }
  };
  visit(0, tables.rootPaddr - tables.physBase);
  return found;
}

/** Equal where every entry is equal, wherever the tables were allocated. */
export function tableDigest(tables: RawTables): string {
  const words = new Uint32Array(tables.buffer);
  let first = 0x811c9dc5;
  let second = 0x9747b28c;
  let entries = 0;
  const mix = (value: number): void => {
    first = Math.imul(first ^ value, 0x01000193);
    second = Math.imul((second << 13) | (second >>> 19), 5) ^ value;
  };
  for (const { level, offset } of tablePages(tables)) {
    for (let index = 0; index < ENTRIES; index++) {
      const low = words[offset / 4 + index * 2] ?? 0;
      const high = words[offset / 4 + index * 2 + 1] ?? 0;
      if (low === 0 && high === 0) continue;
      const isTable = level < LAST_LEVEL && (low & 3) === TABLE;
      mix((level << 16) | index);
      mix(isTable ? low & 0xfff : low);
      mix(isTable ? high & 0xffff0000 : high);
      entries += 1;
    }
  }
  return `${entries} entries, digest ${hex(first)}${hex(second)}`;
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, "0");
