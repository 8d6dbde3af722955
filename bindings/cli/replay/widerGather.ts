import { Op, type OperationLog } from "./operationLog.js";

/** Invalidations that are left when one sync serves several requests. */
export interface WiderGather {
  /** Unmap requests that one sync waits for. */
  readonly requests: number;
  readonly syncs: number;
  /** Of these, syncs that could not wait because an address was mapped again. */
  readonly early: number;
}

export interface FlushSavings {
  /** Syncs as recorded: one per unmap request. */
  readonly recorded: number;
  readonly gathers: readonly WiderGather[];
  /** Linux's deferred mode: freed addresses wait in a queue, so that none is mapped again before the one flush of the queue. */
  readonly queue: { readonly entries: number; readonly flushes: number };
}

const WIDTHS = [8, 32, 128];
const QUEUE_ENTRIES = 256;

/** The ranges that were unmapped and may still be in a TLB. */
class UnsyncedRanges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #domains: number[] = [];

  get empty(): boolean {
    return this.#starts.length === 0;
  }

  add(domain: number, start: number, end: number): void {
    this.#starts.push(start);
    this.#ends.push(end);
    this.#domains.push(domain);
  }

  touch(domain: number, start: number, end: number): boolean {
    for (let at = 0; at < this.#starts.length; at++) {
      const overlaps = (this.#starts[at] ?? 0) < end && start < (this.#ends[at] ?? 0);
      if (overlaps && this.#domains[at] === domain) return true;
    }
    return false;
  }

  clear(): void {
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#domains.length = 0;
  }
}

function simulate(log: OperationLog, requests: number, requestEnd: number): WiderGather {
  const { kind, domain, iova, bytes } = log.columns;
  const unsynced = new UnsyncedRanges();
  let waiting = 0;
  let syncs = 0;
  let early = 0;
  const sync = (): void => {
    syncs++;
    waiting = 0;
    unsynced.clear();
  };
  for (let index = 0; index < log.length; index++) {
    const start = iova[index] ?? 0;
    const end = start + (bytes[index] ?? 0);
    const of = domain[index] ?? 0;
    if (kind[index] === Op.UNMAP) unsynced.add(of, start, end);
    if (kind[index] === Op.MAP && unsynced.touch(of, start, end)) {
      early++;
      sync();
    }
    if (kind[index] === requestEnd && ++waiting === requests) sync();
  }
  if (!unsynced.empty) sync();
  return { requests, syncs, early };
}

/** What a wider gather would have saved of the record's syncs. */
export function flushSavings(log: OperationLog): FlushSavings {
  const syncs = log.callsOf(Op.SYNC);
  const requestEnd = syncs > 0 ? Op.SYNC : Op.UNMAP;
  const recorded = log.callsOf(requestEnd);
  return {
    recorded,
    gathers: WIDTHS.map((requests) => simulate(log, requests, requestEnd)),
    queue: { entries: QUEUE_ENTRIES, flushes: Math.ceil(recorded / QUEUE_ENTRIES) },
  };
}
