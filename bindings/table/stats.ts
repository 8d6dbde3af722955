// Counting what a table is made of. Each table page is looked at once per level, however many entries point to it.
import { childOffset, Kind, rootCount, rootTable, type TableAt } from "./entries.js";
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
  const { level } = table;
  const { words } = s.memory;
  const shift = s.shifts[level] ?? 0;
  const wide = s.itemLg2 === 3;
  for (let index = 0; index < table.items; index++) {
    const at = (table.offset + index * 2 ** s.itemLg2) >>> 2;
    const low = words[at] ?? 0;
    const high = wide ? (words[at + 1] ?? 0) : 0;
    if ((low | high) === 0) continue;
    const kind = s.core.decode(s.spec.core, low, high, level);
    if (kind === Kind.LEAF) {
      const sizeLg2 = s.core.decodedSizeLg2();
      leaves.set(sizeLg2, (leaves.get(sizeLg2) ?? 0) + 2 ** (shift - sizeLg2));
    } else if (kind === Kind.TABLE) {
      const offset = childOffset(s, level, s.core.decodedPaddr(), "stats", 0, 0);
      add(leaves, censusOfChild(s, offset, level - 1, count));
    }
  }
  return leaves;
}

function censusOfChild(s: TableState, offset: number, level: number, count: Count): Census {
  const bytes = s.tableBytes(level);
  const references = count.references.get(offset) ?? 0;
  count.references.set(offset, references + 1);
  if (references === 0) count.bytes += bytes;
  return census(s, { offset, level, items: bytes >> s.itemLg2 }, count);
}

function add(to: Map<number, number>, from: Census): void {
  for (const [sizeLg2, number] of from) to.set(sizeLg2, (to.get(sizeLg2) ?? 0) + number);
}
