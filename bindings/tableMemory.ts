// The memory that table pages live in.

import { checkModule } from "./coreModule.js";
import { IoPgtableError } from "./errors.js";
import { MemoryState, type Region, type Window } from "./memoryState.js";
import { checkInteger, show } from "./numbers.js";
import { touchAhead } from "./touchAhead.js";

const GIB4 = 2 ** 32;
const WASM_PAGE = 65536;
const DEFAULT_BYTES = 256 * 2 ** 20;
const DEFAULT_PHYS_BASE = 0x8000_0000;
/** The largest output address of any format (RISC-V) has 56 bits. */
const PHYS_LIMIT = 2 ** 56;
/** What the bookkeeping of a memory is sized for: realms (workers) with a mailbox each, and descriptors of tables. */
const REALMS = 32;
const DESCRIPTORS_BYTES = 512 * 1024;
/** Records: 1 KiB for each 64 KiB of memory in which table pages are. */
const RECORD_BLOCK = 1024;

/** Structured-cloneable handle of a memory. */
export interface SharedTableMemory {
  readonly memory: WebAssembly.Memory;
}

/** What the handle really holds. */
interface SharedHandle extends SharedTableMemory {
  readonly superblock: number;
  readonly windows: readonly Window[];
  readonly hasPool: boolean;
  /** Compiled once for all realms. */
  readonly module: WebAssembly.Module;
}

const DONE = Promise.resolve();
const states = new WeakMap<TableMemory, MemoryState>();
let made: MemoryState | undefined;

/** The inside of a `TableMemory`, for the other modules of the library. */
export function memoryState(memory: unknown, operation: string): MemoryState {
  const state = memory instanceof TableMemory ? states.get(memory) : undefined;
  if (state === undefined) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `the memory is ${show(memory)}; make one with TableMemory.create or TableMemory.over`,
    );
  }
  return state;
}

/**
 * The shared linear memory that table pages live in. The page at byte `offset` has the physical address `physBase + offset`. One memory holds any
 * number of tables; workers attach to it through `share()`.
 *
 * @example
 * ```ts
 * const memory = TableMemory.create({ bytes: 16 * 2 ** 20 });
 * ```
 */
export class TableMemory {
  #touched: Promise<void> = DONE;

  /** Not for callers: see `create`, `over` and `attach`. @throws IoPgtableError EINVAL */
  constructor() {
    if (made === undefined) {
      throw new IoPgtableError(
        "EINVAL",
        "TableMemory",
        "use TableMemory.create, TableMemory.over or TableMemory.attach",
      );
    }
    states.set(this, made);
    made = undefined;
  }

