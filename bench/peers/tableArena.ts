// The tables of the typed-array peer: entries as pairs of 32-bit halves, low half first, in the memory that `placeTables` names, as our tables lie in the memory
// that the caller gives. A constant array of this module, whose address and length V8 folds into the code, would be up to 1 ns an entry faster (measured), but
// such code serves one memory in a process. The loops stand in this module, and the numbers of the format are literals, because that costs nothing.

const TABLES = 8192;
let words: Uint32Array = new Uint32Array(TABLES * 1024);
/** Entries that are not zero, by table. */
const live = new Uint16Array(TABLES);
/** Free tables, which are all zero; above them the unlinked ones, until their flush has returned. */
const stack = Int32Array.from({ length: TABLES }, (_, index) => TABLES - 1 - index);
let free = TABLES;
let unlinked = 0;

/** Physical address of the arena: the library's default, below 4 GiB, so that the low half of an entry alone names a table. */
export const ARENA_PADDR = 0x80000000;
export const arenaBuffer = (): ArrayBufferLike => words.buffer;

/** Where the tables lie from now on: room for all of them, all zero. None may be in use. */
export function placeTables(memory: ArrayBufferLike): void {
  if (tablesInUse() !== 0) throw new Error("tables are in use");
  words = new Uint32Array(memory, 0, TABLES * 1024);
}

/** Bytes that `placeTables` needs. */
export const ARENA_BYTES: number = TABLES * 4096;

export const tablesInUse = (): number => TABLES - free - unlinked;
export const tablePaddr = (table: number): number => (table + 0x80000) * 4096;

export const rootIndex = (iova: number): number => (iova / 0x80_0000_0000) & 511;
export const gigaIndex = (iova: number): number => (iova / 0x4000_0000) & 511;
export const megaIndex = (iova: number): number => (iova >>> 21) & 511;
export const pageIndex = (iova: number): number => (iova >>> 12) & 511;

/** The word of an entry's low half. */
export const wordOf = (table: number, index: number): number => (table << 10) + (index << 1);
export const lowHalf = (word: number): number => words[word] ?? 0;
export const highHalf = (word: number): number => words[word + 1] ?? 0;
export const liveEntries = (table: number): number => live[table] ?? 0;

/** @returns the table that an entry above level 3 points to, or -1 */
export function childTable(table: number, index: number): number {
  const low = words[wordOf(table, index)] ?? 0;
  return (low & 3) === 3 ? (low >>> 12) - 0x80000 : -1;
}

export function takeTable(): number {
  const table = free > 0 ? stack[--free] : undefined;
  if (table === undefined) throw new Error("ENOMEM: no table is free");
  return table;
}

/** @returns the table below an entry, made where there was none; -1 where a leaf is in the way */
export function childTableForMap(table: number, index: number): number {
  const word = wordOf(table, index);
  if (words[word] !== 0) return childTable(table, index);
  const child = takeTable();
  words[word] = ((child + 0x80000) << 12) | 3;
  live[table] = (live[table] ?? 0) + 1;
  return child;
}

/** Takes an empty table out of its parent. No table may be taken until `freeUnlinked`. */
export function unlinkTable(table: number, parent: number, index: number): void {
  words[wordOf(parent, index)] = 0;
  live[parent] = (live[parent] ?? 0) - 1;
  stack[free + unlinked] = table;
  unlinked += 1;
}

export const anyUnlinked = (): boolean => unlinked > 0;

export function freeUnlinked(): void {
  free += unlinked;
  unlinked = 0;
}

/** Frees a table whatever it holds. */
export function dropTable(table: number): void {
  words.fill(0, wordOf(table, 0), wordOf(table, 512));
  live[table] = 0;
  stack[free++] = table;
}

/** @returns false where the entry is taken */
export function takeEntry(table: number, index: number, low: number, high: number): boolean {
  const word = wordOf(table, index);
  if (words[word] !== 0) return false;
  words[word] = low;
  words[word + 1] = high;
  live[table] = (live[table] ?? 0) + 1;
  return true;
}

/** @returns false where the entry was zero */
export function clearEntry(table: number, index: number): boolean {
  const word = wordOf(table, index);
  if (words[word] === 0) return false;
  words[word] = 0;
  words[word + 1] = 0;
  live[table] = (live[table] ?? 0) - 1;
  return true;
}

/**
 * Writes leaves of `step` bytes each from `index` on, or nothing where one of the entries is taken.
 * @returns whether it wrote
 */
export function fillLeaves(
  table: number,
  index: number,
  count: number,
  paddr: number,
  step: number,
  low: number,
  high: number,
): boolean {
  const first = wordOf(table, index);
  for (let done = 0; done < count; ) {
    const address = paddr + done * step;
    const left = count - done;
    // The low half must not wrap around within one run.
    const room = 0x1_0000_0000 - (address >>> 0);
    const run = left * step <= room ? left : room / step;
    const written = fillRun(first + done * 2, run, address | low, step, (address / 0x1_0000_0000) | high);
    done += written;
    if (written < run) {
      words.fill(0, first, first + done * 2);
      return false;
    }
  }
  live[table] = (live[table] ?? 0) + count;
  return true;
}

/** @returns entries written before one that is taken */
function fillRun(first: number, count: number, low: number, step: number, high: number): number {
  const end = (first + (count << 1)) | 0;
  const lastFour = (end - 8) | 0;
  let word = first | 0;
  let entry = low | 0;
  for (; word <= lastFour; word = (word + 8) | 0) {
    if (((words[word] ?? 0) | (words[word + 2] ?? 0) | (words[word + 4] ?? 0) | (words[word + 6] ?? 0)) !== 0) break;
    words[word] = entry;
    words[word + 1] = high;
    words[word + 2] = (entry + step) | 0;
    words[word + 3] = high;
    words[word + 4] = (entry + step * 2) | 0;
    words[word + 5] = high;
    words[word + 6] = (entry + step * 3) | 0;
    words[word + 7] = high;
    entry = (entry + step * 4) | 0;
  }
  for (; word < end; word = (word + 2) | 0) {
    if (words[word] !== 0) break;
    words[word] = entry;
    words[word + 1] = high;
    entry = (entry + step) | 0;
  }
  return (word - first) >> 1;
}

/** @returns how many of the entries were not zero */
export function clearLeaves(table: number, index: number, count: number): number {
  const before = live[table] ?? 0;
  const first = wordOf(table, index);
  let removed = 0;
  if (count === 512 && before === 512) {
    // Every entry goes: none need be looked at.
    words.fill(0, first, first + 1024);
    removed = 512;
  } else {
    const end = (first + (count << 1)) | 0;
    for (let word = first | 0; word < end; word = (word + 2) | 0) {
      if (words[word] === 0) continue;
      words[word] = 0;
      words[word + 1] = 0;
      removed = (removed + 1) | 0;
    }
  }
  live[table] = before - removed;
  return removed;
}

/** @returns how many of the entries come before the first that points to a table */
export function entriesBeforeTable(table: number, index: number, count: number): number {
  const first = wordOf(table, index);
  for (let done = 0; done < count; done++) {
    if (((words[first + (done << 1)] ?? 0) & 3) === 3) return done;
  }
  return count;
}
