// Making a table: its arguments checked, its root allocated, its descriptor written.
import { checkAllocator, type TableAllocator } from "../allocator.js";
import { hex, IoPgtableError } from "../errors.js";
import { checkFlushOps, type FlushOps, isFlushedByOwner } from "../flush.js";
import { type Format, type FormatSpec, halves, isRefusal, specOf } from "../formats/format.js";
import type { MemoryState } from "../memoryState.js";
import { show } from "../numbers.js";
import { PLAIN_PROTS } from "../prot.js";
import { memoryState } from "../tableMemory.js";
import { bookRoot, forgetRoot } from "./callerRoots.js";
import { leafSizes } from "./leafSizes.js";
import { checkOffset, checkReach } from "./reserve.js";
import { Blocked, type TableParts, TableState } from "./state.js";

/** Options of a table. */
export interface TableOptions<R> {
  format: Format<R>;
  /** Required, by the type and at run time. */
  flush: FlushOps;
  allocator?: TableAllocator;
  /** A gather may "merge" disjoint ranges into one covering range (default), or must flush each "exact" (hypervisor shadowing). */
  gatherRanges?: "merge" | "exact";
  /** Refuse with ENOTSUP every protection that the format would drop or widen; default false. */
  strictProtection?: boolean;
}

/** Structured-cloneable handle of a table: geometry and root. */
export interface SharedTable {
  readonly format: string;
}

/** What the handle really holds. */
interface SharedHandle extends SharedTable {
  readonly handle: number;
  readonly signature: string;
  readonly callerPages: boolean;
  readonly roots: readonly number[];
}

/** Formats with callbacks that serve a table already. */
const taken = new WeakSet<FormatSpec>();

type Arguments = Omit<TableParts, "handle" | "roots">;

export function buildTable(memory: unknown, options: unknown): TableState {
  const operation = "new IoPageTable";
  const args = checkArguments(memory, options, operation);
  args.memory.checkIdle(operation);
  args.memory.needBookkeeping(operation);
  if (args.allocator === undefined && !args.memory.hasPool) {
    throw new IoPgtableError(
      "ENOTSUP",
      operation,
      "this memory has no room of its own for table pages; give an allocator",
    );
  }
  takeFormat(args.spec, operation);
  try {
    const handle = args.memory.core.createTable() >>> 0;
    if (handle === 0)
      throw new IoPgtableError("ENOMEM", operation, "the bookkeeping region has no room for another table");
    return withRoot(args, handle, operation);
  } catch (error) {
    taken.delete(args.spec);
    throw error;
  }
}

function withRoot(args: Arguments, handle: number, operation: string): TableState {
  const { core } = args.memory;
  const { spec } = args;
  const roots: number[] = [];
  try {
    for (let i = 0; i < spec.roots; i++) roots.push(allocateRoot(args, operation));
    writeDescriptor(args, handle, roots, operation);
  } catch (error) {
    for (const root of roots) freeRoot(args, root);
    core.freeTable(handle);
    throw error;
  }
  core.countPages(roots.length);
  const state = new TableState({ ...args, handle, roots: roots.length > 1 ? roots : [] });
  const bytes = state.rootBytes(spec.top);
  if (!spec.coherentWalk && spec.syncForDevice !== undefined) {
    for (const root of roots) state.backlog.syncs.push({ paddr: args.memory.paddrOf(root), bytes });
  }
  return state;
}

/** Give back a root of a table that is not made after all. */
function freeRoot(args: Arguments, root: number): void {
  const { memory, spec, allocator } = args;
  const bytes = Math.max(spec.rootItems(spec.top) * 2 ** memory.core.geometry(spec.core, 2, 0), 64);
  if (allocator === undefined) memory.core.givePage(root, poolLg2(bytes));
  else {
    forgetRoot(memory, root, bytes);
    callIdle(memory, () => allocator.free(root, bytes, spec.archLevel(spec.top)));
  }
}

/** The root: zeroed, aligned to its size (below a page: to 64 bytes, as long as the size is below a page). */
function allocateRoot(args: Arguments, operation: string): number {
  const { memory, spec, allocator } = args;
  const itemLg2 = memory.core.geometry(spec.core, 2, 0);
  const bytes = Math.max(spec.rootItems(spec.top) * 2 ** itemLg2, 64);
  if (allocator === undefined) {
    const root = memory.core.takePage(poolLg2(bytes)) >>> 0;
    if (root === 0)
      throw new IoPgtableError(
        "ENOMEM",
        operation,
        `no ${bytes} bytes are left for the root; give the memory more bytes`,
      );
    try {
      checkPooledRoot(args, operation, root, bytes);
    } catch (error) {
      memory.core.givePage(root, poolLg2(bytes));
      throw error;
    }
    return root;
  }
  const offset = callIdle(memory, () => allocator.alloc(bytes, spec.archLevel(spec.top)));
  if (offset === null)
    throw new IoPgtableError("ENOMEM", operation, `the allocator has no ${bytes} bytes for the root`);
  const pageBytes = 2 ** (memory.core.geometry(spec.core, 1, 0) + itemLg2);
  checkOffset(args, operation, offset, bytes, bytes < pageBytes ? 64 : bytes);
  const refused = bookRoot(memory, offset, bytes);
  if (refused === "in use")
    throw new IoPgtableError("EINVAL", operation, `the allocator returned ${hex(offset)}, which is in use`);
  if (refused !== undefined) {
    callIdle(memory, () => allocator.free(offset, bytes, spec.archLevel(spec.top)));
    throw new IoPgtableError("ENOMEM", operation, "the bookkeeping region has no room for the records of the root");
  }
  new Uint8Array(memory.memory.buffer, offset, bytes).fill(0);
  return offset;
}

