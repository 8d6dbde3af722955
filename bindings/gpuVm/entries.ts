// The table's side of a change: all of its operations or none.

import { IoPgtableError } from "../errors.js";
import { type IoPageTable, stateOf } from "../ioPageTable.js";
import type { Gather } from "../table/gather.js";
import type { PreparedUpdate } from "../table/prepare/update.js";
import type { EntryChange } from "./changes.js";

/** What a flush threw when all was done. */
export interface Afterthought {
  readonly error: unknown;
}

/** @throws what the table throws, with nothing changed */
export function changeTable(table: IoPageTable, ops: readonly EntryChange[]): Afterthought | undefined {
  const [first] = ops;
  if (first === undefined) return undefined;
  if (ops.length === 1 && first.op !== "replace" && first.op !== "protect") return changeByOne(table, first);
  const update = table.prepare(ops);
  try {
    return commitUpdate(table, update, ops);
  } catch (error) {
    update.abort();
    throw error;
  }
}

/** @throws what happens before anything is changed; the update is then as prepared as before */
export function commitUpdate(
  table: IoPageTable,
  update: PreparedUpdate,
  ops: readonly EntryChange[],
  gather?: Gather,
): Afterthought | undefined {
  try {
    update.commit(gather);
    return undefined;
  } catch (error) {
    if (isHeld(table, ops)) throw error;
    return { error };
  }
}

/** What the table does in one call is all or nothing by itself. @throws what the call throws, with nothing changed */
export function changeByOne(table: IoPageTable, op: EntryChange): Afterthought | undefined {
  try {
    call(table, op);
    return undefined;
  } catch (error) {
    if (!hasHappened(table, op, error)) throw error;
    return { error };
  }
}

function call(table: IoPageTable, op: EntryChange): void {
  if (op.op === "map") table.map(op.iova, op.paddr, op.size, op.prot);
  else if (op.op === "mapSegments") table.mapSegments(op.iova, op.segments, op.prot, op.part);
  else if (op.op === "unmap") table.unmap(op.iova, op.size);
  else if (op.op === "mapRepeat") table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
  else throw new IoPgtableError("EINVAL", op.op, "it is no call that can be told from its result");
}

/** Whether a call that threw has changed the table: then it was a flush that threw. A removal begins where something was mapped. */
function hasHappened(table: IoPageTable, op: EntryChange, error: unknown): boolean {
  if (error instanceof IoPgtableError && (error.code === "EEXIST" || error.code === "EINVAL")) return false;
  const mapped = table.iovaToPhys(op.iova) !== null;
  return op.op === "unmap" ? !mapped : mapped;
}

/** A committed update holds nothing. */
function isHeld(table: IoPageTable, [first]: readonly EntryChange[]): boolean {
  if (first === undefined) return false;
  const at = Number(first.iova);
  return stateOf(table).holds.touching(at, at + 1) !== undefined;
}
