// The mappings of a table, in runs.
import {
  childTable,
  type Entry,
  entriesOf,
  innerVa,
  outerIova,
  rootCount,
  rootTable,
  type TableAt,
} from "./entries.js";
import type { TableState } from "./state.js";

/** A run of leaves: input- and output-contiguous, same size, same attributes. */
export interface Mapping {
  iova: bigint;
  paddr: number;
  size: number;
  pageSize: number;
  prot: number;
}

/** A leaf with its attributes apart from its address. */
interface Leaf {
  readonly iova: bigint;
  readonly paddr: number;
  readonly pageSize: number;
  readonly prot: number;
}

/** Whole leaves that touch [first, last], in runs. */
export function* mappings(s: TableState, first: bigint, last: bigint): Generator<Mapping> {
  let run: Mapping | undefined;
  for (const leaf of leaves(s, innerVa(s, first), innerVa(s, last))) {
    if (run !== undefined && continues(run, leaf)) {
      run.size += leaf.pageSize;
      continue;
    }
    if (run !== undefined) {
      yield run;
      s.checkReadable("mappings");
    }
    run = { iova: leaf.iova, paddr: leaf.paddr, size: leaf.pageSize, pageSize: leaf.pageSize, prot: leaf.prot };
  }
  if (run === undefined) return;
  yield run;
  s.checkReadable("mappings");
}

function continues(run: Mapping, leaf: Leaf): boolean {
  return (
    leaf.pageSize === run.pageSize &&
    leaf.prot === run.prot &&
    leaf.paddr === run.paddr + run.size &&
    leaf.iova === run.iova + BigInt(run.size)
  );
}

function* leaves(s: TableState, first: bigint, last: bigint): Generator<Leaf> {
  // Where the roots are several, the index of a root is the top of the address.
  for (let root = 0; root < rootCount(s); root++) {
    const table = rootTable(s, root);
    yield* leavesOf(s, table, BigInt(root) * spanOf(s, table), first, last);
  }
}

function spanOf(s: TableState, table: TableAt): bigint {
  return BigInt(table.items) << BigInt(s.shifts[table.level] ?? 0);
}

function* leavesOf(s: TableState, table: TableAt, va: bigint, first: bigint, last: bigint): Generator<Leaf> {
  const end = va + spanOf(s, table) - 1n;
  if (first > end || last < va) return;
  const shift = BigInt(s.shifts[table.level] ?? 0);
  const from = first > va ? Number((first - va) >> shift) : 0;
  const to = last < end ? Number((last - va) >> shift) : table.items - 1;
  let next = 0n;
  for (const entry of entriesOf(s, table, va, from, to)) {
    if (entry.kind === "table") {
      yield* leavesOf(s, childTable(s, entry, "mappings"), entry.va, first, last);
    } else if (entry.kind === "leaf" && entry.va >= next) {
      const leaf = wholeLeaf(s, entry);
      next = (entry.va & ~((1n << BigInt(entry.sizeLg2)) - 1n)) + BigInt(leaf.pageSize);
      yield leaf;
    }
  }
}

/** The leaf that an item is part of. */
export function wholeLeaf(s: TableState, entry: Entry): Leaf {
  const size = 2 ** entry.sizeLg2;
  const base = entry.va & ~(BigInt(size) - 1n);
  // Items with their own addresses: the leaf begins where its first item does.
  const skipped = s.sameItems ? 0 : Number(entry.va - base);
  return {
    iova: outerIova(s, base),
    paddr: entry.address - skipped,
    pageSize: size,
    prot: s.spec.decode(entry.raw, entry.level),
  };
}