  /**
   * A new memory.
   * @param options.bytes room for table pages (reserved, not touched): default 256 MiB, at most 4 GiB; rounded up to 64 KiB. The library's own records
   *   come on top (below 2 % and 2.5 MiB), where 4 GiB in all allow it.
   * @param options.physBase the physical address of byte 0: default 0x80000000, a multiple of 4 KiB below 2^56
   * @param options.shared whether workers may attach; default: where the environment has shared memory
   * @param options.module the core, compiled by the caller: by `compileCore`, or from `io-pgtable/core.wasm` (for unshared memory
   *   `io-pgtable/core-unshared.wasm`) where an environment compiles files only; default: the package compiles the one that it embeds
   * @param options.touchAhead how many bytes of the room to touch ahead, at most all of it: default 0. It is done in chunks of 256 KiB between other tasks,
   *   from the end of the caller's; `touched` tells when all is done. Tables in memory that was never touched take a fault of the operating system for each page
   * @throws IoPgtableError EINVAL, ENOMEM (the environment refused the memory), ENOTSUP (`shared: true` where there is none)
   *
   * @example
   * ```ts
   * const small = TableMemory.create({ bytes: 2 ** 20, physBase: 0x1_0000_0000 });
   * small.stats().bytes >= 2 ** 20; // => true
   * ```
   */
  static create(
    options: {
      bytes?: number;
      physBase?: number;
      shared?: boolean;
      module?: WebAssembly.Module;
      touchAhead?: number;
    } = {},
  ): TableMemory {
    const operation = "TableMemory.create";
    if (typeof options !== "object" || options === null) {
      throw new IoPgtableError("EINVAL", operation, `the options are ${show(options)}; give an object`);
    }
    const asked = checkInteger(options.bytes ?? DEFAULT_BYTES, "bytes", operation, GIB4);
    if (asked === 0) throw new IoPgtableError("EINVAL", operation, "bytes is 0; give room for at least one table page");
    const physBase = checkPhysBase(options.physBase ?? DEFAULT_PHYS_BASE, operation);
    const touch = checkInteger(options.touchAhead ?? 0, "touchAhead", operation, GIB4);
    const wanted = Math.ceil(asked / WASM_PAGE) * WASM_PAGE;
    const records = Math.ceil(wanted / WASM_PAGE) * (RECORD_BLOCK + 4) + 2 * RECORD_BLOCK;
    const overhead = Math.ceil((records + REALMS * 64 * 1024 + DESCRIPTORS_BYTES) / WASM_PAGE) * WASM_PAGE;
    const total = Math.min(wanted + overhead, GIB4);
    const module = checkModule(options.module, operation);
    const memory = newMemory(total / WASM_PAGE, options.shared, operation);
    const window = { offset: overhead, bytes: total - overhead, physBase: physBase + overhead };
    const own = { areaStart: overhead, areaBytes: window.bytes };
    made = new MemoryState(memory, [window], { hasPool: true, own, module }, operation);
    const created = new TableMemory();
    const words = Math.floor(Math.min(touch, window.bytes) / 4) * 4;
    if (words > 0) created.#touched = touchAhead(memory, overhead, words);
    return created;
  }

  /**
   * Use a memory that exists already, such as an emulator's guest RAM. `windows` say which bytes have which physical addresses (RAM may have holes).
   * `over` and `open` write nothing. To build tables there, give `bookkeeping`, a region that nothing else may write and that no window contains, and an
   * allocator for the table pages. The memory may grow meanwhile. `module` as in `create`; it has to go with the memory: `core-unshared.wasm`
   * declares a maximum, which the memory has to have then.
   * @throws IoPgtableError EINVAL
   *
   * @example
   * ```ts
   * const ram = new WebAssembly.Memory({ initial: 1024, maximum: 1024 }); // 64 MiB; the guest has the first 56
   * const guestRam = TableMemory.over(ram, {
   *   windows: [{ offset: 0, bytes: 56 * 2 ** 20, physBase: 0x8000_0000 }],
   *   bookkeeping: { offset: 56 * 2 ** 20, bytes: TableMemory.bookkeepingBytes(2 ** 20) },
   * });
   * guestRam.physBase; // => 0x8000_0000
   * ```
   */
  static over(
    memory: WebAssembly.Memory,
    options: {
      windows: readonly { offset: number; bytes: number; physBase: number }[];
      bookkeeping?: { offset: number; bytes: number };
      module?: WebAssembly.Module;
    },
  ): TableMemory {
    const operation = "TableMemory.over";
    if (!(memory instanceof WebAssembly.Memory)) {
      throw new IoPgtableError("EINVAL", operation, `the memory is ${show(memory)}; give a WebAssembly.Memory`);
    }
    if (
      typeof options !== "object" ||
      options === null ||
      !Array.isArray(options.windows) ||
      options.windows.length === 0
    ) {
      throw new IoPgtableError("EINVAL", operation, "give `windows`: at least one { offset, bytes, physBase }");
    }
    const windows = options.windows.map((w: unknown, i) => checkWindow(w, `windows[${i}]`, memory, operation));
    const bookkeeping =
      options.bookkeeping === undefined
        ? undefined
        : checkRegion(options.bookkeeping, "bookkeeping", memory, operation);
    checkDisjoint(windows, bookkeeping, operation);
    const module = checkModule(options.module, operation);
    made = new MemoryState(memory, windows, { bookkeeping, hasPool: false, module }, operation);
    return new TableMemory();
  }

