// What a kernel with larger pages would have asked for: each request in whole pages, at addresses of its own.
import { type LoggedOperation, Op, OperationLog } from "./operationLog.js";
import type { TraceRecord } from "./record.js";

/** What was mapped piece by piece, each right behind the one before, and is given back together. */
interface Request {
  /** Where it lies now, in whole pages. */
  readonly at: number;
  readonly bytes: number;
  /** Bytes of the original that are mapped still. */
  left: number;
}

/** No request of a kernel is of less. */
const UNIT = 4096;
const USUAL_BITS = 32;

/** As Linux's IOVA allocator gives them: from the top down, aligned to their size, and freed ones of that size first. */
class Addresses {
  #top: number;
  readonly #free = new Map<number, number[]>();

  constructor(bits: number) {
    this.#top = 2 ** Math.min(USUAL_BITS, bits);
  }

  take(bytes: number): number {
    const size = 2 ** Math.ceil(Math.log2(bytes));
    const again = this.#free.get(size)?.pop();
    if (again !== undefined) return again;
    this.#top = Math.floor(this.#top / size) * size - size;
    return this.#top;
  }

  give(at: number, bytes: number): void {
    const size = 2 ** Math.ceil(Math.log2(bytes));
    this.#free.set(size, [...(this.#free.get(size) ?? []), at]);
  }
}

/** Goes through a record once. */
class Relocation {
  readonly log = new OperationLog();
  readonly #page: number;
  readonly #bits: number;
  readonly #addresses = new Map<number, Addresses>();
  /** By domain and original address: whose a unit of memory is. */
  readonly #owners = new Map<number, Map<number, Request>>();
  /** Maps that follow each other; they become a request when it is known where they end. */
  #open: LoggedOperation[] = [];

  constructor(page: number, bits: number) {
    this.#page = page;
    this.#bits = bits;
  }

  take(operation: LoggedOperation): void {
    if (operation.kind === Op.MAP && operation.bytes > 0) this.#map(operation);
    else if (operation.kind === Op.UNMAP) this.#unmap(operation);
  }

  finish(): void {
    this.#close();
  }

  #map(operation: LoggedOperation): void {
    const last = this.#open.at(-1);
    const follows = last?.domain === operation.domain && last.iova + last.bytes === operation.iova;
    if (!follows) this.#close();
    this.#open.push(operation);
  }

  /** Pieces that lie side by side in memory need no page boundary between them. */
  #segments(): LoggedOperation[] {
    const segments: LoggedOperation[] = [];
    for (const piece of this.#open) {
      const last = segments.at(-1);
      if (last !== undefined && last.paddr + last.bytes === piece.paddr && last.prot === piece.prot) {
        segments[segments.length - 1] = { ...last, bytes: last.bytes + piece.bytes };
      } else segments.push(piece);
    }
    return segments;
  }

  #close(): void {
    const [first] = this.#open;
    if (first === undefined) return;
    const widened = this.#segments().map((segment) => {
      const paddr = Math.floor(segment.paddr / this.#page) * this.#page;
      const bytes = Math.ceil((segment.paddr + segment.bytes - paddr) / this.#page) * this.#page;
      return { ...segment, paddr, bytes, pageSize: bytes, count: 1, error: 0 };
    });
    const bytes = widened.reduce((sum, segment) => sum + segment.bytes, 0);
    const request: Request = { at: this.#of(first.domain).take(bytes), bytes, left: 0 };
    let iova = request.at;
    for (const segment of widened) {
      this.log.append({ ...segment, iova });
      iova += segment.bytes;
    }
    for (const piece of this.#open) this.#own(piece, request);
    this.#open = [];
  }

  #own({ domain, iova, bytes }: LoggedOperation, request: Request): void {
    const owners = this.#owners.get(domain) ?? new Map<number, Request>();
    this.#owners.set(domain, owners);
    for (let at = iova; at < iova + bytes; at += UNIT) owners.set(at, request);
    request.left += bytes;
  }

  #of(domain: number): Addresses {
    const addresses = this.#addresses.get(domain) ?? new Addresses(this.#bits);
    this.#addresses.set(domain, addresses);
    return addresses;
  }

  /** A request goes when the last part of it has. */
  #unmap(operation: LoggedOperation): void {
    this.#close();
    const { domain, iova, bytes } = operation;
    const owners = this.#owners.get(domain);
    for (let at = iova; at < iova + bytes; at += UNIT) {
      const request = owners?.get(at);
      if (request === undefined) continue;
      owners?.delete(at);
      request.left -= UNIT;
      if (request.left > 0) continue;
      const whole = { iova: request.at, bytes: request.bytes, pageSize: request.bytes, count: 1 };
      this.log.append({ ...operation, ...whole });
      this.#of(domain).give(request.at, request.bytes);
    }
  }
}

/**
 * The record with each request widened to pages of this size, at addresses of its own below 4 GiB (or what `bits` allow). Look-ups and marks
 * are left out: they are of the original addresses.
 */
export function relocate(record: TraceRecord, page: number, bits: number): TraceRecord {
  const relocation = new Relocation(page, bits);
  for (let index = 0; index < record.log.length; index++) relocation.take(record.log.at(index));
  relocation.finish();
  return { ...record, source: "calls", log: relocation.log, marks: [] };
}
