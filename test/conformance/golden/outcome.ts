/** What our library did for one recorded operation. */

import type { ErrorCode } from "../../../bindings/index.js";
import type { FlushEvent } from "./records.js";

export interface Answer {
  readonly error?: ErrorCode | null;
  /** Bytes unmapped, an address (0: none), or the status of what the hardware did. */
  readonly value?: bigint;
  readonly mapped?: bigint;
  readonly ptes?: readonly bigint[];
  readonly dump?: string;
}

export interface Effects {
  readonly events: readonly FlushEvent[];
  readonly tables: TableDelta;
}

export type Outcome = Answer & Effects;

/** Tables gained over the operation; allocations and frees apart where somebody counted them. */
export interface TableDelta {
  readonly net: number;
  readonly allocated?: number;
  readonly freed?: number;
}
