// What this realm knows of one table; `IoPageTable` is its public face.
import type { TableAllocator } from "../allocator.js";
import type { Core } from "../core.js";
import { type ErrorCode, IoPgtableError } from "../errors.js";
import type { FlushOps } from "../flush.js";
import { type AttributeBits, type FormatSpec, halves, isRefusal } from "../formats/format.js";
import type { MemoryState } from "../memoryState.js";
import type { TableGather } from "./gather.js";
import { Holds } from "./holds.js";
import { leafSizes } from "./leafSizes.js";
import { Backlog, type Flush, Quarantine } from "./pages.js";

/** Why calls are refused: bits of `TableState.blocked`. */
export const Blocked = { CALLBACK: 1, DESTROYED: 2, READ_ONLY: 4, FOREIGN_PAGES: 8, WATCHED: 16 } as const;

/** Who is told of a table's changes. Its calls then take their longer ways, so that all others pay nothing for it. */
export interface TableWatcher {
  /** A call is about to change the table. */
  beforeChange(): void;
  /** The device has been told of written memory. */
  written(paddr: number, bytes: number): void;
  /** The owner has flushed what was unlinked before the mark; without one, all. */
  acknowledged(mark: number | undefined): void;
}

/** What a table is made of, once its arguments are checked. */
export interface TableParts {
  readonly memory: MemoryState;
  readonly spec: FormatSpec;
  readonly flush: FlushOps;
  readonly byOwner: boolean;
  readonly allocator: TableAllocator | undefined;
  readonly exact: boolean;
  readonly strict: boolean;
  /** The descriptor in the core; 0 for a table that somebody else built. */
  readonly handle: number;
  /** Offsets of the roots of a table that somebody else built, and where there are several, of one of our own. */
  readonly roots: readonly number[];
}

export class TableState {
  readonly memory: MemoryState;
  readonly core: Core;
  readonly spec: FormatSpec;
  readonly flush: FlushOps;
  readonly byOwner: boolean;
  readonly allocator: TableAllocator | undefined;
  readonly exact: boolean;
  readonly strict: boolean;
  readonly handle: number;
  readonly roots: readonly number[];
  /** The leaf sizes that the table can hold, in bytes, ascending. */
  readonly sizes: readonly number[];
  /** The smallest leaf size, in bytes. */
  readonly page: number;
  /** log2 of the span of one item at each level. */
  readonly shifts: readonly number[];
  readonly itemLg2: number;
  readonly sameItems: boolean;
  /** In table items at each level, the bits that hold the next table's address. */
  readonly tableAddressMasks: readonly AttributeBits[];
  /** The ends of the lower input space and of the output space. */
  readonly inputEnd: number;
  readonly outputEnd: number;
  readonly #tableBytes: readonly number[];
  /** Index of the first event in the mailbox. */
  readonly eventsAt: number;
  /** Bits of `Blocked`; 0 = every call is welcome, and nobody watches. */
  blocked = 0;
  watcher: TableWatcher | undefined;
  /** Whether map and unmap may go straight to the core: its own pages, no growth, nobody to tell of new mappings, nothing left over. */
  direct = false;
  readonly backlog: Backlog;
  readonly quarantine: Quarantine;
  /** Gathers with something in them. */
  readonly gathers: Set<TableGather> = new Set();
  /** Ranges that prepared updates hold. */
  readonly holds: Holds = new Holds();
  /** The pool's pages wait in the reserve for an operation that must not fail. */
  stocked = false;
  /** A destroyed table gives its root back once. */
  rootReleased = false;
  readonly #explicit = new Map<number, AttributeBits>();

  constructor(parts: TableParts) {
    this.memory = parts.memory;
    this.core = parts.memory.core;
    this.spec = parts.spec;
    this.flush = parts.flush;
    this.byOwner = parts.byOwner;
    this.allocator = parts.allocator;
    this.exact = parts.exact;
    this.strict = parts.strict;
    this.handle = parts.handle;
    this.roots = parts.roots;
    const { core, pageSizes, maxTop } = parts.spec;
    this.sizes = leafSizes(this.core, parts.spec);
    this.page = pageSizes[0] ?? 4096;
    this.inputEnd = 2 ** parts.spec.ias;
    this.outputEnd = 2 ** parts.spec.oas;
    this.shifts = Array.from({ length: maxTop + 1 }, (_, level) => this.core.geometry(core, 0, level));
    this.itemLg2 = this.core.geometry(core, 2, 0);
    this.sameItems = this.core.geometry(core, 3, 0) === 1;
    this.tableAddressMasks = this.shifts.map((_, level) => halves(parts.spec.tableAddressMask(level)));
    this.#tableBytes = this.shifts.map((_, level) => 2 ** (this.core.geometry(core, 1, level) + this.itemLg2));
    this.eventsAt = this.core.eventsOffset() >> 3;
    this.backlog = new Backlog(this.core);
    this.quarantine = new Quarantine(this.core);
    this.settleDirect();
  }

