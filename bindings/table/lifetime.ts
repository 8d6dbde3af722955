// The end of a table, and pages that wait for the owner's flush.
import { IoPgtableError } from "../errors.js";
import { Mail } from "../memoryState.js";
import { checkInteger } from "../numbers.js";
import { poolLg2 } from "./build.js";
import { forgetRoot } from "./callerRoots.js";
import type { TableGather } from "./gather.js";
import { type Flush, PageList } from "./pages.js";
import { drainEvents, drainPages, releasePages, settle } from "./settle.js";
import { Blocked, type TableState } from "./state.js";

/** Free table pages that are empty. Returns how many. */
export function trimTable(s: TableState, gather: TableGather | undefined): number {
  const items = s.coreRootItems;
  const flushes: Flush[] = [];
  let status = s.core.trim(s.handle, 0, items, 0);
  drainEvents(s, flushes, true);
  while (status !== 0) {
    status = s.core.trim(s.handle, 0, items, 1);
    drainEvents(s, flushes, true);
  }
  const count = s.memory.mail[Mail.UNLINKED_COUNT] ?? 0;
  settle(s, flushes, gather);
  return count;
}

/** Flush all, free every table page. With an owner who flushes, they wait for his word. */
export function destroyTable(s: TableState): void {
  if (s.blocked & Blocked.DESTROYED && s.backlog.isEmpty) {
    throw new IoPgtableError("EINVAL", "destroy", "the table was destroyed already");
  }
  if (s.blocked & Blocked.CALLBACK) {
    throw new IoPgtableError(
      "EBUSY",
      "destroy",
      "called from one of the table's own callbacks; call it after the operation",
    );
  }
  if (!s.holds.isEmpty) {
    throw new IoPgtableError("EBUSY", "destroy", "an update is prepared; commit or abort it first");
  }
  if (!(s.blocked & Blocked.DESTROYED)) unlinkAll(s);
  // One flush covers all that was owed.
  s.call(() => s.flush.flushAll());
  s.backlog.flushes.length = 0;
  s.backlog.syncs.length = 0;
  if (!s.byOwner) {
    releaseAll(s);
    return;
  }
  s.quarantine.add(s.backlog.pages);
  s.quarantine.addRoot();
}

/** Everything but the flush: no call is welcome any more. */
function unlinkAll(s: TableState): void {
  for (const gather of [...s.gathers]) {
    gather.movePagesTo(s.backlog.pages);
    gather.forget();
  }
  if (s.handle !== 0 && !(s.blocked & Blocked.FOREIGN_PAGES)) {
    s.core.trim(s.handle, 1, s.coreRootItems, 0);
    drainPages(s, s.backlog.pages);
  }
  s.blocked |= Blocked.DESTROYED;
  s.direct = false;
}

function releaseAll(s: TableState): void {
  try {
    releasePages(s, s.backlog.pages);
  } finally {
    releaseRoot(s);
  }
}

function releaseRoot(s: TableState): void {
  if (s.handle === 0 || s.rootReleased) return;
  s.rootReleased = true;
  const { root, top, allocator, core } = s;
  const bytes = s.rootBytes(top);
  core.freeTable(s.handle);
  // Several roots hang in the table above them and have gone with all others.
  if (s.spec.roots > 1) return;
  core.countPages(-1);
  if (allocator === undefined) core.givePage(root, poolLg2(bytes));
  else {
    forgetRoot(s.memory, root, bytes);
    s.call(() => allocator.free(root, bytes, s.spec.archLevel(top)));
  }
}

/** Names what is unlinked so far. */
export function flushMark(s: TableState): number {
  s.checkReadable("flushMark");
  checkOwner(s, "flushMark");
  s.quarantine.mark += 1;
  return s.quarantine.mark;
}

/** The owner has flushed: what was unlinked before the mark is free; the root of a destroyed table with the last of it. */
export function acknowledgeFlush(s: TableState, mark: unknown): void {
  if (s.blocked & Blocked.CALLBACK) {
    throw new IoPgtableError("EBUSY", "acknowledgeFlush", "called from one of the table's own callbacks");
  }
  checkOwner(s, "acknowledgeFlush");
  if (mark !== undefined) checkInteger(mark, "mark", "acknowledgeFlush", s.quarantine.mark);
  s.watcher?.acknowledged(mark as number | undefined);
  const freed = new PageList(s.core);
  s.quarantine.release(mark as number | undefined, freed);
  try {
    releasePages(s, freed);
  } finally {
    const destroyed = (s.blocked & Blocked.DESTROYED) !== 0;
    if (destroyed && (mark === undefined || s.quarantine.rootBefore(mark as number))) releaseRoot(s);
  }
}

function checkOwner(s: TableState, operation: string): void {
  if (!s.byOwner) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      "the table has flush operations of its own; only flushedByOwner needs this",
    );
  }
}
