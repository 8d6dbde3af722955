// The leaves of a table in ascending order, each once however many items it has.
import { childTable, type Entry, entriesOf, outerIova, rootCount, rootTable, type TableAt } from "./entries.js";
import type { TableState } from "./state.js";

/** A whole leaf. */
export interface Leaf {
  readonly iova: bigint;
  readonly paddr: number;
  readonly pageSize: number;
  readonly level: number;
  /** The item that was read. */
  readonly raw: bigint;
  /** Where the first of its items is, and how many it has. */
  readonly offset: number;
  readonly items: number;
}

/**
 * Tables that were looked through since the last leaf and hold none: a table whose pointers go in circles is not followed along each of its ways, which
 * would take for ever. Forgotten with each leaf, since whoever built the tables may change them meanwhile.
 */
type Barren = Set<number>;

/** Whole leaves that touch [first, last], inner addresses. @throws IoPgtableError EFAULT */
export function* leaves(s: TableState, first: bigint, last: bigint, operation: string): Generator<Leaf> {
  const barren: Barren = new Set();
  // Where the roots are several, the index of a root is the top of the address.
  for (let root = 0; root < rootCount(s); root++) {
    const table = rootTable(s, root);
    yield* leavesOf(s, table, BigInt(root) * spanOf(s, table), first, last, operation, barren);
  }
}

function spanOf(s: TableState, table: TableAt): bigint {
  return BigInt(table.items) << BigInt(s.shifts[table.level] ?? 0);
}

function* leavesOf(
  s: TableState,
  table: TableAt,
  va: bigint,
  first: bigint,
  last: bigint,
  operation: string,
  barren: Barren,
): Generator<Leaf> {
  const end = va + spanOf(s, table) - 1n;
  const key = table.level * 2 ** 32 + table.offset;
  if (first > end || last < va || barren.has(key)) return;
  const shift = BigInt(s.shifts[table.level] ?? 0);
  const from = first > va ? Number((first - va) >> shift) : 0;
  const to = last < end ? Number((last - va) >> shift) : table.items - 1;
  let next = 0n;
  let none = first <= va && last >= end;
  for (const entry of entriesOf(s, table, va, from, to)) {
    if (entry.kind === "table") {
      const child = childTable(s, entry, operation);
      yield* leavesOf(s, child, entry.va, first, last, operation, barren);
      none &&= barren.has(child.level * 2 ** 32 + child.offset);
    } else if (entry.kind === "leaf" && entry.va >= next) {
      const leaf = wholeLeaf(s, table, entry);
      next = (entry.va & ~((1n << BigInt(entry.sizeLg2)) - 1n)) + BigInt(leaf.pageSize);
      yield leaf;
      barren.clear();
      none = false;
    }
  }
  if (none) barren.add(key);
}

/** The leaf that an item is part of. */
function wholeLeaf(s: TableState, table: TableAt, entry: Entry): Leaf {
  const size = 2 ** entry.sizeLg2;
  const base = entry.va & ~(BigInt(size) - 1n);
  const items = 2 ** (entry.sizeLg2 - (s.shifts[entry.level] ?? 0));
  // Items with their own addresses: the leaf begins where its first item does.
  const skipped = s.sameItems ? 0 : Number(entry.va - base);
  return {
    iova: outerIova(s, base),
    paddr: entry.address - skipped,
    pageSize: size,
    level: entry.level,
    raw: entry.raw,
    offset: table.offset + (entry.index - (entry.index % items)) * 2 ** s.itemLg2,
    items,
  };
}
