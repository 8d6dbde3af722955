import { expect } from "vitest";
import { type Format, IoPageTable, TableMemory, type TableOptions } from "../../../bindings/index.js";
import { type FlushJournal, flushJournal } from "./flushJournal.js";

export const MIB = 2 ** 20;
export const GIB = 2 ** 30;

export interface Fixture<R> {
  table: IoPageTable<R>;
  memory: TableMemory;
  journal: FlushJournal;
}

/** Runs `body` on a fresh table in a memory of its own, and checks that destroying it gives back every table page. */
export function useTable<R>(
  format: Format<R>,
  body: (fixture: Fixture<R>) => void,
  options: Partial<TableOptions<R>> & { memory?: TableMemory } = {},
): void {
  const { memory = TableMemory.create({ bytes: 32 * MIB }), ...tableOptions } = options;
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format, flush: journal.flush, ...tableOptions });
  body({ table, memory, journal });
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
}
