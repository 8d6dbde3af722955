// The end of a change: the table first, then the books; or neither.
import { IoPgtableError } from "../errors.js";
import type { IoPageTable } from "../ioPageTable.js";
import type { Gather } from "../table/gather.js";
import type { Books } from "./books.js";
import { prepareOps, runOp, type TableOp } from "./entries.js";
import type { Block } from "./splits.js";

/** A change that is worked out: what becomes of the table, and of the books after it. */
export interface Change {
  readonly ops: readonly TableOp[];
  /** Blocks that can be one leaf again. */
  readonly joins: readonly Block[];
  publish(): void;
  undo(): void;
}

/** @throws whatever the table throws: as before where the table is as before; as after where a flush threw */
export function applyChange(books: Books, change: Change): void {
  let failure: { readonly error: unknown } | undefined;
  try {
    failure = changeTable(books.table, change.ops);
  } catch (error) {
    change.undo();
    throw error;
  }
  change.publish();
  if (failure !== undefined) throw failure.error;
  joinBlocks(books, change.joins);
}

/** Returns what a flush threw after the change. */
function changeTable(table: IoPageTable, ops: readonly TableOp[]): { readonly error: unknown } | undefined {
  const [first] = ops;
  if (first === undefined) return undefined;
  if (ops.length === 1 && first.op !== "replace" && first.op !== "protect") return runAlone(table, first);
  const update = prepareOps(table, ops);
  try {
    update.commit();
    return undefined;
  } catch (error) {
    return { error };
  }
}

/** One operation that is all or nothing by itself. @throws what it throws when it has not happened */
export function runAlone(table: IoPageTable, op: TableOp): { readonly error: unknown } | undefined {
  try {
    runOp(table, op);
    return undefined;
  } catch (error) {
    if (!hasHappened(table, op, error)) throw error;
    return { error };
  }
}

/** Whether a call that threw has changed the table: then it was a flush that threw. A removal begins where something was mapped. */
export function hasHappened(table: IoPageTable, op: TableOp, error: unknown): boolean {
  if (error instanceof IoPgtableError && (error.code === "EEXIST" || error.code === "EINVAL")) return false;
  const mapped = table.iovaToPhys(op.iova) !== null;
  return op.op === "unmap" ? !mapped : mapped;
}

/** Turn blocks that were cut into one leaf again, but for those that a prepared update counts on. */
export function joinBlocks(books: Books, blocks: readonly Block[], gather?: Gather): void {
  for (const { start, size } of blocks) {
    const end = start + size;
    if (books.isHeld(start, end)) {
      books.splits.note([{ start, size }]);
      continue;
    }
    books.splits.forget(start, end);
    books.table.coalesce(start, size, gather);
  }
}
