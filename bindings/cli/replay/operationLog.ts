/** What one line of a record says. The values index arrays of four: the first four are what a replay executes. */
export const Op = {
  MAP: 0,
  UNMAP: 1,
  LOOKUP: 2,
  SYNC: 3,
  INVALIDATE: 4,
  FLUSH_ALL: 5,
  FLUSH_ASID: 6,
  MARK: 7,
} as const;
export type OpKind = (typeof Op)[keyof typeof Op];

export interface Range {
  readonly iova: number;
  readonly bytes: number;
  /** The leaf size that the range was gathered or invalidated with. */
  readonly pageSize: number;
}

/**
 * | kind       | iova  | paddr  | pageSize x count | bytes         | error  |
 * | MAP        | first | first  | what was asked   | really mapped | -errno |
 * | UNMAP      | first |        | what was asked   | unmapped      |        |
 * | LOOKUP     | asked | answer |                  |               |        |
 * | SYNC       | first |        | leaf size        | gathered      |        |
 * | INVALIDATE | first |        | leaf size        | invalidated   |        |
 *
 * A LOOKUP above 2^52 has the page as the iova, and as the count the bytes into it. An INVALIDATE of VT-d has its invalidation hint as the count: 1 where only leaves changed, 0 where tables did too.
 */
export interface LoggedOperation {
  readonly kind: OpKind;
  readonly line: number;
  readonly domain: number;
  readonly iova: number;
  readonly paddr: number;
  readonly pageSize: number;
  readonly count: number;
  readonly prot: number;
  readonly bytes: number;
  readonly error: number;
}

type Columns = {
  kind: Uint8Array;
  line: Uint32Array;
  domain: Uint16Array;
  iova: Float64Array;
  paddr: Float64Array;
  pageSize: Float64Array;
  count: Float64Array;
  prot: Uint32Array;
  bytes: Float64Array;
  error: Int32Array;
};

function allocate(capacity: number): Columns {
  return {
    kind: new Uint8Array(capacity),
    line: new Uint32Array(capacity),
    domain: new Uint16Array(capacity),
    iova: new Float64Array(capacity),
    paddr: new Float64Array(capacity),
    pageSize: new Float64Array(capacity),
    count: new Float64Array(capacity),
    prot: new Uint32Array(capacity),
    bytes: new Float64Array(capacity),
    error: new Int32Array(capacity),
  };
}

/** The operations of a record as columns, so that a timed loop touches nothing but numbers. */
export class OperationLog {
  length = 0;
  columns: Columns = allocate(1 << 16);
  /** The gather at the entry of an UNMAP, where it was not empty. */
  readonly gathers: Map<number, Range> = new Map();
  readonly calls: number[] = new Array<number>(Object.keys(Op).length).fill(0);

  /** @returns the index at which the caller fills in the columns that its kind has; the others are 0 */
  add(kind: OpKind, line: number): number {
    const index = this.length++;
    if (index === this.columns.kind.length) this.#grow();
    this.columns.kind[index] = kind;
    this.columns.line[index] = line;
    this.calls[kind] = this.callsOf(kind) + 1;
    return index;
  }

  /** An operation as `at` gave it, of this log or another. */
  append(operation: LoggedOperation): void {
    const index = this.add(operation.kind, operation.line);
    const to = this.columns;
    for (const name of Object.keys(to) as (keyof Columns)[]) to[name][index] = operation[name];
  }

  callsOf(kind: OpKind): number {
    return this.calls[kind] ?? 0;
  }

  /** One operation as an object; for the checks and the messages, not for a timed loop. */
  at(index: number): LoggedOperation {
    const from = this.columns;
    return {
      kind: (from.kind[index] ?? Op.MARK) as OpKind,
      line: from.line[index] ?? 0,
      domain: from.domain[index] ?? 0,
      iova: from.iova[index] ?? 0,
      paddr: from.paddr[index] ?? 0,
      pageSize: from.pageSize[index] ?? 0,
      count: from.count[index] ?? 0,
      prot: from.prot[index] ?? 0,
      bytes: from.bytes[index] ?? 0,
      error: from.error[index] ?? 0,
    };
  }

  #grow(): void {
    const from = this.columns;
    const to = allocate(from.kind.length * 2);
    for (const name of Object.keys(from) as (keyof Columns)[]) to[name].set(from[name]);
    this.columns = to;
  }
}
