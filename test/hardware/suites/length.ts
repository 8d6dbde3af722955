/** How many times as long as the short form a run is: `IO_PGTABLE_RUNS`. */
export const LENGTH: number = Number(process.env.IO_PGTABLE_RUNS ?? 1);
