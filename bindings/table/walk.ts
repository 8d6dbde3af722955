// The entries that translate one address.
import { checkAddress } from "./arguments.js";
import { childTable, decodeItem, innerVa, outerIova, readItem, rootCount, rootTable } from "./entries.js";
import type { TableState } from "./state.js";

/** One entry on the way to an address. */
export interface WalkStep {
  level: number;
  /** Physical address of the entry. */
  entryPaddr: number;
  entry: bigint;
  kind: "table" | "leaf" | "empty" | "invalid";
  /** The first address that this entry covers, and how many bytes. */
  iova: bigint;
  size: number;
  /** Of a leaf: the protection that it gives, as `mappings()` has it. */
  prot?: number;
}

export function walk(s: TableState, iova: unknown): WalkStep[] {
  const va = innerVa(s, checkAddress(s, "walk", iova));
  const steps: WalkStep[] = [];
  const first = rootTable(s, 0);
  const span = BigInt(first.items) << BigInt(s.shifts[first.level] ?? 0);
  const root = rootCount(s) > 1 ? Number(va / span) : 0;
  let table = rootTable(s, root);
  while (true) {
    const { level } = table;
    const within = level === s.top && root > 0 ? va % span : va;
    const index = Number((within >> BigInt(s.shifts[level] ?? 0)) & BigInt(indexMask(s, level)));
    if (index >= table.items) return steps;
    const offset = table.offset + index * 2 ** s.itemLg2;
    const raw = readItem(s, offset);
    const entry = decodeItem(s, raw, level, index, va);
    const size = 1n << BigInt(entry.sizeLg2);
    steps.push({
      level: s.spec.archLevel(level),
      entryPaddr: s.memory.paddrOf(offset),
      entry: raw,
      kind: entry.kind,
      iova: outerIova(s, va & ~(size - 1n)),
      size: Number(size),
      ...(entry.kind === "leaf" ? { prot: s.spec.decode(raw, level) } : {}),
    });
    if (entry.kind !== "table") return steps;
    table = childTable(s, entry, "walk");
  }
}

/** The root takes all bits above it. */
function indexMask(s: TableState, level: number): number {
  return level === s.top ? Number.MAX_SAFE_INTEGER : s.tableBytes(level) / 2 ** s.itemLg2 - 1;
}
