import type { DeliberateName } from "./deliberate.js";

/** What a check looked at; each is counted by itself in the report. */
export type CheckName =
  | "map"
  | "unmap"
  | "look-up"
  | "gather"
  | "flush"
  | "leaf"
  | "table page"
  | "mapping"
  | "registers"
  | "accounting";

export interface Difference {
  readonly line: number;
  readonly check: CheckName;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

const SHOWN_IN_FULL = 10;

/** Counts the checks made and the differences found; keeps the first differences in full. */
export class Differences {
  total = 0;
  readonly first: Difference[] = [];
  readonly checks: Map<CheckName, { made: number; differ: number }> = new Map();
  /** Differences that are on purpose: counted, but no failed checks. */
  readonly deliberate: Map<DeliberateName, number> = new Map();

  /** Counts one check; `difference` is only called where it failed. */
  check(name: CheckName, holds: boolean, line: number, difference: () => Omit<Difference, "line" | "check">): void {
    let tally = this.checks.get(name);
    if (tally === undefined) {
      tally = { made: 0, differ: 0 };
      this.checks.set(name, tally);
    }
    tally.made++;
    if (holds) return;
    tally.differ++;
    this.total++;
    if (this.first.length < SHOWN_IN_FULL) this.first.push({ line, check: name, ...difference() });
  }

  countDeliberate(name: DeliberateName): void {
    this.deliberate.set(name, (this.deliberate.get(name) ?? 0) + 1);
  }

  made(name: CheckName): number {
    return this.checks.get(name)?.made ?? 0;
  }
}
