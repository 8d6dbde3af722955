// Mutants that no test can notice, and why: nothing that the library promises changes. Known by their line, so that a changed line is asked again.

export interface Explained {
  readonly file: string;
  /** The source line, as it stands. */
  readonly text: string;
  readonly old: string;
  readonly new: string;
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [
  {
    file: "assembly/core/cache.ts",
    text: "let cachedGeneration: u32 = 0;",
    old: "0",
    new: "1",
    why: "no table is at offset 0, so that nothing is found until `keep` has set table and generation together",
  },
];
