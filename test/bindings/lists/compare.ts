// A list in each kind of argument against `map` over each of its runs of neighbours.
import { expect } from "vitest";
import { type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "../support/flushJournal.js";
import { callsFor, type ListCase, mapRuns } from "./listCase.js";

const MIB = 2 ** 20;

/** What is done to a table before the list is mapped. */
export type Prepare = (table: IoPageTable) => void;

/** What a table of its own looks like after `prepare` and `call`. */
function outcome(format: Format, memory: TableMemory, prepare: Prepare, call: Prepare) {
  const before = memory.stats().tablePagesInUse;
  const table = new IoPageTable(memory, { format, flush: flushJournal().flush });
  prepare(table);
  call(table);
  const { tablePages, leaves } = table.stats();
  const result = { dump: table.dump(), tablePages, leaves, inUse: memory.stats().tablePagesInUse };
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(before);
  return result;
}

export function checkLikeRuns(format: () => Format, list: ListCase, prepare: Prepare = () => undefined): void {
  const memory = TableMemory.create({ bytes: 64 * MIB });
  const expected = outcome(format(), memory, prepare, (table) => mapRuns(table, list));
  for (const [says, call] of callsFor(memory, list)) {
    expect(outcome(format(), memory, prepare, call), says).toEqual(expected);
  }
}
