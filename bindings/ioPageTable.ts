// The table: the public face. Short ways for what is hot stand here; everything longer is in table/, one file per operation.
import { Status } from "./core.js";
import type { Format } from "./formats/format.js";
import { Fault, PLAIN, permitsOf } from "./prot.js";
import type { Segments } from "./segmentList.js";
import { isInside } from "./table/arguments.js";
import { attachTable, buildTable, openTable, type SharedTable, shareTable, type TableOptions } from "./table/build.js";
import { type ReadDirtyOptions, readDirty } from "./table/dirty.js";
import { dump, dumpLines } from "./table/dump.js";
import { coalesce, protect, replace } from "./table/edit.js";
import { checkGather, type Gather, TableGather } from "./table/gather.js";
import { acknowledgeFlush, destroyTable, flushMark, trimTable } from "./table/lifetime.js";
import { mapPages, mapRange, unmapPages, unmapRange } from "./table/linux.js";
import { endMapEvents, type MapResult, mapWhole } from "./table/map.js";
import { mapFrameList, mapPageList, mapSegmentList } from "./table/mapList.js";
import { type Mapping, mappings } from "./table/mappings.js";
import type { TableOp } from "./table/prepare/operations.js";
import { type PreparedUpdate, prepareUpdate } from "./table/prepare/update.js";
import { checkAccessArguments, corrupt, lookup, peekAccess, translate } from "./table/read.js";
import { mapRepeat } from "./table/repeat.js";
import { flushRun, settleBacklog } from "./table/settle.js";
import { checkSpan } from "./table/span.js";
import type { TableState } from "./table/state.js";
import { type TableStats, tableStats } from "./table/stats.js";
import { finishUnmap, type UnmapOptions, unmapRangeOf } from "./table/unmap.js";
import { type WalkStep, walk } from "./table/walk.js";
import type { TableMemory } from "./tableMemory.js";

/** Input address. For an address inside a page above 2^53 use a bigint. */
export type Iova = number | bigint;
/** Output address: at most 52 bits, so that a number holds it exactly. */
export type Paddr = number;

const MAX_EXACT = 2 ** 53;

let adopted: TableState | undefined;
let inside: (table: IoPageTable) => TableState;
let isTable: (value: object) => value is IoPageTable;

/** What stands behind a table, for the parts of the library that work on tables. */
export function stateOf(table: IoPageTable): TableState {
  return inside(table);
}

/** The same for what a caller gave; undefined where it is no table. */
export function stateOfGiven(value: unknown): TableState | undefined {
  return typeof value === "object" && value !== null && isTable(value) ? inside(value) : undefined;
}

/**
 * A page table that an IOMMU or GPU reads.
 *
 * @example
 * ```ts
 * const memory = TableMemory.create();
 * const table = new IoPageTable(memory, {
 *   format: armLpaeS1({ ias: 48, oas: 48 }),
 *   flush: { flushAll() {}, flushWalk(iova, size) {}, flushRange(iova, size) {} },
 * });
 * table.map(0x1000_0000, 0x8_0000_0000, 0x20_0000, Prot.READ | Prot.WRITE);
 * table.iovaToPhys(0x1000_1234); // 0x8_0000_1234
 * table.unmap(0x1000_0000, 0x20_0000);
 * table.destroy();
 * ```
 */
export class IoPageTable<R = unknown> {
  readonly #state: TableState;

  static {
    inside = (table) => table.#state;
    isTable = (value): value is IoPageTable => #state in value;
  }

  /**
   * @throws IoPgtableError EINVAL (no flush operations, half an allocator, a format that has callbacks and serves a table already), ENOMEM, ENOTSUP (a
   *   memory without room for tables), EBUSY (in a callback)
   */
  constructor(memory: TableMemory, options: TableOptions<R>) {
    if (adopted !== undefined) {
      this.#state = adopted;
      adopted = undefined;
      return;
    }
    this.#state = buildTable(memory, options);
    settleBacklog(this.#state);
  }

  static #adopt<R>(state: TableState): IoPageTable<R> {
    adopted = state;
    // The constructor takes the state that is waiting and looks at no argument.
    return new IoPageTable<R>(undefined as unknown as TableMemory, undefined as unknown as TableOptions<R>);
  }