function checkPooledRoot(args: Arguments, operation: string, root: number, bytes: number): void {
  const { memory, spec } = args;
  // The root may be smaller than the tables below it.
  const tableBytes =
    spec.maxTop === 0 ? 1 : 2 ** (memory.core.geometry(spec.core, 1, 0) + memory.core.geometry(spec.core, 2, 0));
  const align = Math.max(bytes, tableBytes);
  if ((memory.paddrOf(root) - root) % align !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the memory's physBase is not aligned to the ${align} bytes of its tables`,
    );
  }
  checkReach(args, operation, root);
}

/** log2 of the pool's pages that a root of this size takes. */
export function poolLg2(bytes: number): number {
  return Math.max(10, Math.ceil(Math.log2(bytes)));
}

/** Run a callback before there is a table that could refuse. */
function callIdle<T>(memory: MemoryState, callback: () => T): T {
  memory.callbacks++;
  try {
    return callback();
  } finally {
    memory.callbacks--;
  }
}

function writeDescriptor(args: Arguments, handle: number, roots: readonly number[], operation: string): void {
  const { spec, memory, allocator } = args;
  const { core } = memory;
  const page = spec.pageSizes[0] ?? 4096;
  const several = roots.length > 1;
  const root = several ? core.selectorOf(handle) >>> 0 : (roots[0] ?? 0);
  core.setTable(handle, spec.core, root, several ? spec.top + 1 : spec.top, spec.variant, Math.log2(page));
  core.setTableFlags(
    handle,
    allocator === undefined ? 0 : 1,
    spec.coherentWalk ? 0 : 1,
    spec.space === "signed" ? 1 : 0,
  );
  const topBits = (core.geometry(spec.core, 0, spec.top) ?? 0) + Math.log2(spec.rootItems(spec.top) * spec.roots);
  const spanBits = spec.space === "signed" ? spec.ias - 1 : Math.min(spec.ias, topBits);
  const first = spec.space === "upper" ? 2 ** 64 - 2 ** spec.ias : 0;
  core.setTableSpace(handle, first, spanBits, spec.ias, spec.oas);
  core.setTableReach(handle, spec.tablePaddrBits);
  const table = halves(spec.tableBits);
  const sizes = halves(leafSizes(core, spec).reduce((all, size) => all | BigInt(size), 0n));
  core.setTableAttributes(handle, table.low, table.high, sizes.low, sizes.high, spec.encryptionBit);
  const memoryMask = halves(spec.memoryTypeMask);
  core.setTableBreaks(
    handle,
    ["never", "bbm2", "always"].indexOf(spec.breakBeforeMake),
    memoryMask.low,
    memoryMask.high,
  );
  const written = halves(spec.writtenBit);
  core.setTableWrittenBit(handle, written.low, written.high);
  const dirty = spec.dirty ?? { mask: 0n, value: 0n, flip: 0n };
  const [mask, value, flip] = [halves(dirty.mask), halves(dirty.value), halves(dirty.flip)];
  core.setTableDirty(handle, mask.low, mask.high, value.low, value.high, flip.low, flip.high);
  for (let prot = 0; prot < PLAIN_PROTS; prot++) {
    const bits = spec.encode(prot, args.strict);
    const { low, high } = isRefusal(bits) ? { low: 0, high: 0 } : bits;
    core.setTableProt(handle, prot, low, high);
  }
  core.prepareTable(handle);
  const bytes = spec.rootItems(spec.top) * 2 ** core.geometry(spec.core, 2, 0);
  const placed = !several || roots.every((offset, i) => core.setRoot(handle, i, offset, bytes) !== 0);
  if (!placed)
    throw new IoPgtableError("ENOMEM", operation, "the bookkeeping region has no room for the records of the roots");
}

