import type { Machine } from "./machine.js";
import { caseOf } from "./readRecord.js";
import type { BenchRecord } from "./record.js";
import type { OperationResult } from "./rounds.js";

/** A case that takes more than it did in the baseline. */
export interface Slowdown {
  readonly operation: string;
  readonly name: string;
  readonly ratio: number;
}

const nodeMajor = (machine: Machine): string => machine.node.split(".")[0] ?? "";

/** Times of another processor or engine say nothing about a change of the library. */
export function refuseOtherMachine(baseline: BenchRecord, machine: Machine): void {
  const there = `${baseline.machine.cpu}, Node ${nodeMajor(baseline.machine)}`;
  const here = `${machine.cpu}, Node ${nodeMajor(machine)}`;
  if (there !== here) throw new Error(`the baseline is of ${there}, this is ${here}`);
}

/** @param isPeer tells the cases that are not ours, whose times do not count */
export function slowdowns(
  baseline: BenchRecord,
  result: OperationResult,
  above: number,
  isPeer: (name: string) => boolean,
): Slowdown[] {
  return result.cases.flatMap(({ name, floor, summary }) => {
    const before = caseOf(baseline.operations, result.name, name);
    if (before === undefined || floor || isPeer(name)) return [];
    const ratio = summary.median / before.summary.median;
    return ratio > above ? [{ operation: result.name, name, ratio }] : [];
  });
}

export function slowdownsText(found: readonly Slowdown[], above: number): string {
  if (found.length === 0) return `\nNothing of ours takes more than ${above} times the baseline.\n`;
  return `\n${found.map(({ operation, name, ratio }) => `  SLOWER  ${operation}: ${name}, ${ratio.toFixed(2)} times the baseline\n`).join("")}`;
}
