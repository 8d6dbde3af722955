import type { FlushOps } from "../../../bindings/index.js";

/** One report of the library to the hardware, with exact addresses. */
export type FlushEvent =
  | { kind: "all" }
  | LeafFlush<"walk">
  | LeafFlush<"range">
  | { kind: "mapped"; iova: bigint; size: bigint };

interface LeafFlush<Kind> {
  kind: Kind;
  iova: bigint;
  size: bigint;
  granule: bigint;
}

export interface FlushJournal {
  readonly flush: FlushOps;
  /** What was reported since the last call. */
  take(): FlushEvent[];
}

/** Writes down what is flushed, and passes it on to `device`. */
export function flushJournal(options: { mapped?: boolean; device?: FlushOps } = {}): FlushJournal {
  let events: FlushEvent[] = [];
  const { device } = options;
  const note = (kind: "walk" | "range", iova: number, size: number, granule: number) => {
    events.push({ kind, iova: BigInt(iova), size: BigInt(size), granule: BigInt(granule) });
  };
  const flush: FlushOps = {
    flushAll: () => {
      events.push({ kind: "all" });
      device?.flushAll();
    },
    flushWalk: (iova, size, granule) => {
      note("walk", iova, size, granule);
      device?.flushWalk(iova, size, granule);
    },
    flushRange: (iova, size, granule) => {
      note("range", iova, size, granule);
      device?.flushRange(iova, size, granule);
    },
  };
  if (options.mapped) {
    flush.mapped = (iova, size) => {
      events.push({ kind: "mapped", iova: BigInt(iova), size: BigInt(size) });
    };
  }
  return {
    flush,
    take: () => {
      const taken = events;
      events = [];
      return taken;
    },
  };
}
