// The end of a change: the table first, then the books; or neither.

import type { Gather } from "../table/gather.js";
import type { Books } from "./books.js";
import type { EntryChange } from "./changes.js";
import { type Afterthought, changeTable } from "./entries.js";
import type { Block } from "./splits.js";

/** A change that is worked out: what becomes of the table, and of the books after it. */
export interface Change {
  readonly ops: readonly EntryChange[];
  /** Blocks that can be one leaf again. */
  readonly joins: readonly Block[];
  publish(): void;
  undo(): void;
}

/** @throws whatever the table throws: as before where the table is as before; as after where a flush threw */
export function applyChange(books: Books, change: Change): void {
  let late: Afterthought | undefined;
  try {
    late = changeTable(books.table, change.ops);
  } catch (error) {
    change.undo();
    throw error;
  }
  change.publish();
  endChange(books, change.joins, late);
}

/** What is left when table and books agree again. */
export function endChange(
  books: Books,
  joins: readonly Block[],
  late: Afterthought | undefined,
  gather?: Gather,
): void {
  if (late === undefined) joinBlocks(books, joins, gather);
  else {
    books.splits.note(joins);
    throw late.error;
  }
}

/** Turn blocks that were cut into one leaf again, but for those that a prepared update counts on: they wait for a later change. */
function joinBlocks(books: Books, blocks: readonly Block[], gather?: Gather): void {
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