  /** Work out `direct` again. */
  settleDirect(): void {
    const grows = this.handle !== 0 && this.core.tableTop(this.handle) < this.spec.maxTop;
    this.direct =
      this.handle !== 0 &&
      this.allocator === undefined &&
      !grows &&
      this.flush.mapped === undefined &&
      this.holds.isEmpty &&
      this.backlog.isEmpty;
  }

  /** Where the root is, and its level: growth changes both. */
  get root(): number {
    return this.roots[0] ?? this.core.tableRoot(this.handle) >>> 0;
  }
  get top(): number {
    return this.roots.length !== 0 ? this.spec.top : this.core.tableTop(this.handle);
  }

  /** Bytes of a table at `level` that is not the root. */
  tableBytes(level: number): number {
    return this.#tableBytes[level] ?? 0;
  }

  /** Bytes to allocate for it: a page has a record of its own, so that tables below 1 KiB are rounded up. */
  allocationBytes(level: number): number {
    return Math.max(this.tableBytes(level), 1024);
  }

  /** How many items the core's root has. */
  get coreRootItems(): number {
    return this.spec.roots > 1 ? this.spec.roots : this.spec.rootItems(this.top);
  }

  rootBytes(top: number): number {
    return Math.max(this.spec.rootItems(top) * 2 ** this.itemLg2, 64);
  }

  /** @throws IoPgtableError for a protection that the format does not take */
  attributes(prot: unknown, operation: string, iova: number | bigint | undefined): AttributeBits {
    if (typeof prot !== "number") {
      throw new IoPgtableError("EINVAL", operation, `the protection is ${String(prot)}; combine flags of Prot`, iova);
    }
    const known = this.#explicit.get(prot);
    if (known !== undefined) return known;
    const bits = this.spec.encode(prot, this.strict);
    if (isRefusal(bits))
      throw new IoPgtableError(bits.code, operation, `${bits.reason} (format ${this.spec.name})`, iova);
    this.#explicit.set(prot, bits);
    return bits;
  }

  /** A flush that threw is owed: the next operation that flushes issues it first. */
  owe(flush: Flush): void {
    this.backlog.flushes.push(flush);
    this.direct = false;
  }

  /** Run a callback of the caller's; what it may not touch refuses meanwhile. */
  call<T>(callback: () => T): T {
    this.blocked |= Blocked.CALLBACK;
    this.memory.callbacks++;
    try {
      return callback();
    } finally {
      this.memory.callbacks--;
      this.blocked &= ~Blocked.CALLBACK;
    }
  }

  /** @throws IoPgtableError when the table cannot be changed now */
  checkChangeable(operation: string): void {
    const { blocked } = this;
    if (blocked === 0) return;
    if (blocked !== Blocked.WATCHED) this.#refuse(operation, blocked);
    this.watcher?.beforeChange();
  }

  /** @throws IoPgtableError when the table cannot be read now */
  checkReadable(operation: string): void {
    const blocked = this.blocked & (Blocked.CALLBACK | Blocked.DESTROYED);
    if (blocked !== 0) this.#refuse(operation, blocked);
  }

  #refuse(operation: string, blocked: number): never {
    if (blocked & Blocked.CALLBACK) {
      throw new IoPgtableError(
        "EBUSY",
        operation,
        "called from one of the table's own callbacks; call it after the operation",
      );
    }
    if (blocked & Blocked.DESTROYED) throw new IoPgtableError("EINVAL", operation, "the table was destroyed");
    if (blocked & Blocked.READ_ONLY) {
      throw new IoPgtableError(
        "ENOTSUP",
        operation,
        "a table that was opened is only read; whoever built it changes it",
      );
    }
    throw new IoPgtableError(
      "ENOTSUP",
      operation,
      "a table with an allocator is changed only in the realm that made it",
    );
  }
}

const CODES: Record<number, ErrorCode> = {
  [-1]: "EINVAL",
  [-2]: "ERANGE",
  [-3]: "EEXIST",
  [-4]: "ENOMEM",
  [-5]: "EFAULT",
};
const REASONS: Record<string, string> = {
  EEXIST: "something is mapped there already; unmap it first",
  ENOMEM: "no table page is left; give the memory more bytes or unmap something",
  EFAULT: "a table entry points outside the memory: the table is corrupt",
};

/** The error code of a negative status of the core. */
export function codeOf(status: number): ErrorCode {
  return CODES[status] ?? "EFAULT";
}

/** The error for a negative status of the core at an address. */
export function statusError(status: number, operation: string, iova: number | bigint): IoPgtableError {
  const code = codeOf(status);
  return new IoPgtableError(code, operation, REASONS[code] ?? "refused by the core", iova);
}
