import { expect } from "vitest";
import { type FlushOps, type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "./flushJournal.js";

/** A table in a memory of its own; `finish` destroys it and checks that it gives back every page. */
export function tableOf(format: Format, flush?: FlushOps) {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format, flush: flush ?? journal.flush });
  const finish = (): void => {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { memory, journal, table, finish };
}

/** A table that shows in each flush what the given addresses translate to at that moment, read from its memory. */
export function watched(format: () => Format, addresses: readonly number[]) {
  const seen: (number | null)[][] = [];
  let reader: IoPageTable | undefined;
  const look = () => {
    const through = reader;
    if (through !== undefined) seen.push(addresses.map((iova) => through.iovaToPhys(iova)));
  };
  const made = tableOf(format(), { flushAll: look, flushWalk: look, flushRange: look });
  // Another realm over the same bytes may read while the first one's callbacks run.
  const view = TableMemory.attach(made.memory.share());
  reader = IoPageTable.open(view, { format: format(), root: made.table.walk(0)[0]?.entryPaddr ?? 0 });
  return { ...made, seen };
}
