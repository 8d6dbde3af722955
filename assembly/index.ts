// The exports. Addresses and sizes cross as f64, statuses as i32; every number is checked here before anything else sees it.

import { Address } from "./core/address";
import { AnyFormat, setFormat } from "./core/anyFormat";
import { ReadDirtyOperation } from "./core/dirty";
import { CoalesceOperation, EditOperation } from "./core/editOperations";
import { UNLINKED_ZERO } from "./core/events";
import { Grow } from "./core/grow";
import { Item } from "./core/item";
import { Lists } from "./core/listOperations";
import { MapOperation, MapPagesOperation, PlanMapOperation, UndoMapOperation } from "./core/mapOperations";
import { Op, Operation } from "./core/operation";
import { Pages, StockOperation, UnstockOperation } from "./core/pages";
import { AccessOperation, DecodeOperation, Fault, GeometryOperation, LookupOperation } from "./core/readOperations";
import { FirstLeafOperation, LinkSharedOperation, PlanPathOperation } from "./core/repeat";
import { SetRootOperation } from "./core/roots";
import { ShortRun } from "./core/shortRun";
import { PreparePageOperation, SetProtOperation, SinglePage } from "./core/singlePage";
import { Attributes, Status, Table } from "./core/table";
import { TranslateOperation } from "./core/translate";
import { TrimOperation, UnmapOperation, UnmapPagesOperation, UnmapRangeOperation } from "./core/unmapOperations";
import { Format } from "./format/format";
import { withFormat } from "./formats";
import { Pool } from "./memory/pool";
import { Own } from "./memory/realm";
import { NO_PAGE, Record } from "./memory/record";
import { Shared } from "./memory/superblock";

export { editWaits } from "./core/editOperations";
export { bookBytes, forgetPage, isFree, putBack, reservePage, setAside, unreservePage } from "./core/pages";
export { planBegin, plannedPages, plannedTotal, planRoot } from "./core/plan";
export { decodedPaddr, decodedSizeLg2 } from "./core/readOperations";
export {
  createTable,
  freeTable,
  selectorOf,
  setTable,
  setTableAttributes,
  setTableBreaks,
  setTableDirty,
  setTableFlags,
  setTableHeld,
  setTableReach,
  setTableShared,
  setTableSpace,
  setTableWrittenBit,
} from "./core/table";
export { countPages, givePage, pagesInUse, pagesPeak, pagesPooled, takeBytes, takePage } from "./memory/pool";
export { attachRealm, createSuperblock, eventsOffset, listOffset, realmBytes } from "./memory/realm";
export { setWindow } from "./memory/window";

/** Run an operation on a table, as compiled for its format. */
function on<O extends Operation>(t: Table, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
  Op.use(t.addressMask);
  return withFormat<O>(t.format, t, a, b, c, d, e);
}

/** Run an operation that is compiled once for all formats. */
function onAny<O extends Operation>(t: Table, format: u32, a: u64, b: u64, c: u64, d: u64, e: u32): i64 {
  setFormat(format);
  if (changetype<usize>(t) != 0) Op.use(t.addressMask);
  return changetype<O>(0).run<AnyFormat>(t, a, b, c, d, e);
}

/** What the bindings' numbers must be; anything else is refused before it is looked at. */
class Check {
  /** Multiples of the smallest page. */
  @inline static aligned(t: Table, numbers: u64): bool {
    return (numbers & (((<u64>1) << t.pageLg2) - 1)) == 0;
  }
  /** Inside the output space. */
  @inline static output(t: Table, oa: u64, bytes: u64): bool {
    return oa <= t.oaLast && bytes - 1 <= t.oaLast - oa;
  }
  /** No address of the run has the encryption bit. */
  @inline static plain(t: Table, oa: u64, bytes: u64): bool {
    const bit = ~t.addressMask;
    return ((oa | (oa + (bytes - 1))) & bit) == 0 && bytes - 1 <= bit - 1;
  }
  /** The bytes of `count` smallest pages from iova on; 0 where they are not plainly in order, or the way for short runs is closed. */
  static pages(t: Table, iova: f64, count: u32): u64 {
    const at = Address.bits(iova) - t.spaceFirst;
    const bytes = (<u64>count) << t.pageLg2;
    const isInside = Address.isSmall(iova) && at <= t.spaceSpan && bytes - 1 <= t.spaceSpan - at;
    return isInside && Check.aligned(t, at) && t.runBytes != 0 && t.repeats == 0 ? bytes : 0;
  }
}

