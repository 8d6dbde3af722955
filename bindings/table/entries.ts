// Reading tables entry by entry, for everything that is not hot: what an item means comes from the core, where it is from here.
import { hex, IoPgtableError } from "../errors.js";
import type { TableState } from "./state.js";

/** What an item means. */
export type EntryKind = "table" | "leaf" | "empty" | "invalid";

/** What the core's `decode` answers. */
export const Kind = { EMPTY: 0, LEAF: 1, INVALID: 2, TABLE: 4 } as const;
const KINDS: readonly EntryKind[] = ["empty", "leaf", "invalid", "invalid", "table"];

/** One item that is not empty. `va` is the sum of index << shift along the path. */
export interface Entry {
  readonly kind: EntryKind;
  readonly level: number;
  readonly index: number;
  readonly va: bigint;
  readonly raw: bigint;
  /** The table's or the leaf's address. */
  readonly address: number;
  /** log2 of the bytes that the entry covers, of a contiguous leaf the whole. */
  readonly sizeLg2: number;
}

/** A table in the memory. */
export interface TableAt {
  readonly offset: number;
  readonly level: number;
  readonly items: number;
}

/** The root with this index. */
export function rootTable(s: TableState, root: number): TableAt {
  const { top } = s;
  return { offset: s.roots[root] ?? s.root, level: top, items: s.spec.rootItems(top) };
}

export function rootCount(s: TableState): number {
  return Math.max(s.roots.length, 1);
}

/** The raw item at a byte offset. */
export function readItem(s: TableState, offset: number): bigint {
  const { words } = s.memory;
  const low = words[offset >>> 2] ?? 0;
  return s.itemLg2 === 2 ? BigInt(low) : BigInt(low) | (BigInt(words[(offset >>> 2) + 1] ?? 0) << 32n);
}

/** What a raw item means at a level. */
export function decodeItem(s: TableState, raw: bigint, level: number, index: number, va: bigint): Entry {
  const kind = KINDS[s.core.decode(s.spec.core, Number(raw & 0xffff_ffffn), Number(raw >> 32n), level)] ?? "invalid";
  const address = s.core.decodedPaddr();
  const sizeLg2 = s.core.decodedSizeLg2();
  return { kind, level, index, va, raw, address: clearEncryption(s, address), sizeLg2 };
}

function clearEncryption(s: TableState, address: number): number {
  const c = s.spec.encryptionBit;
  if (c === 0) return address;
  return Number(BigInt(address) & ~(1n << BigInt(c)));
}

/** The table that an entry points to. @throws IoPgtableError EFAULT where that is outside the memory */
export function childTable(s: TableState, entry: Entry, operation: string): TableAt {
  const vaHigh = Number(entry.va >> 32n);
  const offset = childOffset(s, entry.level, entry.address, operation, vaHigh, Number(entry.va & 0xffff_ffffn));
  return { offset, level: entry.level - 1, items: s.tableBytes(entry.level - 1) >> s.itemLg2 };
}

/** The offset of the table that an entry at `level` points to. @throws IoPgtableError EFAULT where that is outside the memory */
export function childOffset(
  s: TableState,
  level: number,
  paddr: number,
  operation: string,
  vaHigh: number,
  vaLow: number,
): number {
  const bytes = s.tableBytes(level - 1);
  const offset = s.memory.offsetOf(clearEncryption(s, paddr), bytes);
  if (offset >= 0 && offset + bytes <= s.memory.memory.buffer.byteLength) return offset;
  throw new IoPgtableError(
    "EFAULT",
    operation,
    `a level ${s.spec.archLevel(level)} entry points to a table at ${hex(paddr)}, outside the memory`,
    outerIova(s, (BigInt(vaHigh) << 32n) | BigInt(vaLow)),
  );
}

/** The items of one table that are not empty, between two indexes. */
export function* entriesOf(s: TableState, table: TableAt, va: bigint, first: number, last: number): Generator<Entry> {
  const { offset, level } = table;
  const shift = BigInt(s.shifts[level] ?? 0);
  for (let index = first; index <= last; index++) {
    const at = offset + index * 2 ** s.itemLg2;
    const { words } = s.memory;
    if ((words[at >>> 2] ?? 0) === 0 && (s.itemLg2 === 2 || (words[(at >>> 2) + 1] ?? 0) === 0)) continue;
    yield decodeItem(s, readItem(s, at), level, index, va + (BigInt(index) << shift));
  }
}

/** What the caller calls the address `va`: with the prefix of its half. */
export function outerIova(s: TableState, va: bigint): bigint {
  const bits = BigInt(s.spec.ias);
  const prefix = (1n << 64n) - (1n << bits);
  if (s.spec.space === "upper") return va | prefix;
  return s.spec.space === "signed" && va >> (bits - 1n) !== 0n ? va | prefix : va;
}

/** The bits of an input address that select entries. */
export function innerVa(s: TableState, iova: bigint): bigint {
  return iova & ((1n << BigInt(s.spec.ias)) - 1n);
}
