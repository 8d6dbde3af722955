// What the library knows of a memory in this realm; `TableMemory` is its public face.
import type { Core, CoreImports } from "./core.js";
import { instantiate, type LoadedCore, mismatch } from "./coreModule.js";
import { IoPgtableError } from "./errors.js";

/** Bytes of the memory that have physical addresses. */
export interface Window {
  readonly offset: number;
  readonly bytes: number;
  readonly physBase: number;
}

/** A region that the library may use for its own records. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

/** Where the mailbox of the core's realm has its fields, in f64 (assembly/memory/realm.ts). */
export const Mail = {
  EVENTS: 0,
  DONE: 1,
  AT: 2,
  SMALLEST: 3,
  UNLINKED_HEAD: 4,
  UNLINKED_TAIL: 5,
  UNLINKED_COUNT: 6,
  EXTRA: 7,
} as const;

const GROUP_BYTES = 65536;
const EMPTY = new Float64Array(0);

export class MemoryState {
  readonly memory: WebAssembly.Memory;
  readonly core: Core;
  /** What the core is an instance of, so that other realms need not compile it. */
  readonly module: WebAssembly.Module;
  readonly windows: readonly Window[];
  readonly shared: boolean;
  /** Whether the memory has room of its own for table pages; else an allocator must give them. */
  readonly hasPool: boolean;
  /** More than 0 while a callback runs that was called on behalf of a table in this memory. */
  callbacks = 0;
  /** Bytes of the roots that callers' allocators gave in this realm, by offset. */
  readonly callerRoots: Map<number, number> = new Map();
  /** The tables of which prepared updates hold ranges, by handle: what says whether an empty table must stay. */
  readonly holders: Map<number, (iova: number, size: number) => boolean> = new Map();
  /** The superblock's offset once there is one; 0 before. */
  superblock: number;
  #bookkeeping: Region | undefined;
  #mailbox = 0;
  #mail: Float64Array = EMPTY;
  #words: Uint32Array = new Uint32Array(0);

  constructor(
    memory: WebAssembly.Memory,
    windows: readonly Window[],
    options: {
      bookkeeping?: Region | undefined;
      superblock?: number;
      own?: Own;
      hasPool: boolean;
      module?: WebAssembly.Module | undefined;
    },
    operation: string,
  ) {
    this.memory = memory;
    this.windows = windows;
    this.shared = !(memory.buffer instanceof ArrayBuffer);
    this.hasPool = options.hasPool;
    this.superblock = options.superblock ?? 0;
    this.#bookkeeping = options.bookkeeping;
    const { core, module } = this.#load(options.module, operation);
    this.core = core;
    this.module = module;
    this.#use(windows[0]);
    if (options.own !== undefined) this.superblock = layOutOwn(this.core, options.own);
    if (this.superblock !== 0) this.#attachRealm(this.superblock, "attach");
  }

  #load(module: WebAssembly.Module | undefined, operation: string): LoadedCore {
    const imports: CoreImports = {
      otherWindow: (paddr, bytes) => this.#otherWindow(paddr, bytes),
      otherWindowAt: (offset) => this.#use(this.windowAt(offset)),
      isHeld: (handle, iova, size) => (this.holders.get(handle >>> 0)?.(iova, size) === true ? 1 : 0),
    };
    try {
      return instantiate(this.memory, imports, module);
    } catch (error) {
      if (module !== undefined && error instanceof WebAssembly.LinkError) throw mismatch(error, this.shared, operation);
      throw error;
    }
  }

  #use(window: Window | undefined): void {
    if (window !== undefined) this.core.setWindow(window.offset, window.bytes, window.physBase);
  }

  #otherWindow(paddr: number, bytes: number): number {
    const window = this.windows.find((w) => paddr >= w.physBase && paddr + bytes <= w.physBase + w.bytes);
    this.#use(window);
    return window === undefined ? 0 : 1;
  }

  /** The window that holds an offset. */
  windowAt(offset: number): Window | undefined {
    return this.windows.find((w) => offset >= w.offset && offset < w.offset + w.bytes);
  }

  /** The offset of [paddr, paddr+bytes), or -1 where that is outside. */
  offsetOf(paddr: number, bytes: number): number {
    for (const w of this.windows) {
      if (paddr >= w.physBase && paddr + bytes <= w.physBase + w.bytes) return w.offset + (paddr - w.physBase);
    }
    return -1;
  }

  /** The physical address of an offset inside a window. */
  paddrOf(offset: number): number {
    const w = this.windowAt(offset);
    return w === undefined ? Number.NaN : w.physBase + (offset - w.offset);
  }

  /** Lay out the bookkeeping region, if that was not done. Nothing is written to a memory before a table is built in it. */
  needBookkeeping(operation: string): void {
    if (this.superblock !== 0) return;
    const region = this.#bookkeeping;
    if (region === undefined) {
      throw new IoPgtableError(
        "ENOTSUP",
        operation,
        "this memory has no bookkeeping region; give TableMemory.over one to build tables in it",
      );
    }
    new Uint8Array(this.memory.buffer, region.offset, region.bytes).fill(0);
    const at = Math.ceil((region.offset + 1) / 64) * 64;
    // The core's offsets have 32 bits: of a region up to 4 GiB the last bytes stay unused.
    const end = Math.min(region.offset + region.bytes, 2 ** 32 - 64);
    if (end <= at || !this.core.createSuperblock(at, end, 0, 0, 65536)) throw tooSmall(operation);
    this.#attachRealm(at, operation);
    this.superblock = at;
  }

  #attachRealm(superblock: number, operation: string): void {
    this.#mailbox = this.core.attachRealm(superblock) >>> 0;
    if (this.#mailbox === 0) throw tooSmall(operation);
  }

  /** The mailbox, as f64. A growth of the memory detaches the view: it is then made anew. */
  get mail(): Float64Array {
    const mail = this.#mail;
    return mail.length !== 0 ? mail : this.#renewMail();
  }

  #renewMail(): Float64Array {
    if (this.#mailbox === 0) return EMPTY;
    const bytes = this.core.realmBytes();
    this.#mail = new Float64Array(this.memory.buffer, this.#mailbox, bytes >> 3);
    return this.#mail;
  }

  /** All of the memory in words of 32 bits, as long as it is now. */
  get words(): Uint32Array {
    if (this.#words.buffer !== this.memory.buffer) this.#words = new Uint32Array(this.memory.buffer);
    return this.#words;
  }

  /** @throws IoPgtableError EBUSY inside a callback */
  checkIdle(operation: string): void {
    if (this.callbacks !== 0) {
      throw new IoPgtableError(
        "EBUSY",
        operation,
        "called from a callback of a table in this memory; call it after the operation",
      );
    }
  }
}

/** A memory of the library's own: bookkeeping from byte 64 on, table pages behind it. */
export interface Own {
  readonly areaStart: number;
  readonly areaBytes: number;
}

function layOutOwn(core: Core, own: Own): number {
  const at = 64;
  const groups = (own.areaStart + own.areaBytes) / GROUP_BYTES;
  if (!core.createSuperblock(at, own.areaStart, own.areaStart, own.areaBytes / 1024, groups)) throw tooSmall("create");
  return at;
}

function tooSmall(operation: string): IoPgtableError {
  return new IoPgtableError(
    "ENOMEM",
    operation,
    "the bookkeeping region is too small; TableMemory.bookkeepingBytes says what it takes",
  );
}
