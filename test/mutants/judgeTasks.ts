// What a judge is asked and what it answers.

export interface JudgeData {
  /** Test files, compiled, by their paths in the folder of compiled tests. */
  readonly files: readonly string[];
  /** The number of the test that runs, and of tests begun. */
  readonly progress: Int32Array;
}

export type Task =
  | { readonly kind: "measure"; readonly build: Uint8Array<ArrayBuffer>; readonly words: number }
  | {
      readonly kind: "judge";
      readonly mutant: number;
      /** The mutant's own build, where it has one. */
      readonly build: Uint8Array<ArrayBuffer> | null;
      readonly tests: readonly number[];
    };

/** What is known of a test without mutants. */
export interface Measured {
  /** Its file comes first. */
  readonly name: string;
  /** Why it fails; null: it passes. */
  readonly why: string | null;
  readonly milliseconds: number;
  /** A bit for each mutant that it comes by. */
  readonly reached: BigUint64Array;
}

export type Answer =
  | { readonly kind: "ready"; readonly names: readonly string[] }
  | { readonly kind: "measured"; readonly measured: readonly Measured[] }
  | {
      readonly kind: "judged";
      readonly noticed: { readonly test: number; readonly why: string } | null;
      /** The test that noticed passes again without the mutant. */
      readonly sound: boolean;
    };
