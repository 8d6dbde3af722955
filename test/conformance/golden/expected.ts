/** What a recorded step asks of our API: Linux's results in our terms. */

import type { ErrorCode } from "../../../bindings/index.js";
import type { NewLine } from "./newLine.js";
import type { Operation } from "./operations.js";
import type { DumpRecord, FlushEvent, InitResult, StepResult } from "./records.js";

export interface Step {
  readonly line: string;
  readonly operation: Operation;
  readonly recorded: StepResult;
  readonly config: NewLine;
  readonly init: InitResult;
}

export interface Expected {
  readonly error?: ErrorCode | null | undefined;
  readonly value?: bigint | undefined;
  readonly mapped?: bigint | undefined;
  readonly ptes?: readonly bigint[] | undefined;
  readonly dump?: DumpRecord | undefined;
  /** In order; or, from a gather, what they must cover; undefined where the record does not say. */
  readonly events?: readonly FlushEvent[] | Coverage | undefined;
  readonly tables?: { readonly allocated: number; readonly freed: number } | undefined;
}

/** One flush of a gather over [first, first + bytes); none when there are no bytes. */
export interface Coverage {
  readonly first: bigint;
  readonly bytes: bigint;
  readonly freesTables: boolean;
}

const ERRNO: Readonly<Record<number, ErrorCode | null>> = {
  0: null,
  [-2]: "ENOENT",
  [-6]: "EINVAL",
  [-12]: "ENOMEM",
  [-17]: "EEXIST",
  [-22]: "EINVAL",
  [-34]: "ERANGE",
  [-75]: "ERANGE",
  [-95]: "ENOTSUP",
  [-98]: "EEXIST",
};

function errorOf(errno: number | bigint | undefined): ErrorCode | null {
  const code = ERRNO[Number(errno)];
  if (errno === undefined || code === undefined) throw new Error(`no error code for ${errno}`);
  return code;
}

export function expectation(step: Step): Expected {
  const { recorded } = step;
  return {
    ...expectedAnswer(step),
    events: expectedEvents(step),
    tables: { allocated: recorded.al, freed: recorded.fr },
  };
}

function expectedAnswer({ operation, recorded }: Step): Expected {
  switch (operation.kind) {
    case "mapPages":
    case "mapRange":
      return { error: errorOf(recorded.ret), mapped: recorded.mapped };
    case "coreMap":
      return { error: errorOf(recorded.ret) };
    case "walk":
      return { error: errorOf(recorded.ret), ptes: recorded.ptes };
    case "dump":
      return { dump: recorded.dump };
    case "free":
      return { value: BigInt(recorded.pagesLeft ?? 0) };
    case "dirty":
    case "info":
    case "gatherSync":
      return {};
    default:
      return { value: BigInt(recorded.ret ?? 0) };
  }
}

/**
 * With a gather, ours defers what Linux's io-pgtable names at once, and the other way round Linux leaves out what it will
 * flush all for: there the one flush of the gather is looked at. The "sync" that ends iommu_unmap on io-pgtable is the
 * core's own; the leaves before it are what our calls flush.
 */
function expectedEvents({ operation, recorded, config }: Step): Expected["events"] {
  const { ev } = recorded;
  switch (operation.kind) {
    case "unmapPages":
    case "unmapRange":
      if (!operation.deferred) return ev;
      return { first: operation.iova, bytes: BigInt(recorded.ret ?? 0), freesTables: recorded.fr > 0 };
    case "coreMap":
    case "coreUnmap":
      return config.api === "io-pgtable" ? ev.filter(([kind]) => kind !== "sync") : ev;
    default:
      return ev;
  }
}
