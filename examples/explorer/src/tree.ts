// The tree of table pages, read from memory as a walker reads it: a page that several entries point to is one node.
import type { EntryDescription } from "io-pgtable/entries";
import type { Source } from "./source.js";

export interface Cell {
  readonly index: number;
  readonly entry: bigint;
  readonly kind: EntryDescription["kind"];
  /** Bytes of the leaf that it is (part of). */
  readonly size: number;
  readonly paddr: bigint | null;
}

export interface TableNode {
  readonly level: number;
  readonly paddr: number;
  /** The first address of the table, where it is reached first. */
  readonly iova: bigint;
  readonly items: number;
  /** Bytes that one entry covers. */
  readonly covers: number;
  /** What is not empty, by index. */
  readonly cells: ReadonlyMap<number, Cell>;
  /** The entries that point to it. */
  readonly parents: { readonly from: TableNode; readonly index: number }[];
}

export interface Tree {
  /** Root first, in order of address. */
  readonly nodes: readonly TableNode[];
  /** Whether there are more than were read. */
  readonly cut: boolean;
}

const MOST_NODES = 600;
const MOST_ROOTS = 4;

interface Visit {
  readonly rank: number;
  readonly paddr: number;
  readonly iova: bigint;
  readonly items: number;
  readonly from: TableNode | null;
  readonly index: number;
}

function rootsOf({ table, setup }: Source): Omit<Visit, "rank">[] {
  const [, , level, items] = (table.dumpLines().next().value ?? "").split(" ").map(Number);
  const first = table.walk(0n)[0];
  if (first === undefined || first.level !== level || items === undefined) return [];
  const roots: Omit<Visit, "rank">[] = [];
  const span = BigInt(first.size) * BigInt(items);
  const count = setup.format.startsWith("appleDart") ? MOST_ROOTS : 1;
  for (let root = 0; root < count && BigInt(root) * span < 1n << BigInt(table.ias); root++) {
    const iova = BigInt(root) * span;
    const paddr = table.walk(iova)[0]?.entryPaddr;
    if (paddr !== undefined) roots.push({ paddr, iova, items, from: null, index: 0 });
  }
  return roots;
}

function readNode(source: Source, { rank, paddr, iova, items }: Visit, covers: number): TableNode {
  const { reader } = source;
  const level = reader.levels[rank]?.level ?? 0;
  const cells = new Map<number, Cell>();
  for (let index = 0; index < items; index++) {
    const entry = source.word(paddr + (index * reader.bits) / 8);
    if (entry === 0n) continue;
    const { kind, size, paddr: to } = reader.describe(entry, level);
    cells.set(index, { index, entry, kind, size, paddr: to });
  }
  return { level, paddr, iova, items, covers, cells, parents: [] };
}

/** All tables that cover something of a range. */
export function readTree(source: Source, start: bigint, size: bigint): Tree {
  const { levels } = source.reader;
  const top = source.table.walk(0n)[0]?.level;
  const rank = levels.findIndex(({ level }) => level === top);
  const queue: Visit[] = rootsOf(source).map((root) => ({ rank, ...root }));
  const known = new Map<string, TableNode>();
  let cut = false;
  for (let visit = queue.shift(); visit !== undefined; visit = queue.shift()) {
    const key = `${visit.rank}:${visit.paddr}`;
    const seen = known.get(key);
    if (seen !== undefined) {
      if (visit.from !== null) seen.parents.push({ from: visit.from, index: visit.index });
      continue;
    }
    if (known.size === MOST_NODES) {
      cut = true;
      continue;
    }
    const covers = levels[visit.rank]?.covers ?? 1;
    const node = readNode(source, visit, covers);
    if (visit.from !== null) node.parents.push({ from: visit.from, index: visit.index });
    known.set(key, node);
    for (const cell of node.cells.values()) {
      const iova = visit.iova + BigInt(cell.index) * BigInt(covers);
      if (cell.kind !== "table" || cell.paddr === null) continue;
      if (iova + BigInt(covers) <= start || iova >= start + size) continue;
      const below = visit.rank + 1;
      const items = covers / (levels[below]?.covers ?? covers);
      queue.push({ rank: below, paddr: Number(cell.paddr), iova, items, from: node, index: cell.index });
    }
  }
  return { nodes: [...known.values()], cut };
}
