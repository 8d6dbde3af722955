// What is said of a mutant that no test can notice.

export interface Explained {
  /** The files, or the folders that they are in. */
  readonly files: readonly string[];
  /** What the source line has in it; any line where it is not given. */
  readonly text?: RegExp;
  /** The function that it is in, empty for none; any where it is not given. */
  readonly within?: string;
  /** What is mutated; any where it is not given. */
  readonly old?: string;
  readonly why: string;
}

export type Line = readonly [within: string | undefined, text: RegExp, old: string | undefined, why: string];

/** Lines of one file of the core. */
export const inCore = (name: string, lines: readonly Line[]): Explained[] =>
  lines.map(([within, text, old, why]) => ({
    files: [`assembly/core/${name}.ts`],
    text,
    why,
    ...(within === undefined ? {} : { within }),
    ...(old === undefined ? {} : { old }),
  }));
