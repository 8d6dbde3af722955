// What callers ask for, checked: from here on every number is good, and every request is a range with what is to be there.
import { hex, IoPgtableError } from "../errors.js";
import { type Iova, stateOf } from "../ioPageTable.js";
import { checkInteger, show } from "../numbers.js";
import { Prot } from "../prot.js";
import { segmentsOf } from "../segmentList.js";
import { checkRange } from "../table/arguments.js";
import type { TableState } from "../table/state.js";
import type { Books } from "./books.js";
import type { Draft } from "./draft.js";
import { type Backing, entriesOf, type GpuObject, Mapping } from "./mapping.js";
import type { Range } from "./vaIndex.js";

/** What `bind` takes. */
export interface BindRequest {
  iova: Iova;
  size: number;
  object: GpuObject;
  /** Bytes into the object; default 0. */
  offset?: number;
  prot: number;
  /** Show the object's [offset, offset+period) over and over; `size` need not be a multiple of it. */
  period?: number;
}

/** One of the requests that `prepare` takes. */
export type GpuVmRequest =
  | ({ request: "bind" } & BindRequest)
  | {
      request: "bindSparse";
      iova: Iova;
      size: number;
      dummy: GpuObject;
      /** Default READ and WRITE. */
      prot?: number;
    }
  | { request: "unbind"; iova: Iova; size: number };

/** Checks requests against the table and the range of the address space. */
export class Checker {
  readonly #books: Books;
  readonly #state: TableState;
  /** Where the mappings may lie; undefined: wherever the table maps. */
  readonly #bounds: Range | undefined;
  /** Below this every range is one of the table's; 0 where that cannot be said so simply. */
  readonly #plainEnd: number;
  /** The last one made: drivers bind many parts of one object. */
  #backing: Backing | undefined;

  constructor(books: Books, bounds: { iova: Iova; size: number } | undefined) {
    this.#books = books;
    this.#state = stateOf(books.table);
    this.#plainEnd = this.#state.spec.space === "lower" ? Math.min(2 ** this.#state.spec.ias, 2 ** 53) : 0;
    this.#bounds = bounds === undefined ? undefined : this.range("new GpuVm", bounds.iova, bounds.size);
  }

  /** @throws IoPgtableError when the table cannot be changed now */
  changeable(operation: string): void {
    this.#state.checkChangeable(operation);
  }

  /** The range of a call that changes it. @throws IoPgtableError EINVAL, ERANGE, EBUSY */
  change(operation: string, iova: unknown, size: unknown): Range {
    this.changeable(operation);
    return this.range(operation, iova, size);
  }

  /** @throws IoPgtableError EINVAL, ERANGE */
  range(operation: string, iova: unknown, size: unknown): Range {
    const range = this.#plain(iova, size) ?? this.#long(operation, iova, size);
    const bounds = this.#bounds;
    if (bounds !== undefined && (range.start < bounds.start || range.end > bounds.end)) {
      const text = `${hex(range.end - range.start)} bytes there are not in ${hex(bounds.start)}..${hex(bounds.end - 1)}`;
      throw new IoPgtableError("ERANGE", operation, text, range.start);
    }
    return range;
  }

  /** A mapping that shows an object. @throws IoPgtableError EINVAL, ERANGE, ENOTSUP */
  bind(operation: string, request: BindRequest): Mapping {
    const { iova, size, object, offset, prot, period } = checkRecord(operation, "the request", request) as BindRequest;
    const { start, end } = this.change(operation, iova, size);
    const memory = checkObject(operation, "object", object, start);
    const at = offset === undefined ? 0 : this.#bytes(operation, "offset", offset, start);
    const bytes = period === undefined ? 0 : this.#bytes(operation, "period", period, start);
    if (period === 0) throw new IoPgtableError("EINVAL", operation, "period is 0", start);
    this.#state.attributes(prot, operation, start);
    if (bytes !== 0) {
      return this.#mapping(operation, start, end, { memory, sparse: false, prot, period: bytes, base: at }, 0);
    }
    return this.#mapping(operation, start, end, this.#plainBacking(memory, prot), at);
  }