  /**
   * Bytes of a bookkeeping region that serves `tableBytes` bytes of table pages, wherever they lie.
   * @throws IoPgtableError EINVAL
   *
   * @example
   * ```ts
   * TableMemory.bookkeepingBytes(2 ** 20); // => 14 * 2 ** 16
   * ```
   */
  static bookkeepingBytes(tableBytes: number): number {
    const bytes = checkInteger(tableBytes, "tableBytes", "TableMemory.bookkeepingBytes", GIB4);
    const groups = Math.min(Math.ceil(bytes / 4096), GIB4 / WASM_PAGE);
    const directory = (GIB4 / WASM_PAGE) * 4;
    return Math.ceil((4096 + directory + 4 * 64 * 1024 + 64 * 1024 + groups * RECORD_BLOCK) / WASM_PAGE) * WASM_PAGE;
  }

  /**
   * In a worker: the same memory, received by postMessage. The handle brings the compiled core along.
   * @throws IoPgtableError EINVAL for anything that `share()` did not make; ENOMEM when the bookkeeping has no room for another realm
   *
   * @example
   * ```ts
   * const there = TableMemory.attach(memory.share()); // in a worker, with the handle that it was sent
   * there.buffer === memory.buffer; // => true
   * ```
   */
  static attach(shared: SharedTableMemory): TableMemory {
    const operation = "TableMemory.attach";
    const handle = shared as Partial<SharedHandle> | null;
    if (
      typeof handle !== "object" ||
      handle === null ||
      !(handle.memory instanceof WebAssembly.Memory) ||
      !Array.isArray(handle.windows) ||
      typeof handle.superblock !== "number" ||
      typeof handle.hasPool !== "boolean"
    ) {
      throw new IoPgtableError(
        "EINVAL",
        operation,
        `the handle is ${show(shared)}; give what TableMemory.share returned`,
      );
    }
    const { superblock, hasPool } = handle;
    const module = checkModule(handle.module, operation);
    made = new MemoryState(handle.memory, handle.windows, { superblock, hasPool, module }, operation);
    return new TableMemory();
  }

  /**
   * A handle that a worker passes to `TableMemory.attach`.
   * @throws IoPgtableError ENOTSUP for a memory that is not shared; EBUSY in a callback
   *
   * @example
   * ```ts
   * const handle = memory.share(); // for worker.postMessage(handle)
   * handle.memory.buffer === memory.buffer; // => true
   * ```
   */
  share(): SharedTableMemory {
    const state = memoryState(this, "TableMemory.share");
    state.checkIdle("TableMemory.share");
    if (!state.shared) {
      throw new IoPgtableError(
        "ENOTSUP",
        "TableMemory.share",
        "the memory is not shared; create it with `shared: true` (in a page: only with cross-origin isolation)",
      );
    }
    if (state.superblock === 0) state.needBookkeeping("TableMemory.share");
    const handle: SharedHandle = {
      memory: state.memory,
      superblock: state.superblock,
      windows: state.windows.map((w) => ({ ...w })),
      hasPool: state.hasPool,
      module: state.module,
    };
    return handle;
  }

  /** Resolves when what `touchAhead` of `create` asked for is done; at once where nothing was asked for. */
  get touched(): Promise<void> {
    return this.#touched;
  }

  /** The memory's bytes as they are now; a growth replaces them. */
  get buffer(): ArrayBufferLike {
    return memoryState(this, "TableMemory.buffer").memory.buffer;
  }

  /** The physical address of byte 0 (of the first window's offset 0). */
  get physBase(): number {
    const [first] = memoryState(this, "TableMemory.physBase").windows;
    return first === undefined ? 0 : first.physBase - first.offset;
  }

  /**
   * An array inside this memory, so that `translate` and lists need not copy it. It is never given back. A growth of an unshared memory detaches it.
   * @throws IoPgtableError EINVAL; ENOMEM when there is no room; EBUSY in a callback
   *
   * @example
   * ```ts
   * const pages = memory.float64Array(512);
   * pages.buffer === memory.buffer; // => true
   * ```
   */
  float64Array(length: number): Float64Array {
    const operation = "TableMemory.float64Array";
    const state = memoryState(this, operation);
    state.checkIdle(operation);
    const n = checkInteger(length, "length", operation, GIB4 / 8);
    state.needBookkeeping(operation);
    const at = n === 0 ? state.superblock : state.core.takeBytes(n * 8) >>> 0;
    if (at === 0)
      throw new IoPgtableError("ENOMEM", operation, `no room for ${n} numbers; create the memory with more bytes`);
    return new Float64Array(state.memory.buffer, at, n);
  }