  /**
   * A walker over tables that somebody else built and may rewrite at any time (an emulator's guest, a memory dump). It keeps nothing between calls;
   * mutating calls throw ENOTSUP. Where a walk leaves the memory: EFAULT, from `translate` and `access` a negative value. Reserved encodings are "invalid"
   * and translate to nothing.
   * @throws IoPgtableError EINVAL; EFAULT when a root is outside the memory
   *
   * @example
   * ```ts
   * const format = armLpaeS1({ ias: 48, oas: 48 });
   * const guest = IoPageTable.open(memory, { format, root: Number(table.registers.ttbr) });
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * guest.iovaToPhys(0x1234); // => 0x8000_0234
   * guest.unmap(0x1000, 0x1000); // throws ENOTSUP
   * ```
   */
  static open<R>(memory: TableMemory, options: { format: Format<R>; root: Paddr | readonly Paddr[] }): IoPageTable<R> {
    return IoPageTable.#adopt(openTable(memory, options));
  }

  /**
   * The same table in another realm (worker). Each realm has its own flush operations; the format must agree (EINVAL). A table with an `allocator` is
   * changed only in the realm that made it; elsewhere ENOTSUP. At once in several realms, on disjoint ranges: map*, and unmap* that split nothing, and
   * reads. All else needs the table alone. Once shared, an unmap frees only table pages that its range covers whole; merely empty ones wait for `trim()`.
   * @throws IoPgtableError EINVAL
   *
   * @example
   * ```ts
   * // Both handles are sent to a worker, which goes on with:
   * const there = TableMemory.attach(memory.share());
   * const same = IoPageTable.attach(there, table.share(), { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
   * same.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.iovaToPhys(0x1000); // => 0x8000_0000
   * ```
   */
  static attach<R>(memory: TableMemory, shared: SharedTable, options: TableOptions<R>): IoPageTable<R> {
    return IoPageTable.#adopt(attachTable(memory, shared, options));
  }