  /** A mapping that shows nothing. @throws IoPgtableError EINVAL, ERANGE, ENOTSUP */
  sparse(operation: string, iova: unknown, size: unknown, dummy: unknown, prot: unknown): Mapping {
    const { start, end } = this.change(operation, iova, size);
    const memory = checkObject(operation, "dummy", dummy, start);
    const access = prot === undefined ? Prot.READ | Prot.WRITE : prot;
    this.#state.attributes(access, operation, start);
    const backing: Backing = { memory, sparse: true, prot: access as number, period: 0, base: 0 };
    return this.#mapping(operation, start, end, backing, 0);
  }

  /** Do to a draft what a request of `prepare` says. @throws IoPgtableError EINVAL, ERANGE, ENOTSUP, EBUSY */
  add(operation: string, draft: Draft, request: GpuVmRequest): void {
    const given = checkRecord(operation, "a request", request) as GpuVmRequest;
    if (given.request === "bind") draft.bind(this.bind(operation, given));
    else if (given.request === "bindSparse") {
      draft.bind(this.sparse(operation, given.iova, given.size, given.dummy, given.prot));
    } else if (given.request === "unbind") {
      const { start, end } = this.range(operation, given.iova, given.size);
      draft.unbind(start, end);
    } else {
      const text = `request is ${show((given as { request?: unknown }).request)}; give "bind", "bindSparse" or "unbind"`;
      throw new IoPgtableError("EINVAL", operation, text);
    }
  }

  #plainBacking(memory: GpuObject, prot: number): Backing {
    const last = this.#backing;
    if (last?.memory === memory && last.prot === prot) return last;
    const backing: Backing = { memory, sparse: false, prot, period: 0, base: 0 };
    this.#backing = backing;
    return backing;
  }

  #mapping(operation: string, start: number, end: number, backing: Backing, offset: number): Mapping {
    const { memory } = backing;
    if (this.#books.objects.isEvicted(memory)) return new Mapping(start, end, backing, offset, undefined);
    const whole = segmentsOf(memory.segments, operation);
    const needed = neededBytes(backing, offset, end - start);
    if (needed > whole.size) {
      const text = `the object has ${hex(whole.size)} bytes, and ${hex(needed)} are asked for`;
      throw new IoPgtableError("EINVAL", operation, text, start);
    }
    return new Mapping(start, end, backing, offset, entriesOf(backing, whole));
  }

  /** A range that is good without a doubt; the longer way finds out about the others. */
  #plain(iova: unknown, size: unknown): Range | undefined {
    if (typeof iova !== "number" || typeof size !== "number") return undefined;
    const { page } = this.#state;
    if (iova % page !== 0 || size % page !== 0 || !(iova >= 0 && size > 0)) return undefined;
    const end = iova + size;
    return end <= this.#plainEnd ? { start: iova + 0, end } : undefined;
  }

  #long(operation: string, iova: unknown, size: unknown): Range {
    const range = checkRange(this.#state, operation, iova, size);
    return { start: range.iova + 0, end: range.iova + range.size };
  }

  #bytes(operation: string, what: string, x: unknown, iova: number): number {
    const bytes = checkInteger(x, what, operation, 2 ** 64, iova);
    if (bytes % this.#state.page === 0) return bytes + 0;
    const text = `${what} ${hex(bytes)} is no multiple of the page size ${hex(this.#state.page)}`;
    throw new IoPgtableError("EINVAL", operation, text, iova);
  }
}

/** How many bytes an object needs to have for a mapping of it. */
export function neededBytes(backing: Backing, offset: number, size: number): number {
  if (backing.sparse) return 1;
  return backing.period === 0 ? offset + size : backing.base + backing.period;
}

function checkRecord(operation: string, what: string, x: unknown): object {
  if (typeof x === "object" && x !== null) return x;
  throw new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; give an object`);
}

function checkObject(operation: string, what: string, x: unknown, iova?: number): GpuObject {
  if (typeof x === "object" && x !== null) return x as GpuObject;
  throw new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; give an object with segments`, iova);
}

/** The object of a call that is about one. @throws IoPgtableError EINVAL */
export function checkGpuObject(operation: string, x: unknown): GpuObject {
  return checkObject(operation, "the object", x);
}