/** map (flag 1: all or nothing) and map_range; flag 2: the rest of a call that returned MORE. The output's end and an encryption bit in it are checked with flag 1 only, as Linux. */
export function map(handle: u32, iova: f64, paddr: f64, size: f64, low: u32, high: u32, flags: u32): i32 {
  const attrs = <u64>low | ((<u64>high) << 32);
  return mapExtent(changetype<Table>(<usize>handle), iova, paddr, size, attrs, flags, NO_PROT);
}

/** The protection of attributes that may be of any. */
const NO_PROT: u32 = <u32>-1;

function mapExtent(t: Table, iova: f64, paddr: f64, size: f64, attrs: u64, flags: u32, prot: u32): i32 {
  if (!(Address.exact(iova) && Address.exact(paddr) && Address.exact(size))) return Status.EINVAL;
  const from = Address.of(iova);
  const oa = Address.of(paddr);
  const bytes = Address.of(size);
  if (bytes == 0 || !Check.aligned(t, from | oa | bytes)) return Status.EINVAL;
  if (!Address.inside(t, from, bytes) || !Check.output(t, oa, flags & 1 ? bytes : 1)) return Status.ERANGE;
  if ((flags & 1) != 0 && !Check.plain(t, oa, bytes)) return Status.ERANGE;
  if (prot != NO_PROT && bytes <= t.runBytes && ShortRun.map(t, from & t.mask, oa, bytes, prot)) {
    return Status.OK;
  }
  return <i32>onAny<MapOperation>(t, t.format, from & t.mask, oa, bytes, attrs, flags);
}

/** `map`, all or nothing, with a protection below 64; what is wrong with a protection, the bindings say. */
export function mapPlain(handle: u32, iova: f64, paddr: f64, size: f64, prot: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const attrs = Attributes.of(t, prot);
  if (attrs == 0) return Status.EINVAL;
  if (size == t.pageBytes && Address.isSmall(iova) && Address.isSmall(paddr)) {
    const from = Address.bits(iova);
    const oa = Address.bits(paddr);
    const low = ((<u64>1) << t.pageLg2) - 1;
    // Both are page-aligned, so that a page whose first byte is inside a space is inside.
    const inside = ((from | oa) & low) == 0 && from - t.spaceFirst <= t.spaceSpan;
    if (inside && SinglePage.map(t, from & t.mask, oa, prot)) return Status.OK;
  }
  return mapExtent(t, iova, paddr, size, attrs, 1, prot);
}

/** map_pages for smallest pages with a protection below 64. Returns the bytes; 0: there is nothing to read, and the longer way finds out why. */
export function mapPagesPlain(handle: u32, iova: f64, paddr: f64, count: u32, prot: u32): f64 {
  const t = changetype<Table>(<usize>handle);
  const attrs = Attributes.of(t, prot);
  const bytes = Check.pages(t, iova, count);
  const oa = Address.bits(paddr);
  if (attrs == 0 || bytes == 0 || !Address.isSmall(paddr) || oa > t.oaLast || !Check.aligned(t, oa)) return 0;
  const va = Address.bits(iova) & t.mask;
  if (ShortRun.map(t, va, oa, bytes, prot)) return <f64>bytes;
  const last = va + (bytes - 1);
  const status = onAny<MapPagesOperation>(t, t.format, va, oa, last, attrs, t.pageLg2 << 8);
  return status == Status.OK ? Own.realm.done : 0;
}

/** map_pages over [iova, iova+size), which the bindings have cut to the input space. */
export function mapPages(
  handle: u32,
  iova: f64,
  paddr: f64,
  size: f64,
  sizeLg2: u32,
  low: u32,
  high: u32,
  flags: u32,
): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  const attrs = <u64>low | ((<u64>high) << 32);
  const last = va + (Address.of(size) - 1);
  return <i32>onAny<MapPagesOperation>(t, t.format, va, Address.of(paddr), last, attrs, flags | (sizeLg2 << 8));
}

