import { readFileSync } from "node:fs";
import type { Machine } from "./machine.js";
import type { BenchRecord } from "./record.js";
import type { OperationResult } from "./rounds.js";

/** A case that takes longer than in the baseline. */
export interface Slower {
  readonly operation: string;
  readonly name: string;
  readonly ratio: number;
}

export interface Baseline {
  readonly record: BenchRecord;
  readonly failAbove: number;
}

const nodeMajor = (machine: Machine): string => machine.node.split(".")[0] ?? "";

/** @throws Error where the record is none, or of another machine: its times say nothing here */
export function readBaseline(file: string, failAbove: number, machine: Machine): Baseline {
  const record: BenchRecord = JSON.parse(readFileSync(file, "utf8"));
  if (record.schema !== "io-pgtable-bench") throw new Error(`${file} is no record of this bench`);
  if (record.machine.cpu !== machine.cpu || nodeMajor(record.machine) !== nodeMajor(machine)) {
    throw new Error(`${file} is of ${record.machine.cpu} with Node ${record.machine.node}: not to be compared`);
  }
  return { record, failAbove };
}

/** Of the cases that both have, those whose median is more than `failAbove` times the baseline's. */
export function slowerThan({ record, failAbove }: Baseline, result: OperationResult): Slower[] {
  const before = record.operations.find(({ name }) => name === result.name);
  return result.cases.flatMap((one) => {
    const old = before?.cases.find(({ name }) => name === one.name);
    const ratio = old === undefined ? 0 : one.summary.median / old.summary.median;
    return ratio > failAbove ? [{ operation: result.name, name: one.name, ratio }] : [];
  });
}

export function slowerText(slower: readonly Slower[], { failAbove }: Baseline): string {
  if (slower.length === 0) return `\nNothing takes more than ${failAbove} times as long as in the baseline.\n`;
  const lines = slower.map(({ operation, name, ratio }) => `  ${operation}: ${name}: ${ratio.toFixed(2)}`);
  return `\nMore than ${failAbove} times as long as in the baseline, measured three times:\n${lines.join("\n")}\n`;
}