/** A walker over tables that somebody else built. */
export function openTable(memory: unknown, options: unknown): TableState {
  const operation = "IoPageTable.open";
  const state = memoryState(memory, operation);
  state.checkIdle(operation);
  const { format, root } = checkObject(options, operation) as { format?: unknown; root?: unknown };
  const spec = checkFormat(format, operation);
  const roots = Array.isArray(root) ? (root as unknown[]) : [root];
  if (roots.length === 0) throw new IoPgtableError("EINVAL", operation, "root is an empty array");
  const itemLg2 = state.core.geometry(spec.core, 2, 0);
  const bytes = spec.rootItems(spec.top) * 2 ** itemLg2;
  const offsets = roots.map((paddr) => rootOffset(state, paddr, bytes, operation));
  const nothing = (): void => undefined;
  const table = new TableState({
    memory: state,
    spec,
    flush: { flushAll: nothing, flushWalk: nothing, flushRange: nothing },
    byOwner: false,
    allocator: undefined,
    exact: false,
    strict: false,
    handle: 0,
    roots: offsets,
  });
  table.blocked = Blocked.READ_ONLY;
  return table;
}

function rootOffset(state: MemoryState, paddr: unknown, bytes: number, operation: string): number {
  if (typeof paddr !== "number" || !Number.isInteger(paddr) || paddr < 0 || paddr % 8 !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `root is ${show(paddr)}; give the physical address of the root table`,
    );
  }
  const offset = state.offsetOf(paddr, bytes);
  if (offset < 0)
    throw new IoPgtableError("EFAULT", operation, `the root at ${show(paddr)} (${bytes} bytes) is outside the memory`);
  return offset;
}

/** A handle for other realms; from now on several may use the table. */
export function shareTable(s: TableState): SharedTable {
  s.checkReadable("share");
  if (s.handle === 0) throw new IoPgtableError("ENOTSUP", "share", "open() the same tables in the other realm instead");
  s.core.setTableShared(s.handle);
  const handle: SharedHandle = {
    format: s.spec.name,
    handle: s.handle,
    signature: signature(s.spec),
    callerPages: s.allocator !== undefined,
    roots: s.roots,
  };
  return handle;
}

/** The table in another realm. */
export function attachTable(memory: unknown, shared: unknown, options: unknown): TableState {
  const operation = "IoPageTable.attach";
  const args = checkArguments(memory, options, operation);
  args.memory.checkIdle(operation);
  const handle = shared as Partial<SharedHandle> | null | undefined;
  if (
    typeof handle !== "object" ||
    handle === null ||
    typeof handle.handle !== "number" ||
    typeof handle.signature !== "string"
  ) {
    throw new IoPgtableError("EINVAL", operation, `the table is ${show(shared)}; give what table.share() returned`);
  }
  if (handle.signature !== signature(args.spec)) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the format differs from the table's (${String(handle.format)}); configure it alike`,
    );
  }
  takeFormat(args.spec, operation);
  const state = new TableState({ ...args, allocator: undefined, handle: handle.handle, roots: handle.roots ?? [] });
  if (handle.callerPages === true) state.blocked = Blocked.FOREIGN_PAGES;
  return state;
}

/** What two realms must agree on. */
function signature(spec: FormatSpec): string {
  const {
    name,
    core,
    variant,
    ias,
    oas,
    pageSizes,
    maxTop,
    space,
    coherentWalk,
    tableBits,
    writtenBit,
    encryptionBit,
  } = spec;
  return JSON.stringify([
    name,
    core,
    variant,
    ias,
    oas,
    pageSizes,
    maxTop,
    space,
    coherentWalk,
    String(tableBits | writtenBit),
    encryptionBit,
  ]);
}

function checkObject(options: unknown, operation: string): object {
  if (typeof options !== "object" || options === null) {
    throw new IoPgtableError("EINVAL", operation, `the options are ${show(options)}; give an object`);
  }
  return options;
}

function checkFormat(format: unknown, operation: string): FormatSpec {
  const spec = specOf(format);
  if (spec === undefined) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the format is ${show(format)}; make one with a format function such as armLpaeS1`,
    );
  }
  return spec;
}

function checkArguments(memory: unknown, options: unknown, operation: string): Arguments {
  const state = memoryState(memory, operation);
  const o = checkObject(options, operation) as Partial<Record<keyof TableOptions<unknown>, unknown>>;
  const spec = checkFormat(o.format, operation);
  const flush = checkFlushOps(o.flush, operation);
  const { gatherRanges = "merge", strictProtection = false } = o;
  if (gatherRanges !== "merge" && gatherRanges !== "exact") {
    throw new IoPgtableError("EINVAL", operation, `gatherRanges is ${show(gatherRanges)}; give "merge" or "exact"`);
  }
  if (typeof strictProtection !== "boolean") {
    throw new IoPgtableError("EINVAL", operation, `strictProtection is ${show(strictProtection)}; give true or false`);
  }
  return {
    memory: state,
    spec,
    flush,
    byOwner: isFlushedByOwner(flush),
    allocator: checkAllocator(o.allocator, operation),
    exact: gatherRanges === "exact",
    strict: strictProtection,
  };
}

/** A format with callbacks speaks for one table's device. */
function takeFormat(spec: FormatSpec, operation: string): void {
  if (spec.syncForDevice === undefined && spec.changeTop === undefined) return;
  if (taken.has(spec)) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the format ${spec.name} has callbacks and serves a table already; make another one`,
    );
  }
  taken.add(spec);
}
