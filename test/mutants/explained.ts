// Mutants that no test can notice, and why: nothing that the library promises changes. Known by the text of their line, so that a changed line is asked again.
import type { Mutation } from "./mutations.js";

export interface Explained {
  /** The file, or the folder that it is in. */
  readonly file: string;
  /** What the source line has in it. */
  readonly text: RegExp;
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

export function explanationOf({ file, text, old }: Mutation): string | undefined {
  const fits = (one: Explained): boolean =>
    file.startsWith(one.file) && one.text.test(text) && (one.old === undefined || one.old === old);
  return EXPLAINED.find(fits)?.why;
}
