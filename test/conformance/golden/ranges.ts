/** Arithmetic on 64-bit addresses and ranges of them. */

import type { Range } from "./records.js";

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** Ranges `[start, end)` in ascending order, with those joined that touch. */
export function merged(ranges: readonly Range[]): Range[] {
  const runs: Range[] = [];
  for (const [start, end] of ranges) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === start) runs[runs.length - 1] = [last[0], end];
    else runs.push([start, end]);
  }
  return runs;
}
