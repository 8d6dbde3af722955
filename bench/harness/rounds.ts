import type { BenchCase, Operation } from "./case.js";
import { measure } from "./measure.js";
import { median, type Summary, summarize } from "./statistics.js";

/** Of a round that is not counted. Calls of microseconds take some thousands until V8 has compiled them for the last time. */
const WARM_UP_SECONDS = 0.05;

export interface Schedule {
  /** Rounds that are not counted: the compilers of V8 get to their last tier. */
  readonly warmUp: number;
  readonly rounds: number;
  /** Seconds to spend on a case in one round; at least one cycle is timed in any case. */
  readonly seconds: number;
}

/** Nanoseconds per unit throughout. */
export interface CaseResult {
  readonly name: string;
  readonly floor: boolean;
  readonly summary: Summary;
  /** The median of each round. */
  readonly rounds: readonly number[];
  /** What benchmark.js measured, by round; each is the mean of one cycle. */
  readonly samples: readonly (readonly number[])[];
}

export interface OperationResult {
  readonly name: string;
  readonly unit: string;
  readonly unitsPerStep: number;
  readonly cases: readonly CaseResult[];
}

/** Measures the cases of an operation in turns, A B C C B A and so on, and checks before and after that all come to one answer. */
export async function measureOperation(operation: Operation, schedule: Schedule): Promise<OperationResult> {
  compareAnswers(operation);
  const samples = new Map<BenchCase, number[][]>(operation.cases.map((subject) => [subject, []]));
  for (let round = -schedule.warmUp; round < schedule.rounds; round++) {
    const order = round % 2 === 0 ? operation.cases : [...operation.cases].reverse();
    for (const subject of order) {
      collectYoungGarbage();
      const seconds = await measure(subject, round < 0 ? WARM_UP_SECONDS : schedule.seconds);
      if (round >= 0) samples.get(subject)?.push(seconds.map((value) => (value * 1e9) / operation.unitsPerStep));
    }
  }
  compareAnswers(operation);
  const cases = operation.cases.map((subject) => caseResult(subject, samples.get(subject) ?? []));
  return { name: operation.name, unit: operation.unit, unitsPerStep: operation.unitsPerStep, cases };
}

function caseResult(subject: BenchCase, samples: readonly (readonly number[])[]): CaseResult {
  const rounds = samples.map(median);
  return { name: subject.name, floor: subject.floor === true, summary: summarize(rounds), rounds, samples };
}

function compareAnswers(operation: Operation): void {
  let expected: { name: string; answer: string } | undefined;
  for (const subject of operation.cases) {
    subject.step();
    const answer = subject.answer();
    subject.restore?.();
    if (subject.floor) continue;
    expected ??= { name: subject.name, answer };
    if (answer !== expected.answer) {
      throw new Error(
        `${operation.name}: "${subject.name}" comes to ${answer}, "${expected.name}" to ${expected.answer}`,
      );
    }
  }
}

/** What one case leaves must not be collected in the time of the next. Needs --expose-gc. */
function collectYoungGarbage(): void {
  globalThis.gc?.({ type: "minor" });
}