  /**
   * Structured-cloneable handle, for other realms.
   * @throws IoPgtableError ENOTSUP for an opened table
   *
   * @example
   * ```ts
   * const handles = { memory: memory.share(), table: table.share() };
   * handles.table.format; // => "armLpaeS1"
   * ```
   */
  share(): SharedTable {
    return shareTable(this.#state);
  }

  /** Values to program the device with. A table that grows gives new ones after each growth. */
  get registers(): R {
    const s = this.#state;
    const roots = s.roots.length === 0 ? [s.root] : s.roots;
    const paddrs = roots.map((root) => BigInt(s.memory.paddrOf(root)));
    return s.spec.makeRegisters(paddrs, s.top) as R;
  }

  /** Leaf sizes in use, in bytes, ascending. */
  get pageSizes(): readonly number[] {
    return this.#state.spec.pageSizes;
  }

  /** Input address bits. */
  get ias(): number {
    return this.#state.spec.ias;
  }

  /** Output address bits. */
  get oas(): number {
    return this.#state.spec.oas;
  }

  /**
   * Map `size` bytes at `iova` to `paddr`, with the largest leaves that alignment and size allow. All or nothing.
   * @param size bytes, a multiple of the smallest page
   * @throws IoPgtableError EINVAL, ERANGE, EEXIST, ENOMEM, ENOTSUP (a protection), EFAULT, EBUSY; nothing of the call was then ever visible, or what was
   *   has been flushed before the throw, and nothing stays allocated
   *
   * @example
   * ```ts
   * table.map(0x1000_0000, 0x8_0000_0000, 0x20_1000, Prot.READ | Prot.WRITE); // a block of 2M and a page
   * table.map(0x1000_0000, 0, 0x1000, Prot.READ); // throws EEXIST
   * [...table.mappings()].map((run) => run.pageSize); // => [0x20_0000, 0x1000]
   * ```
   */
  map(iova: Iova, paddr: Paddr, size: number, prot: number): void {
    const s = this.#state;
    const plain = typeof iova === "number" && typeof paddr === "number" && typeof size === "number";
    if (s.direct && s.blocked === 0 && plain && typeof prot === "number" && (prot & PLAIN) === prot) {
      const status = s.core.mapPlain(s.handle, iova, paddr, size, prot);
      if (status === Status.OK) return;
      if (status !== Status.EINVAL && status !== Status.ERANGE) {
        endMapEvents(s, status, { iova, paddr, size, ...s.attributes(prot, "map", iova) });
        return;
      }
    }
    mapWhole(s, iova, paddr, size, prot);
  }

  /**
   * Map scattered pages of `pageSize` bytes, given by their physical addresses; neighbours become larger leaves where both addresses allow it. All or nothing.
   * An array inside the table's memory is not copied.
   * @throws IoPgtableError as `map`; EINVAL also for an empty list, another type of array, a detached one, or a page size that the table does not have. A list
   *   of more than 8192 pages is checked while it is written
   *
   * @example
   * ```ts
   * const pages = memory.float64Array(2); // an array of your own does as well
   * pages.set([0x8000_1000, 0x9000_0000]);
   * table.mapList(0x10_0000, pages, 0x1000, Prot.READ);
   * table.iovaToPhys(0x10_1000); // => 0x9000_0000
   * ```
   */
  mapList(iova: Iova, pages: Float64Array | BigUint64Array | readonly number[], pageSize: number, prot: number): void {
    mapPageList(this.#state, iova, pages, pageSize, prot);
  }

  /**
   * The same with page-frame numbers: physical addresses divided by `pageSize`.
   * @throws IoPgtableError as `mapList`
   *
   * @example
   * ```ts
   * table.mapFrames(0x10_0000, Uint32Array.of(0x8_0001, 0x9_0000), 0x1000, Prot.READ);
   * table.iovaToPhys(0x10_0000); // => 0x8000_1000
   * ```
   */
  mapFrames(iova: Iova, frames: Uint32Array | Float64Array, pageSize: number, prot: number): void {
    mapFrameList(this.#state, iova, frames, pageSize, prot);
  }

  /**
   * Map a scatter list: physical extents in order; neighbours count as one. All or nothing.
   * @param part which bytes of the list; default all
   * @throws IoPgtableError as `map`; EINVAL also for an empty list, a segment that is not of whole pages, or a part that is not in the list
   *
   * @example
   * ```ts
   * const buffer = new SegmentList([{ paddr: 0x8000_0000, size: 0x3000 }, { paddr: 0x9000_0000, size: 0x1000 }]);
   * table.mapSegments(0x10_0000, buffer, Prot.READ, { start: 0x2000, size: 0x2000 });
   * table.iovaToPhys(0x10_1000); // => 0x9000_0000
   * ```
   */
  mapSegments(iova: Iova, segments: Segments, prot: number, part?: { start: number; size: number }): void {
    mapSegmentList(this.#state, iova, segments, prot, part);
  }

  /**
   * Remove every mapping in the range; holes are skipped. Table pages that become empty are freed.
   * @param options.partial what becomes of a larger leaf that the range only partly covers: "split" it (default), remove it "whole", or "refuse" with
   *   EINVAL and nothing changed
   * @param options.gather collects the flushes instead of issuing them before the return
   * @returns bytes that were mapped and are not any more
   * @throws IoPgtableError EINVAL, ERANGE, EFAULT, EBUSY, ENOMEM where a split needs a table page (nothing changed)
   *
   * @example
   * ```ts
   * table.map(0x20_0000, 0x8000_0000, 0x20_0000, Prot.READ); // one block of 2M
   * table.unmap(0x20_0000, 0x1000); // => 0x1000
   * table.iovaToPhys(0x20_1000); // => 0x8000_1000
   * table.unmap(0, 0x40_0000); // => 0x1f_f000
   * ```
   */
  unmap(iova: Iova, size: number, options?: UnmapOptions): number {
    const s = this.#state;
    if (s.blocked === 0 && s.direct && options === undefined && typeof iova === "number" && typeof size === "number") {
      const status = s.core.unmap(s.handle, iova, size, 0);
      if (status === Status.FLUSH) return flushRun(s, iova, size, s.page);
      if (status !== Status.EINVAL && status !== Status.ERANGE) return finishUnmap(s, status, { iova, size }, 0);
    }
    return unmapRangeOf(s, iova, size, options);
  }

  /**
   * Map `source` over and over across `size` bytes, with the identical intermediate tables shared: 16 GiB of one 4K page at an address aligned to 1 GiB are
   * two tables and a thousand entries. A later change inside takes copies of the tables on its way first. Needs the table alone. All or nothing.
   * @param size bytes; need not be a multiple of the source's size
   * @param source one extent, or segments in order; the period is their size together, any multiple of the smallest page
   * @param phase bytes into the period at iova, a multiple of the smallest page; default 0
   * @throws IoPgtableError EINVAL, ERANGE, EEXIST, ENOMEM, ENOTSUP (a protection), EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.mapRepeat(0x40_0000_0000, 16 * 2 ** 30, { paddr: 0x8000_0000, size: 0x1000 }, Prot.READ);
   * table.iovaToPhys(0x41_2345_6789); // => 0x8000_0789
   * table.stats().tablePages; // => 4
   * ```
   */
  mapRepeat(
    iova: Iova,
    size: number,
    source: { paddr: Paddr; size: number } | Segments,
    prot: number,
    phase?: number,
  ): void {
    mapRepeat(this.#state, iova, size, source, prot, phase);
  }

  /**
   * Like `map`, over whatever is mapped there. No address that was and stays mapped faults in between, except where the architecture demands
   * break-before-make (ARM: see `breakBeforeMake`); the flush in between is then issued at once, also with a gather. What is mapped so already is left
   * alone. Needs the table alone.
   * @throws IoPgtableError EINVAL, ERANGE, ENOMEM (nothing changed), ENOTSUP (a protection), EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.replace(0x1000, 0x9000_0000, 0x2000, Prot.READ);
   * table.iovaToPhys(0x1000); // => 0x9000_0000
   * ```
   */
  replace(iova: Iova, paddr: Paddr, size: number, prot: number, gather?: Gather): void {
    replace(this.#state, iova, paddr, size, prot, gather);
  }

  /**
   * Change the protection of everything mapped in the range; holes stay, leaves that stick out are split, dirty state is kept. Needs the table alone.
   * @returns bytes of the range that are mapped
   * @throws IoPgtableError EINVAL, ERANGE, ENOMEM (nothing changed), ENOTSUP (a protection), EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x2000, Prot.READ | Prot.WRITE);
   * table.protect(0, 0x2000, Prot.READ); // => 0x1000
   * table.access(0x1000, Access.WRITE); // => -Fault.PERMISSION
   * ```
   */
  protect(iova: Iova, size: number, prot: number, gather?: Gather): number {
    return protect(this.#state, iova, size, prot, gather);
  }

  /**
   * Turn runs of small leaves into large ones where addresses and attributes allow, across the calls that made them. What sticks out of the range is left
   * alone; a leaf is dirty when one of its parts was. Needs the table alone.
   * @returns table pages freed
   * @throws IoPgtableError EINVAL, ERANGE, EFAULT, EBUSY
   *
   * @example
   * ```ts
   * for (let at = 0; at < 0x20_0000; at += 0x1000) table.map(at, 0x8000_0000 + at, 0x1000, Prot.READ);
   * table.coalesce(0, 0x20_0000); // => 1
   * table.stats().leaves.get(0x20_0000); // => 1
   * ```
   */
  coalesce(iova: Iova, size: number, gather?: Gather): number {
    return coalesce(this.#state, iova, size, gather);
  }

  /**
   * Free table pages that are empty. Needs the table alone.
   * @returns table pages freed
   *
   * @example
   * ```ts
   * table.mapPages(0x1000, 0x8000_0000, 0x1000, 1, Prot.READ);
   * table.unmapPages(0x1000, 0x1000, 1); // as in Linux, the empty tables stay
   * table.trim(); // => 3
   * ```
   */
  trim(gather?: Gather): number {
    const s = this.#state;
    s.checkChangeable("trim");
    return trimTable(s, checkGather(s, gather, "trim"));
  }

  /**
   * io-pgtable's map_pages: `count` leaves of `pageSize` bytes, up to the end of one table; nothing on error. A table that stands where a leaf is to go is
   * unmapped with all that it maps. Count 0 is EINVAL.
   * @throws IoPgtableError only on misuse (values of the wrong type, EBUSY); all else is in the result
   *
   * @example
   * ```ts
   * table.mapPages(0x1f_f000, 0x8000_0000, 0x1000, 2, Prot.READ); // => { mapped: 0x1000, error: null }
   * table.mapPages(0x1f_f000, 0x8000_0000, 0x1000, 1, Prot.READ); // => { mapped: 0, error: "EEXIST" }
   * ```
   */
  mapPages(iova: Iova, paddr: Paddr, pageSize: number, count: number, prot: number): MapResult {
    return mapPages(this.#state, iova, paddr, pageSize, count, prot);
  }

  /**
   * io-pgtable's unmap_pages: stops at the first hole, refuses a part of a larger leaf, keeps empty tables.
   * @returns bytes unmapped
   * @throws IoPgtableError only on misuse
   *
   * @example
   * ```ts
   * table.mapPages(0x1000, 0x8000_0000, 0x1000, 2, Prot.READ);
   * table.unmapPages(0x1000, 0x1000, 8); // => 0x2000
   * ```
   */
  unmapPages(iova: Iova, pageSize: number, count: number, gather?: Gather): number {
    return unmapPages(this.#state, iova, pageSize, count, gather);
  }

  /**
   * generic_pt's map_range: any aligned size, largest leaves as it goes; a prefix on error.
   * @throws IoPgtableError only on misuse
   *
   * @example
   * ```ts
   * table.mapRange(0x1f_f000, 0x8000_0000, 0x3000, Prot.READ); // => { mapped: 0x3000, error: null }
   * table.mapRange(0x1f_e000, 0x8000_0000, 0x3000, Prot.READ); // => { mapped: 0x1000, error: "EEXIST" }
   * ```
   */
  mapRange(iova: Iova, paddr: Paddr, size: number, prot: number, gather?: Gather): MapResult {
    return mapRange(this.#state, iova, paddr, size, prot, gather);
  }

  /**
   * generic_pt's unmap_range: stops at the first hole; at the start of a larger leaf removes all of it; frees the tables that it covers whole.
   * @returns bytes unmapped
   * @throws IoPgtableError only on misuse
   *
   * @example
   * ```ts
   * table.mapRange(0x20_0000, 0x8000_0000, 0x20_0000, Prot.READ);
   * table.unmapRange(0x20_0000, 0x1000); // => 0x20_0000
   * ```
   */
  unmapRange(iova: Iova, size: number, gather?: Gather): number {
    return unmapRange(this.#state, iova, size, gather);
  }

  /**
   * The output address of `iova`: null where nothing is mapped (0 is a valid physical address) or the address is outside the table.
   * @throws IoPgtableError EINVAL, EFAULT (a corrupt table), EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.iovaToPhys(0x1234); // => 0x8000_0234
   * table.iovaToPhys(0x2000); // => null
   * ```
   */
  iovaToPhys(iova: Iova): Paddr | null {
    const s = this.#state;
    if (typeof iova === "number" && iova <= MAX_EXACT && s.handle !== 0 && (s.blocked & 3) === 0) {
      const paddr = s.core.phys(s.handle, iova);
      if (paddr >= 0) return paddr;
      if (paddr === -Fault.UNMAPPED) return null;
      if (paddr === -Fault.CORRUPT) throw corrupt("iovaToPhys", iova);
    }
    const paddr = lookup(s, iova, "iovaToPhys");
    if (paddr === undefined) return null;
    return Number(paddr > MAX_EXACT ? paddr & ~7n : paddr);
  }

  /**
   * The same, exact to the byte for output addresses above 2^53.
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.iovaToPhys64(0x1234n); // => 0x8000_0234n
   * ```
   */
  iovaToPhys64(iova: Iova): bigint | null {
    return lookup(this.#state, iova, "iovaToPhys64") ?? null;
  }

  /**
   * The device's own question, for hot paths: the physical address, or minus a `Fault`. Allocates nothing.
   * @param access flags of `Access`, at least one of READ, WRITE, EXECUTE
   * @throws IoPgtableError EINVAL, EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.access(0x1234, Access.READ); // => 0x8000_0234
   * table.access(0x1234, Access.WRITE); // => -Fault.PERMISSION
   * ```
   */
  access(iova: number, access: number): number {
    const s = this.#state;
    const plain = typeof iova === "number" && typeof access === "number" && iova <= MAX_EXACT;
    if (plain && s.handle !== 0 && (s.blocked & 3) === 0 && (access & 15) === access && (access & 7) !== 0) {
      const result = s.core.access(s.handle, iova, permitsOf(access));
      if (result !== -Fault.ADDRESS_SIZE) return result;
    }
    checkAccessArguments(s, iova, access);
    const permits = permitsOf(access);
    if (s.handle === 0) return peekAccess(s, iova, permits);
    return isInside(s, BigInt(iova), 1n) ? s.core.access(s.handle, iova, permits) : -Fault.ADDRESS_SIZE;
  }

  /**
   * Translate many at once: out[i] = physical address, or -1 (-4 where the walk leaves the memory). Arrays inside the memory are not copied.
   * @returns how many were mapped
   * @throws IoPgtableError EINVAL (arrays of other types, a shorter `out`, detached), EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * const out = new Float64Array(2);
   * table.translate(Float64Array.of(0x1008, 0x5000), out); // => 1
   * [...out]; // => [0x8000_0008, -1]
   * ```
   */
  translate(iovas: Float64Array | BigUint64Array, out: Float64Array): number {
    return translate(this.#state, iovas, out);
  }

  /**
   * The entries that translate one address, root first.
   * @throws IoPgtableError EINVAL, ERANGE, EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.map(0x20_0000, 0x8000_0000, 0x20_0000, Prot.READ);
   * table.walk(0x20_1000).map(({ level, kind }) => `${level} ${kind}`); // => ["0 table", "1 table", "2 leaf"]
   * ```
   */
  walk(iova: Iova): WalkStep[] {
    this.#state.checkReadable("walk");
    return walk(this.#state, iova);
  }

  /**
   * Runs of whole leaves that touch the range (default: the whole table), ascending.
   * @throws IoPgtableError EINVAL, ERANGE, EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x2000, Prot.READ);
   * [...table.mappings()]; // => [{ iova: 0x1000n, paddr: 0x8000_0000, size: 0x2000, pageSize: 0x1000, prot: Prot.READ }]
   * ```
   */
  mappings(iova?: Iova, size?: number): IterableIterator<Mapping> {
    const s = this.#state;
    s.checkReadable("mappings");
    const [first, last] = checkSpan(s, "mappings", iova, size);
    return mappings(s, first, last);
  }

  /**
   * Which pages the device has written to: one bit per `pageSize` bytes (default the smallest page), least significant first, OR-ed into `bitmap`; holes are
   * clean. A leaf that is dirty is so in all its parts.
   * @param options.clear make clean, and flush, what is reported: the leaves that lie in the range whole; but not those that a repeat mapping shares, which
   *   every address reports. Needs the table alone. Default false
   * @param options.pageSize bytes per bit, a power of two
   * @param options.gather collects the flush
   * @returns bits that this call set
   * @throws IoPgtableError ENOTSUP where the format, as it is configured, keeps no dirty state; EINVAL, ERANGE, EFAULT, EBUSY
   *
   * @example
   * ```ts
   * const format = armLpaeS1({ ias: 48, oas: 48, quirks: ["ARM_HD"] });
   * const tracked = new IoPageTable(memory, { format, flush });
   * tracked.map(0, 0x8000_0000, 0x8000, Prot.READ | Prot.WRITE);
   * const bitmap = new Uint8Array(1);
   * tracked.readDirty(0, 0x8000, bitmap, { clear: true }); // => 8
   * tracked.readDirty(0, 0x8000, new Uint8Array(1)); // => 0
   * ```
   */
  readDirty(iova: Iova, size: number, bitmap: Uint8Array, options?: ReadDirtyOptions): number {
    return readDirty(this.#state, iova, size, bitmap, options);
  }

  /**
   * Canonical text of the whole table: one line per entry.
   * @throws IoPgtableError EFAULT, EBUSY, ERANGE (longer than a string)
   *
   * @example
   * ```ts
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.dump().split("\n").at(-2); // => "P 3 1 1000 80000ec3"
   * ```
   */
  dump(): string {
    this.#state.checkReadable("dump");
    return dump(this.#state);
  }

  /**
   * The same, line by line, for tables whose text would not fit a string.
   *
   * @example
   * ```ts
   * for (const line of table.dumpLines()) console.log(line); // "R 0 0 512"
   * ```
   */
  dumpLines(): IterableIterator<string> {
    this.#state.checkReadable("dumpLines");
    return dumpLines(this.#state);
  }

  /**
   * What the table is made of. Looks at each table page once.
   * @throws IoPgtableError EFAULT, EBUSY
   *
   * @example
   * ```ts
   * table.map(0, 0x8000_0000, 0x20_1000, Prot.READ);
   * table.stats().mappedBytes; // => 0x20_1000
   * table.stats().tablePages; // => 4
   * ```
   */
  stats(): TableStats {
    this.#state.checkReadable("stats");
    return tableStats(this.#state);
  }

  /**
   * Collects the flushes of several operations of this table.
   *
   * @example
   * ```ts
   * table.map(0, 0x8000_0000, 0x8000, Prot.READ);
   * const gather = table.gather();
   * table.unmap(0, 0x1000, { gather });
   * table.unmap(0x1000, 0x1000, { gather });
   * gather.sync(); // one flushRange(0, 0x2000, 0x1000)
   * ```
   */
  gather(): Gather {
    this.#state.checkChangeable("gather");
    return new TableGather(this.#state);
  }

  /**
   * With flushedByOwner: names what is unlinked so far. Take it before the owner starts its flush.
   *
   * @example
   * ```ts
   * const firmware = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: flushedByOwner("GPU firmware, after each job") });
   * firmware.map(0, 0x8000_0000, 0x1000, Prot.READ);
   * firmware.unmap(0, 0x1000); // the pages of three tables wait
   * const mark = firmware.flushMark(); // the job that flushes starts now
   * firmware.acknowledgeFlush(mark); // it has ended
   * ```
   */
  flushMark(): number {
    return flushMark(this.#state);
  }

  /**
   * The owner has flushed: table pages unlinked before `mark` become free. Without a mark only if its flush began after the last change.
   * @throws IoPgtableError EINVAL for a table with flush operations of its own, or a mark that was never given
   *
   * @example
   * ```ts
   * const owned = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: flushedByOwner("GPU firmware, after each job") });
   * owned.map(0, 0x8000_0000, 0x1000, Prot.READ);
   * owned.unmap(0, 0x1000);
   * owned.acknowledgeFlush(owned.flushMark());
   * ```
   */
  acknowledgeFlush(mark?: number): void {
    acknowledgeFlush(this.#state, mark);
  }

  /**
   * Work out and fetch all that `ops` need, in order as if called one after another, and change nothing that hardware can see: for updates whose last step may
   * neither fail nor allocate, such as those in a GPU's fence path. What an operation removes and a later one maps again is replaced, without a fault in
   * between. The ranges are held until commit or abort: a call that would change them throws EBUSY. Table pages that the update counts on stay, also when work
   * elsewhere leaves them empty; where it has put one in meanwhile, commit writes into that one. Needs the table alone until commit. Costs a look at what
   * stands there, and 2 to 5 us per operation.
   * @throws IoPgtableError what the calls of the same names throw; EBUSY where another update holds a part; nothing has changed then
   *
   * @example
   * ```ts
   * const update = table.prepare([
   *   { op: "unmap", iova: 0x1000_0000, size: 0x20_0000 },
   *   { op: "map", iova: 0x1000_0000, paddr: 0x8_0000_0000, size: 0x1000, prot: Prot.READ },
   * ]);
   * update.commit();
   * ```
   */
  prepare(ops: readonly TableOp[]): PreparedUpdate {
    return prepareUpdate(this.#state, ops);
  }

  /**
   * Flush all, free every table page. Later calls throw (but acknowledgeFlush).
   * @throws IoPgtableError EINVAL when destroyed already, EBUSY
   *
   * @example
   * ```ts
   * const short = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
   * short.destroy(); // or: using short = new IoPageTable(...)
   * short.map(0, 0, 0x1000, Prot.READ); // throws EINVAL
   * ```
   */
  destroy(): void {
    destroyTable(this.#state);
  }

  /** `destroy`, at the end of a `using` block. */
  [Symbol.dispose](): void {
    destroyTable(this.#state);
  }
}
