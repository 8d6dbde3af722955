// Mutants that no test can notice, and why: nothing that the library promises changes. Known by the text of their line or by their function, so that what changed is asked again.
import type { Mutation } from "./mutations.js";

export interface Explained {
  /** The file, or the folder that it is in. */
  readonly file: string;
  /** What the source line has in it; any line where it is not given. */
  readonly text?: RegExp;
  /** The function that it is in; any where it is not given. */
  readonly within?: string;
  /** What is mutated; any where it is not given. */
  readonly old?: string;
  readonly why: string;
}

export const EXPLAINED: readonly Explained[] = [
  {
    file: "assembly/core/cache.ts",
    text: /^let cachedGeneration: u32 = 0;/,
    why: "no table is at offset 0, so that nothing is found until `keep` has set table and generation together",
  },
];

export function explanationOf(mutation: Mutation): string | undefined {
  return EXPLAINED.find((one) => fits(one, mutation))?.why;
}

function fits({ file, text, within, old }: Explained, mutation: Mutation): boolean {
  return (
    mutation.file.startsWith(file) &&
    (text === undefined || text.test(mutation.text)) &&
    (within === undefined || within === mutation.within) &&
    (old === undefined || old === mutation.old)
  );
}
