import { readFileSync } from "node:fs";
import { type BenchRecord, SCHEMA, SCHEMA_VERSION } from "./record.js";
import type { CaseResult } from "./rounds.js";

/** What `--json` wrote, of this version of the bench. */
export function readRecord(file: string): BenchRecord {
  const record: Partial<BenchRecord> = JSON.parse(readFileSync(file, "utf8"));
  if (record.schema !== SCHEMA || record.version !== SCHEMA_VERSION) {
    throw new Error(`${file} is not a record of this bench: ${record.schema} ${record.version}`);
  }
  // The bench itself wrote it, and no other version of it.
  return record as BenchRecord;
}

/** @returns undefined where the operation was not measured or has no such case */
export function caseOf(operations: BenchRecord["operations"], operation: string, name: string): CaseResult | undefined {
  return operations.find((one) => one.name === operation)?.cases.find((one) => one.name === name);
}