/** Count the table pages that a map needs. `sizeLg2` 0: any leaf size. */
export function planMap(handle: u32, iova: f64, paddr: f64, size: f64, sizeLg2: u32): void {
  const t = changetype<Table>(<usize>handle);
  const sizes = sizeLg2 == 0 ? t.sizes : (<u64>1) << sizeLg2;
  const va = Address.of(iova) & t.mask;
  onAny<PlanMapOperation>(t, t.format, va, Address.of(paddr), Address.of(size), sizes, sizeLg2);
}
export function planPath(handle: u32, iova: f64, level: u32): void {
  const t = changetype<Table>(<usize>handle);
  onAny<PlanPathOperation>(t, t.format, Address.of(iova) & t.mask, 0, 0, 0, level);
}

/** The `count` tables at `level` from iova on are those that stand `distance` bytes before them. */
export function linkShared(handle: u32, iova: f64, distance: f64, count: u32, level: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<LinkSharedOperation>(t, t.format, va, Address.of(distance), count, 0, level);
}
/** 1 when tables may hang below several entries. */
export function tableRepeats(handle: u32): u32 {
  return changetype<Table>(<usize>handle).repeats;
}
/** Whether [iova, iova+size) maps something (EEXIST), or has tables to itself (MORE). */
export function firstLeaf(handle: u32, iova: f64, size: f64): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<FirstLeafOperation>(t, t.format, va, va + (Address.of(size) - 1), 0, 0, 0);
}

/** A list, or a part of one, of `count` entries at `at`, to iova on, which the bindings have checked; `how`: see ListFlag. */
export function mapList(handle: u32, iova: f64, at: u32, count: u32, low: u32, high: u32, how: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  return Lists.part(t, Address.of(iova) & t.mask, at, count, <u64>low | ((<u64>high) << 32), how);
}

/** unmap; flags: see UnmapFlag. Returns SPLIT where leaves stick out: then `carve`, then again with the flag for the rest. */
export function unmap(handle: u32, iova: f64, size: f64, flags: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  if (size == t.pageBytes && flags == 0 && Address.isSmall(iova)) {
    const page = Address.bits(iova);
    const inside = (page & (((<u64>1) << t.pageLg2) - 1)) == 0 && page - t.spaceFirst <= t.spaceSpan;
    if (inside && SinglePage.unmap(t, page & t.mask)) return Status.FLUSH;
  }
  if (!(Address.exact(iova) && Address.exactSize(size))) return Status.EINVAL;
  const from = Address.of(iova);
  const bytes = Address.of(size);
  if (size == 0 || !Check.aligned(t, from | bytes)) return Status.EINVAL;
  if (!Address.inside(t, from, bytes)) return Status.ERANGE;
  const va = from & t.mask;
  if (flags == 0 && t.runBytes != 0 && ShortRun.unmap(t, va, bytes, false)) return Status.FLUSH;
  return <i32>onAny<UnmapOperation>(t, t.format, va, va + (bytes - 1), 0, 0, flags);
}

/** A step of an edit: see EditStep and EditKind. */
export function edit(handle: u32, iova: f64, size: f64, paddr: f64, low: u32, high: u32, kind: u32, step: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  const attrs = <u64>low | ((<u64>high) << 32);
  const last = va + (Address.of(size) - 1);
  return <i32>onAny<EditOperation>(t, t.format, va, last, Address.of(paddr), attrs, kind | (step << 8));
}

/** Larger leaves in [iova, iova+size); resume = 1: the rest of a call that answered MORE. */
export function coalesce(handle: u32, iova: f64, size: f64, resume: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<CoalesceOperation>(t, t.format, va, va + (Address.of(size) - 1), resume, 0, 0);
}

/** Take the pages that the last plan counted from the pool; 0 = there are not enough. And give back what is left of them. */
export function stock(handle: u32): u32 {
  const t = changetype<Table>(<usize>handle);
  return <u32>onAny<StockOperation>(t, t.format, 0, 0, 0, 0, 0);
}
export function unstock(handle: u32): void {
  const t = changetype<Table>(<usize>handle);
  onAny<UnstockOperation>(t, t.format, 0, 0, 0, 0, 0);
}

/** unmap_range; flag 4: the rest. */
export function unmapRange(handle: u32, iova: f64, size: f64, flags: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<UnmapRangeOperation>(t, t.format, va, va + (Address.of(size) - 1), 0, 0, flags);
}

