// What was asked and answered, for the line that a suite prints.
import { Fault } from "../../../bindings/index.js";
import type { Answer } from "../walkers/walker.js";
import { SEED } from "./random.js";

export class Tally {
  tables = 0;
  probes = 0;
  reached = 0;
  moved = 0;
  unmapped = 0;
  refused = 0;
  readonly calls: Record<string, number> = {};

  count(ours: number, theirs: Answer): void {
    this.probes++;
    if (ours >= 0) this.reached++;
    else if (ours === -Fault.PERMISSION) this.refused++;
    else this.unmapped++;
    if (!("fault" in theirs) && theirs.moved === true) this.moved++;
  }

  add(other: Tally): void {
    this.tables += other.tables;
    this.probes += other.probes;
    this.reached += other.reached;
    this.moved += other.moved;
    this.unmapped += other.unmapped;
    this.refused += other.refused;
    for (const [call, count] of Object.entries(other.calls)) this.addCalls(call, count);
  }

  addCalls(call: string, count: number): void {
    this.calls[call] = (this.calls[call] ?? 0) + count;
  }

  toString(): string {
    return (
      `${this.tables} tables, ${this.probes} probes: ${this.reached} reached memory (${this.moved} with data moved), ` +
      `${this.unmapped} unmapped, ${this.refused} not permitted`
    );
  }
}

export function printLine(text: string): void {
  process.stdout.write(`hardware: ${text}\n`);
}

export function printTotal(walker: string, tally: Tally): void {
  const calls = Object.entries(tally.calls).map(([call, count]) => `${call} ${count}`);
  printLine(`${walker}: in all ${tally}; calls: ${calls.join(", ")}; IO_PGTABLE_SEED=${SEED}`);
}
