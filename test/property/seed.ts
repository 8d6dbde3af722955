import type fc from "fast-check";

/** `IO_PGTABLE_SEED` repeats a run; fast-check prints the seed of a failed one. `IO_PGTABLE_RUNS` makes it longer. */
export function configureRuns(defaultRuns: number): fc.Parameters<unknown> {
  const seed = process.env.IO_PGTABLE_SEED;
  const runs = process.env.IO_PGTABLE_RUNS;
  return {
    numRuns: runs === undefined ? defaultRuns : Number(runs),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  };
}
