import type { Limit } from "../limits.js";
import type { CaseResult, OperationResult } from "./rounds.js";
import { ratios, type Summary, summarize } from "./statistics.js";

export interface Verdict {
  readonly limit: Limit;
  /** Of the rounds' ratios. */
  readonly ratio: Summary;
  readonly held: boolean;
}

/** @returns the verdicts of the limits on this operation */
export function judge(result: OperationResult, limits: readonly Limit[]): Verdict[] {
  return limits
    .filter((limit) => limit.operation === result.name)
    .map((limit) => {
      const ratio = summarize(ratios(roundsOf(result, limit.above), roundsOf(result, limit.below)));
      const { atMost = Number.POSITIVE_INFINITY, atLeast = 0 } = limit;
      return { limit, ratio, held: ratio.median <= atMost && ratio.median >= atLeast };
    });
}

function roundsOf(result: OperationResult, name: string): CaseResult["rounds"] {
  const found = result.cases.find((one) => one.name === name);
  if (found === undefined) throw new Error(`a limit names the case "${name}", which "${result.name}" does not have`);
  return found.rounds;
}

export function describeBound(limit: Limit): string {
  const parts: string[] = [];
  if (limit.atMost !== undefined) parts.push(`at most ${limit.atMost}`);
  if (limit.atLeast !== undefined) parts.push(`at least ${limit.atLeast}`);
  return parts.join(", ");
}
