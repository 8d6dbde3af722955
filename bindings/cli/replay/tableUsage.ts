import type { IoPageTable } from "../../index.js";
import type { Op, OperationLog } from "./operationLog.js";
import type { LeafCount, SizeCount, TableUsage } from "./report.js";

const GIB = 2 ** 30;

export function leafCounts(leaves: ReadonlyMap<number, number>): LeafCount[] {
  return [...leaves]
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => a - b)
    .map(([pageSize, count]) => ({ pageSize, leaves: count }));
}

/** What all tables of a replay hold together. */
export function tableUsage(tables: readonly IoPageTable[], line: number): TableUsage {
  const leaves = new Map<number, number>();
  let [mappedBytes, tablePages, tableBytes] = [0, 0, 0];
  for (const table of tables) {
    const stats = table.stats();
    mappedBytes += stats.mappedBytes;
    tablePages += stats.tablePages;
    tableBytes += stats.tableBytes;
    for (const [size, count] of stats.leaves) leaves.set(size, (leaves.get(size) ?? 0) + count);
  }
  const tableBytesPerGiB = mappedBytes > 0 ? tableBytes / (mappedBytes / GIB) : null;
  return { line, mappedBytes, leaves: leafCounts(leaves), tablePages, tableBytes, tableBytesPerGiB };
}

/** How many calls asked for how much, by powers of two. */
export function sizeCounts(log: OperationLog, of: typeof Op.MAP | typeof Op.UNMAP): SizeCount[] {
  const { kind, pageSize, count } = log.columns;
  const calls = new Map<number, number>();
  for (let index = 0; index < log.length; index++) {
    if (kind[index] !== of) continue;
    const size = (pageSize[index] ?? 0) * (count[index] ?? 0);
    const upTo = size > 0 ? 2 ** Math.ceil(Math.log2(size)) : 0;
    calls.set(upTo, (calls.get(upTo) ?? 0) + 1);
  }
  return [...calls].sort(([a], [b]) => a - b).map(([upTo, number]) => ({ upTo, calls: number }));
}
