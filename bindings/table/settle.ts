// The last phases of every operation: write back for the device, flush, free. What the core recorded is moved to the backlog first and leaves it step by
// step, so that a callback that throws finds the table as after, its pages unfreed, and the rest is done by the next operation that flushes.
import { Mail } from "../memoryState.js";
import type { TableGather } from "./gather.js";
import { DIRTY, FLUSH_RANGE, type Flush, LINKED, NO_PAGE, PageList, SYNC } from "./pages.js";
import { Blocked, type TableState } from "./state.js";

/** Move the core's events to `flushes` and the backlog's syncs. Equal neighbours join (`merge`), as one call per run. */
export function drainEvents(s: TableState, flushes: Flush[], merge: boolean): void {
  const { mail } = s.memory;
  const count = mail[Mail.EVENTS] ?? 0;
  for (let i = 0; i < count; i++) {
    const at = s.eventsAt + i * 4;
    const kind = mail[at] ?? 0;
    const address = mail[at + 1] ?? 0;
    const size = mail[at + 2] ?? 0;
    if (kind === SYNC) addSync(s, address, size);
    else if (kind === LINKED) s.backlog.linked.push({ offset: address, low: size, high: mail[at + 3] ?? 0 });
    else if (kind !== DIRTY) addFlush(flushes, { kind, iova: address, size, granule: mail[at + 3] ?? 0 }, merge);
  }
  mail[Mail.EVENTS] = 0;
}

function addSync(s: TableState, paddr: number, bytes: number): void {
  if (s.spec.syncForDevice === undefined) return;
  const last = s.backlog.syncs.at(-1);
  if (last !== undefined && last.paddr + last.bytes === paddr) last.bytes += bytes;
  else s.backlog.syncs.push({ paddr, bytes });
}

export function addFlush(flushes: Flush[], flush: Flush, merge: boolean): void {
  const last = flushes.at(-1);
  const joins =
    merge &&
    last !== undefined &&
    last.kind === flush.kind &&
    last.granule === flush.granule &&
    last.iova + last.size === flush.iova;
  if (joins) last.size += flush.size;
  else flushes.push(flush);
}

/** Move the pages that the core unlinked to a list. */
export function drainPages(s: TableState, to: PageList): void {
  const { mail } = s.memory;
  to.append(mail[Mail.UNLINKED_HEAD] ?? NO_PAGE, mail[Mail.UNLINKED_TAIL] ?? NO_PAGE, mail[Mail.UNLINKED_COUNT] ?? 0);
  mail[Mail.UNLINKED_COUNT] = 0;
}

/** End an operation: its flushes and unlinked pages go to the gather, or are issued and freed now. */
export function settle(
  s: TableState,
  flushes: Flush[],
  gather?: TableGather,
  unlinked: PageList = unlinkedPages(s),
): void {
  if (gather === undefined) {
    s.backlog.flushes.push(...flushes);
    unlinked.moveTo(s.backlog.pages);
    settleBacklog(s);
    return;
  }
  try {
    settleBacklog(s);
  } finally {
    gather.add(flushes, unlinked);
  }
}

/** The pages that the core's last call unlinked. */
function unlinkedPages(s: TableState): PageList {
  const pages = new PageList(s.core);
  drainPages(s, pages);
  return pages;
}

/** Do what is owed, in order; stops where a callback throws. */
export function settleBacklog(s: TableState): void {
  const { backlog } = s;
  if (backlog.isEmpty) return;
  s.direct = false;
  issueSyncs(s);
  issueFlushes(s, backlog.flushes);
  freePages(s, backlog.pages);
  s.settleDirect();
}

/** Write back what the device is to see; each run leaves the backlog once the callback has returned. */
export function issueSyncs(s: TableState): void {
  const { syncs } = s.backlog;
  // When a sync throws, the items stay unmarked: whoever relies on them writes them back once more.
  const linked = s.backlog.linked.splice(0);
  for (let sync = syncs[0]; sync !== undefined; sync = syncs[0]) {
    const { paddr, bytes } = sync;
    s.call(() => s.spec.syncForDevice?.(paddr, bytes));
    s.watcher?.written(paddr, bytes);
    syncs.shift();
  }
  for (const { offset, low, high } of linked) s.core.setWritten(s.handle, offset, low, high);
}

/** Issue flushes from the front of the list; each leaves it once it has returned. */
function issueFlushes(s: TableState, flushes: Flush[]): void {
  let done = 0;
  try {
    for (const flush of flushes) {
      issueFlush(s, flush);
      done++;
    }
  } finally {
    flushes.splice(0, done);
  }
}

/** A run of leaves is gone, and nothing else is to be done: its flush without detours. Adding 0 makes -0 the 0 that it means. Returns the size. */
export function flushRun(s: TableState, iova: number, size: number, granule: number): number {
  s.blocked = Blocked.CALLBACK;
  s.memory.callbacks++;
  let returned = false;
  try {
    s.flush.flushRange(iova + 0, size, granule);
    returned = true;
  } finally {
    s.memory.callbacks--;
    s.blocked = 0;
    if (!returned) s.owe({ kind: FLUSH_RANGE, iova: iova + 0, size, granule });
  }
  return size;
}

export function issueFlush(s: TableState, flush: Flush): void {
  s.call(() => {
    if (flush.kind === FLUSH_RANGE) s.flush.flushRange(flush.iova, flush.size, flush.granule);
    else s.flush.flushWalk(flush.iova, flush.size, flush.granule);
  });
}

/** The flush that covers these pages has returned: they are free, or with an owner who flushes wait for his word. */
export function freePages(s: TableState, pages: PageList): void {
  if (s.byOwner) s.quarantine.add(pages);
  else releasePages(s, pages);
}

/** Give pages back to where they came from. */
export function releasePages(s: TableState, pages: PageList): void {
  const { allocator, core } = s;
  const first = pages.take();
  if (first === NO_PAGE) return;
  if (allocator === undefined) {
    core.freePages(s.spec.core, first);
    return;
  }
  let failure: { error: unknown } | undefined;
  let count = 0;
  for (let page = first; page !== NO_PAGE; count++) {
    const next = core.nextPage(page) >>> 0;
    const level = core.pageLevel(page);
    const offset = page;
    const bytes = s.allocationBytes(level);
    core.forgetPage(page, bytes);
    // The first root of a table that grew goes as a page.
    s.memory.callerRoots.delete(page);
    try {
      s.call(() => allocator.free(offset, bytes, s.spec.archLevel(level)));
    } catch (error) {
      failure ??= { error };
    }
    page = next;
  }
  core.countPages(-count);
  if (failure !== undefined) throw failure.error;
}
