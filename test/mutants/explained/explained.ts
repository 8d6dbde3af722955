// What is said of a mutant that no test can notice.

export interface Explained {
  /** The files, or the folders that they are in. */
  readonly files: readonly string[];
  /** What the source line has in it; any line where it is not given. */
  readonly text?: RegExp;
  /** The source line, whole. */
  readonly line?: string;
  /** The function that it is in, empty for none; any where it is not given. */
  readonly within?: string;
  /** What is mutated; any where it is not given. */
  readonly old?: string;
  /** Which of those on lines of this text, from 0; any where it is not given. */
  readonly nth?: number;
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

/** A line, what is mutated in it, and which of these where not all are meant. */
export type Mutated = readonly [line: string, old: string, nth?: number];

/** One reason for mutants of a file of the core, each told exactly. */
export const because = (why: string, path: string, mutants: readonly Mutated[]): Explained[] =>
  mutants.map(([line, old, nth]) => ({
    files: [`assembly/${path}.ts`],
    line,
    old,
    why,
    ...(nth === undefined ? {} : { nth }),
  }));
