// Counting what a table is made of. Each table page is looked at once per level, however many entries point to it.
import { childTable, entriesOf, rootCount, rootTable, type TableAt } from "./entries.js";
import type { TableState } from "./state.js";

/** `tablePages` counts table objects (a root of any size is one), shared ones once; `leaves`: number of leaves by size. */
export interface TableStats {
  tablePages: number;
  tableBytes: number;
  sharedTablePages: number;
  leaves: Map<number, number>;
  mappedBytes: number;
}

/** Leaf items below a table, by the log2 of the leaf's size. */
type Census = ReadonlyMap<number, number>;

interface Count {
  readonly seen: Map<string, Census>;
  readonly references: Map<number, number>;
  bytes: number;
}

export function tableStats(s: TableState): TableStats {
  const count: Count = { seen: new Map(), references: new Map(), bytes: 0 };
  const items = new Map<number, number>();
  for (let root = 0; root < rootCount(s); root++) {
    add(items, census(s, rootTable(s, root), count));
    count.bytes += s.rootBytes(s.top);
  }
  const leaves = new Map<number, number>();
  let mappedBytes = 0;
  for (const [sizeLg2, number] of [...items].sort(([a], [b]) => a - b)) {
    leaves.set(2 ** sizeLg2, number);
    mappedBytes += number * 2 ** sizeLg2;
  }
  const shared = [...count.references.values()].filter((n) => n > 1).length;
  return {
    tablePages: count.references.size + rootCount(s),
    tableBytes: count.bytes,
    sharedTablePages: shared,
    leaves,
    mappedBytes,
  };
}

/** The leaves below a table; a contiguous leaf counts by the share of its items. */
function census(s: TableState, table: TableAt, count: Count): Census {
  const key = `${table.level}/${table.offset}`;
  const known = count.seen.get(key);
  if (known !== undefined) return known;
  const leaves = new Map<number, number>();
  count.seen.set(key, leaves);
  for (const entry of entriesOf(s, table, 0n, 0, table.items - 1)) {
    if (entry.kind === "leaf") {
      const share = 2 ** ((s.shifts[table.level] ?? 0) - entry.sizeLg2);
      leaves.set(entry.sizeLg2, (leaves.get(entry.sizeLg2) ?? 0) + share);
    } else if (entry.kind === "table") {
      const child = childTable(s, entry, "stats");
      const references = count.references.get(child.offset) ?? 0;
      count.references.set(child.offset, references + 1);
      if (references === 0) count.bytes += s.tableBytes(child.level);
      add(leaves, census(s, child, count));
    }
  }
  return leaves;
}

function add(to: Map<number, number>, from: Census): void {
  for (const [sizeLg2, number] of from) to.set(sizeLg2, (to.get(sizeLg2) ?? 0) + number);
}