/** unmap_pages over [iova, iova+size), which the bindings have cut to the input space. */
export function unmapPages(handle: u32, iova: f64, size: f64, sizeLg2: u32, resume: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<UnmapPagesOperation>(t, t.format, va, va + (Address.of(size) - 1), 0, resume, sizeLg2);
}

/** The same for unmap_pages. */
export function unmapPagesPlain(handle: u32, iova: f64, count: u32): f64 {
  const t = changetype<Table>(<usize>handle);
  const bytes = Check.pages(t, iova, count);
  if (bytes == 0) return 0;
  const va = Address.bits(iova) & t.mask;
  if (ShortRun.unmap(t, va, bytes, true)) return <f64>bytes;
  onAny<UnmapPagesOperation>(t, t.format, va, va + (bytes - 1), 0, 0, t.pageLg2);
  return Own.realm.done;
}

/** The dirty leaves of [iova, iova+size), as events; clear = 1: make clean those that lie inside whole. */
export function readDirty(handle: u32, iova: f64, size: f64, clear: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  const va = Address.of(iova) & t.mask;
  return <i32>onAny<ReadDirtyOperation>(t, t.format, va, va + (Address.of(size) - 1), clear, 0, 0);
}

/** A table item that was published without its "written back" bit has been written back. Nothing happens when it has changed meanwhile. */
class SetWrittenOperation extends Operation {
  run<F extends Format>(t: Table, at: u64, item: u64, c: u64, d: u64, e: u32): i64 {
    if (changetype<F>(0).itemLg2() == 3) atomic.cmpxchg<u64>(<usize>at, item, item | t.writtenBit);
    else atomic.cmpxchg<u32>(<usize>at, <u32>item, <u32>(item | t.writtenBit));
    return 0;
  }
}
export function setWritten(handle: u32, at: u32, low: u32, high: u32): void {
  const t = changetype<Table>(<usize>handle);
  onAny<SetWrittenOperation>(t, t.format, at, <u64>low | ((<u64>high) << 32), 0, 0, 0);
}

/** Give the pages of a list to the pool. */
class FreeOperation extends Operation {
  run<F extends Format>(t: Table, head: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    let pages: i32 = 0;
    for (let page = <u32>head; page != NO_PAGE; pages++) {
      const record = Record.of(page);
      const next = record.next;
      const level = record.birth;
      Pool.give(page, Pages.lg2<F>(level & 0xff), (level & UNLINKED_ZERO) != 0);
      page = next;
    }
    Shared.count(-pages);
    return pages;
  }
}
export function freePages(format: u32, head: u32): void {
  onAny<FreeOperation>(changetype<Table>(0), format, head, 0, 0, 0, 0);
}
/** For the bindings' lists of unlinked pages: append, step, and the level of a page. */
export function joinPages(tail: u32, head: u32): void {
  Record.of(tail).next = head;
}
export function nextPage(page: u32): u32 {
  return Record.of(page).next;
}
export function pageLevel(page: u32): u32 {
  return Record.of(page).birth & 0xff;
}
/** The flush mark of an unlinked page in quarantine; never 0, so that the page is in use. */
export function markPages(head: u32, mark: u32): void {
  for (let page = head; page != NO_PAGE; page = Record.of(page).next) Record.of(page).refs = mark + 1;
}
export function pageMark(page: u32): u32 {
  return Record.of(page).refs - 1;
}

/** Unlink empty tables (all = 0) or all (1); the root has `items` items. */
export function trim(handle: u32, all: u32, items: u32, resume: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  return <i32>onAny<TrimOperation>(t, t.format, all, items, 0, resume, 0);
}

/** The attribute bits of a protection below 64, once all else of the descriptor is set; 0 = refused. */
export function setTableProt(handle: u32, prot: u32, low: u32, high: u32): void {
  const t = changetype<Table>(<usize>handle);
  onAny<SetProtOperation>(t, t.format, prot, <u64>low | ((<u64>high) << 32), 0, 0, 0);
}
/** The last step of making a descriptor. */
export function prepareTable(handle: u32): void {
  const t = changetype<Table>(<usize>handle);
  onAny<PreparePageOperation>(t, t.format, 0, 0, 0, 0, 0);
}

