import type { Machine } from "./machine.js";
import type { BenchOptions } from "./options.js";
import type { OperationResult } from "./rounds.js";
import type { Verdict } from "./verdict.js";

/** Raised whenever a reader of older records would misread a new one. */
const SCHEMA_VERSION = 1;

/** Everything measured, for programs. All times are nanoseconds per unit. */
export interface BenchRecord {
  readonly schema: "io-pgtable-bench";
  readonly version: number;
  readonly startedAt: string;
  readonly machine: Machine;
  readonly seed: number;
  readonly options: BenchOptions;
  readonly operations: readonly OperationResult[];
  readonly verdicts: readonly Verdict[];
}

export function makeRecord(measured: Omit<BenchRecord, "schema" | "version">): BenchRecord {
  return { schema: "io-pgtable-bench", version: SCHEMA_VERSION, ...measured };
}
