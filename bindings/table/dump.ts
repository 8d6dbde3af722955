// The canonical text of a table: one line per table and per entry that is not empty.
import { childTable, type Entry, entriesOf, rootCount, rootTable, type TableAt } from "./entries.js";
import type { TableState } from "./state.js";

/** The lines of the dump, each with its newline. */
export function* dumpLines(s: TableState): Generator<string> {
  for (let root = 0; root < rootCount(s); root++) {
    const table = rootTable(s, root);
    yield `R ${root} ${s.spec.archLevel(table.level)} ${table.items}\n`;
    yield* dumpTable(s, table, 0n);
  }
}

function* dumpTable(s: TableState, table: TableAt, va: bigint): Generator<string> {
  for (const entry of entriesOf(s, table, va, 0, table.items - 1)) {
    yield line(s, entry);
    if (entry.kind === "table") yield* dumpTable(s, childTable(s, entry, "dump"), entry.va);
  }
}

function line(s: TableState, entry: Entry): string {
  const isTable = entry.kind === "table";
  const raw = isTable ? entry.raw & ~s.spec.tableAddressMask(entry.level) : entry.raw;
  const { level, index, va } = entry;
  return `${isTable ? "T" : "P"} ${s.spec.archLevel(level)} ${index} ${va.toString(16)} ${raw.toString(16)}\n`;
}