/** Root number `index` of a table that has several: `bytes` at `page`. False when the bookkeeping region is full. */
export function setRoot(handle: u32, index: u32, page: u32, bytes: u32): bool {
  const t = changetype<Table>(<usize>handle);
  return onAny<SetRootOperation>(t, t.format, page, index, bytes, 0, 0) != 0;
}

/** Raise (or, after a map that failed, lower) the top level. */
class GrowOperation extends Operation {
  run<F extends Format>(t: Table, level: u64, b: u64, c: u64, d: u64, e: u32): i64 {
    Op.begin();
    let status: i32 = Status.OK;
    if (<u32>level > t.top) status = Grow.to<F>(t, <u32>level);
    else Grow.back<F>(t, <u32>level);
    const f = changetype<F>(0);
    t.spaceSpan = t.mask & Item.ones(f.shift(t.top) + f.indexLg2(t.top));
    Op.book();
    return status;
  }
}
export function setTop(handle: u32, level: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  return <i32>onAny<GrowOperation>(t, t.format, level, 0, 0, 0, 0);
}
/** The number of the last operation, and taking back what a map of that number did. */
export function birth(): u32 {
  return Op.birthSoFar;
}
export function undoMap(handle: u32, iova: f64, size: f64, number: u32): i32 {
  const t = changetype<Table>(<usize>handle);
  return <i32>onAny<UndoMapOperation>(t, t.format, Address.of(iova) & t.mask, number, Address.of(size), 0, 0);
}
export function tableTop(handle: u32): u32 {
  return changetype<Table>(<usize>handle).top;
}
export function tableRoot(handle: u32): u32 {
  return changetype<Table>(<usize>handle).root;
}

/** An output address, or minus a fault. */
function answer(oa: i64): f64 {
  return oa < 0 ? <f64>oa : Address.output(<u64>oa);
}

/** The output address of `iova`, or minus a fault. */
export function phys(handle: u32, iova: f64): f64 {
  const t = changetype<Table>(<usize>handle);
  if (!Address.exact(iova)) return <f64>Fault.ADDRESS_SIZE;
  const x = Address.of(iova);
  if (!Address.inside(t, x, 1)) return <f64>Fault.ADDRESS_SIZE;
  return answer(on<LookupOperation>(t, x & t.mask, t.root, t.top, 0, 0));
}

/** The same for an access that needs these permits. */
export function access(handle: u32, iova: f64, permits: u32): f64 {
  const t = changetype<Table>(<usize>handle);
  if (!Address.exact(iova)) return <f64>Fault.ADDRESS_SIZE;
  const x = Address.of(iova);
  if (!Address.inside(t, x, 1)) return <f64>Fault.ADDRESS_SIZE;
  const oa = on<AccessOperation>(t, x & t.mask, t.root, t.top, permits, t.variant);
  return oa > <i64>t.oaLast ? <f64>Fault.ADDRESS_SIZE : answer(oa);
}

/** Without a descriptor: the bits of the address that select entries come as two halves. */
export function peek(
  format: u32,
  root: u32,
  top: u32,
  low: u32,
  high: u32,
  permits: u32,
  variant: u32,
  encryptionBit: u32,
): f64 {
  Op.use(encryptionBit == 0 ? <u64>-1 : ~((<u64>1) << encryptionBit));
  const va = <u64>low | ((<u64>high) << 32);
  const none = changetype<Table>(0);
  return permits == 0
    ? answer(withFormat<LookupOperation>(format, none, va, root, top, 0, 0))
    : answer(withFormat<AccessOperation>(format, none, va, root, top, permits, variant));
}

/** Look up `count` f64 addresses at `from`, answers to `to`. */
export function translate(handle: u32, from: u32, count: u32, to: u32): u32 {
  const t = changetype<Table>(<usize>handle);
  return <u32>on<TranslateOperation>(t, from, count, to, 0, 0);
}

/** What a raw item means: 0 empty, 1 leaf, 2 invalid, 4 table; the rest by `decodedPaddr` and `decodedSizeLg2`. */
export function decode(format: u32, low: u32, high: u32, level: u32): i32 {
  return <i32>onAny<DecodeOperation>(changetype<Table>(0), format, <u64>low | ((<u64>high) << 32), 0, 0, 0, level);
}
export function geometry(format: u32, what: u32, level: u32): u32 {
  return <u32>onAny<GeometryOperation>(changetype<Table>(0), format, what, 0, 0, 0, level);
}
