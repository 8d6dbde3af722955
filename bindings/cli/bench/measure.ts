import { UnusableOption } from "../replay/unusableInput.js";
import type { TimedCase } from "./cases.js";

/** The part of benchmark.js that is used. */
interface Bench {
  run(): unknown;
  readonly error?: Error | undefined;
  readonly aborted: boolean;
  readonly stats: { readonly sample: readonly number[]; readonly rme: number };
}
export type BenchConstructor = new (
  name: string,
  step: () => void,
  options: { maxTime: number; minSamples: number },
) => Bench;

export interface Measured {
  readonly name: string;
  readonly unit: string;
  /** Nanoseconds per unit: median and 99th percentile of the samples, each the mean of many steps. */
  readonly median: number;
  readonly p99: number;
  /** Relative margin of error, in percent. */
  readonly rme: number;
  readonly samples: number;
}

const MIN_SAMPLES = 5;

/** benchmark.js, which is the user's to install. @throws UnusableOption where it is not */
export async function loadBenchmark(load: () => Promise<{ default: unknown }>): Promise<BenchConstructor> {
  try {
    return (await load()).default as BenchConstructor;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") {
      throw new UnusableOption(
        'the package "benchmark" is not installed, which only this command needs: npm install benchmark',
      );
    }
    throw error;
  }
}

export function measure(Constructor: BenchConstructor, subject: TimedCase, seconds: number): Measured {
  const bench = new Constructor(subject.name, subject.step, { maxTime: seconds, minSamples: MIN_SAMPLES });
  bench.run();
  // benchmark.js keeps what a case threw to itself and completes as if nothing had happened.
  if (bench.error) throw bench.error;
  if (bench.aborted) throw new Error(`"${subject.name}" was aborted`);
  const sorted = [...bench.stats.sample].sort((a, b) => a - b);
  const at = (share: number): number =>
    ((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 1e9) / subject.units;
  const { name, unit } = subject;
  return { name, unit, median: at(0.5), p99: at(0.99), rme: bench.stats.rme, samples: sorted.length };
}
