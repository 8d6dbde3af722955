import Benchmark from "benchmark";
import type { BenchCase } from "./case.js";
import { median } from "./statistics.js";

/** Seconds that the steps of one cycle take at least. */
const CYCLE_SECONDS = 0.004;
/** Below any tick of the clock: benchmark.js takes a cycle of one call for long enough. */
const ANY_TIME = 1e-9;

/**
 * Times one case for one round of about so many seconds with benchmark.js.
 * @returns seconds per step, one value for each cycle
 */
export async function measure(subject: BenchCase, roundSeconds: number): Promise<number[]> {
  const seconds = await timings(subject, roundSeconds);
  if (seconds.length === 0 || !seconds.every((value) => value > 0)) {
    throw new Error(`case "${subject.name}" is too short for the clock: ${seconds.join(", ")} seconds`);
  }
  return seconds;
}

async function timings(subject: BenchCase, roundSeconds: number): Promise<number[]> {
  const { restore } = subject;
  if (subject.measured !== undefined) return subject.measured(roundSeconds);
  return measureSteps(subject, () => restore?.call(subject), roundSeconds);
}

/**
 * Steps alternate with their `restore` within a cycle, because what benchmark.js does between cycles would push the tables out of the caches. A deferred benchmark lets the cycle say itself how long it took: the median of its steps alone.
 */
async function measureSteps(subject: BenchCase, restore: () => void, roundSeconds: number): Promise<number[]> {
  let thrown: unknown;
  const bench = new Benchmark(subject.name, {
    defer: true,
    delay: 0,
    minTime: ANY_TIME,
    minSamples: 1,
    maxTime: roundSeconds,
    fn: (deferred: Benchmark.Deferred) => {
      let seconds = 1;
      // benchmark.js would call it again, and then lose what it throws to a timer.
      try {
        if (thrown === undefined) seconds = medianStepSeconds(subject, restore);
      } catch (error) {
        thrown = error ?? new Error("nothing");
      }
      deferred.resolve();
      deferred.elapsed = seconds;
    },
  });
  await new Promise((resolve) => {
    bench.on("complete", resolve);
    bench.run();
  });
  if (thrown !== undefined) throw failure(subject, thrown);
  if (bench.error) throw failure(subject, bench.error);
  if (bench.aborted) throw new Error(`case "${subject.name}" was aborted`);
  return [...bench.stats.sample];
}

/** The median, so that what interrupts a step does not count with those that it leaves alone. */
function medianStepSeconds(subject: BenchCase, restore: () => void): number {
  // One untimed, to warm the caches with the tables.
  subject.step();
  restore();
  const steps: number[] = [];
  let sum = 0;
  while (sum < CYCLE_SECONDS * 1e3) {
    const start = performance.now();
    subject.step();
    const milliseconds = performance.now() - start;
    steps.push(milliseconds);
    sum += milliseconds;
    restore();
  }
  return median(steps) / 1e3;
}

function failure(subject: BenchCase, thrown: unknown): Error {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Error(`case "${subject.name}" threw: ${message}`, { cause: thrown });
}
