import type { Machine } from "./machine.js";
import type { BenchOptions } from "./options.js";
import type { OperationResult } from "./rounds.js";
import type { Verdict } from "./verdict.js";

export const SCHEMA = "io-pgtable-bench";
/** Raised whenever a reader of older records would misread a new one. */
export const SCHEMA_VERSION = 1;

/** Everything measured, for programs. All times are nanoseconds per unit. */
export interface BenchRecord {
  readonly schema: typeof SCHEMA;
  readonly version: number;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly seed: number;
  readonly options: BenchOptions;
  readonly operations: readonly OperationResult[];
  readonly verdicts: readonly Verdict[];
}

export function makeRecord(measured: Omit<BenchRecord, "schema" | "version">): BenchRecord {
  return { schema: SCHEMA, version: SCHEMA_VERSION, ...measured };
}
