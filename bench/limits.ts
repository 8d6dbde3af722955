import * as names from "./cases/names.js";

/** A bound on how the times of two cases of one operation relate. */
export interface Limit {
  readonly operation: string;
  /** The ratio is the time of `above` divided by the time of `below`. */
  readonly above: string;
  readonly below: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What `--check` holds the library to. */
export const LIMITS: readonly Limit[] = [
  { operation: names.MAP_POOLED, above: names.OURS, below: names.MEMORY_FILL, atMost: 3 },
  { operation: names.MAP_POOLED, above: names.TYPED_ARRAYS, below: names.OURS, atLeast: 5 },
  { operation: names.PAIR, above: names.OURS, below: names.EMPTY_CALL, atMost: 8 },
  { operation: names.LOOK_UP, above: names.SINGLE, below: names.BULK, atLeast: 1.3 },
];
