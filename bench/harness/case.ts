/** One way to do an operation. Every case of an operation does the same work and must come to the same answer. */
export interface BenchCase {
  readonly name: string;
  /** The timed function. */
  step(): void;
  /** Given where a step changes the state: undoes it, outside the time. */
  restore?(): void;
  /** What one step made or found, without the time. Called after a step and before its `restore`. */
  answer(): string;
  /** Given where a case is timed elsewhere, in a process of its own: seconds per step, one value for each cycle. */
  measured?(seconds: number): number[];
  /** True where the case is a limit to compare with that does other work; its answer is compared with nothing. */
  readonly floor?: true;
}

export interface Operation {
  readonly name: string;
  /** What is counted: "page", "leaf", "call", "pair". */
  readonly unit: string;
  /** Units of one step, the same for each case. */
  readonly unitsPerStep: number;
  /** The first is ours, which the ratios of the table refer to. */
  readonly cases: readonly BenchCase[];
  /** Frees what the cases hold, and throws where something stays behind. */
  dispose(): void;
}

/** An operation is prepared only when its turn comes, so that operations do not crowd each other's caches. */
export interface OperationPlan {
  readonly name: string;
  prepare(): Operation;
}