  /**
   * Bytes that can hold table pages; table objects in use now and at most so far; free pages kept for reuse.
   *
   * @example
   * ```ts
   * memory.stats().tablePagesInUse; // => 1
   * ```
   */
  stats(): { bytes: number; tablePagesInUse: number; tablePagesPeak: number; tablePagesPooled: number } {
    const state = memoryState(this, "TableMemory.stats");
    state.checkIdle("TableMemory.stats");
    const bytes = state.windows.reduce((sum, w) => sum + w.bytes, 0);
    if (state.superblock === 0) return { bytes, tablePagesInUse: 0, tablePagesPeak: 0, tablePagesPooled: 0 };
    return {
      bytes,
      tablePagesInUse: state.core.pagesInUse(),
      tablePagesPeak: state.core.pagesPeak(),
      tablePagesPooled: state.core.pagesPooled(),
    };
  }
}

function newMemory(pages: number, shared: boolean | undefined, operation: string): WebAssembly.Memory {
  if (shared !== undefined && typeof shared !== "boolean") {
    throw new IoPgtableError("EINVAL", operation, `shared is ${show(shared)}; give true or false`);
  }
  const canShare = typeof SharedArrayBuffer !== "undefined";
  if (shared === true && !canShare) {
    throw new IoPgtableError(
      "ENOTSUP",
      operation,
      "this environment has no shared memory (a page needs cross-origin isolation)",
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: shared ?? canShare });
  } catch (cause) {
    throw new IoPgtableError(
      "ENOMEM",
      operation,
      `the environment refused ${pages * WASM_PAGE} bytes (${String(cause)})`,
    );
  }
}

function checkPhysBase(x: unknown, operation: string): number {
  const physBase = checkInteger(x, "physBase", operation, PHYS_LIMIT - GIB4);
  if (physBase % 4096 !== 0) {
    throw new IoPgtableError("EINVAL", operation, `physBase is ${show(x)}; it must be a multiple of 0x1000`);
  }
  return physBase;
}

function checkRegion(x: unknown, what: string, memory: WebAssembly.Memory, operation: string): Region {
  if (typeof x !== "object" || x === null)
    throw new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; give an object`);
  const { offset, bytes } = x as Partial<Region>;
  const from = checkInteger(offset, `${what}.offset`, operation, GIB4);
  const size = checkInteger(bytes, `${what}.bytes`, operation, GIB4);
  if (size === 0 || from + size > memory.buffer.byteLength) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `${what} (${show(from)}, ${show(size)} bytes) does not lie in the memory`,
    );
  }
  return { offset: from, bytes: size };
}

function checkWindow(x: unknown, what: string, memory: WebAssembly.Memory, operation: string): Window {
  const region = checkRegion(x, what, memory, operation);
  const physBase = checkPhysBase((x as Partial<Window>).physBase, operation);
  if (region.offset % 4096 !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `${what}.offset is ${show(region.offset)}; it must be a multiple of 0x1000`,
    );
  }
  return { ...region, physBase };
}

function checkDisjoint(windows: readonly Window[], bookkeeping: Region | undefined, operation: string): void {
  const overlap = (a: number, aBytes: number, b: number, bBytes: number): boolean => a < b + bBytes && b < a + aBytes;
  windows.forEach((w, i) => {
    if (bookkeeping !== undefined && overlap(w.offset, w.bytes, bookkeeping.offset, bookkeeping.bytes)) {
      throw new IoPgtableError(
        "EINVAL",
        operation,
        `the bookkeeping region lies in windows[${i}], where tables could reach it`,
      );
    }
    for (const [k, other] of windows.slice(0, i).entries()) {
      if (
        overlap(w.offset, w.bytes, other.offset, other.bytes) ||
        overlap(w.physBase, w.bytes, other.physBase, other.bytes)
      ) {
        throw new IoPgtableError("EINVAL", operation, `windows[${i}] overlaps windows[${k}]`);
      }
    }
  });
}
