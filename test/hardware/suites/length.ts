/** How long a run is, as a multiple of the rounds that a suite names: `IO_PGTABLE_RUNS`. */
const LENGTH = Number(process.env.IO_PGTABLE_RUNS ?? 1);

export const roundsOf = (rounds: number): number => Math.ceil(rounds * LENGTH);
