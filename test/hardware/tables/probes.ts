// What to ask a walker about a table: edges and insides of what is mapped, what is beside it, the ends of the input space and beyond.
import { endOf, inputRanges } from "../../configurations/geometry.js";
import type { Probe } from "../walkers/walker.js";
import type { Builder, Surroundings } from "./builder.js";
import { type Model, paddrIn, type Run, type Span } from "./model.js";
import type { Random } from "./random.js";

const STEP = 8n;

export interface Questions extends Surroundings {
  /** Accesses that the walker can make, as `Access`. */
  readonly accesses: readonly number[];
  /** Whether the walker can be asked about addresses outside the input space, and knows that they are. */
  readonly outside: boolean;
  /** Input addresses that it cannot be asked about. */
  readonly blind?: Span;
}

/** A place that an access may reach without harm: data, or nothing at all. */
export function isHarmless({ areas }: Surroundings, paddr: bigint): boolean {
  const area = [areas.data, areas.nowhere].find((a) => a !== null && paddr >= a.start && paddr + STEP <= a.end);
  return area !== undefined && area !== null;
}

/** A harmless address in a run: of large ones the part that is RAM. */
function inside(questions: Questions, run: Run, random: Random): bigint {
  const { start, end } = questions.areas.data;
  const covers = run.period === undefined && run.paddr < start && run.paddr + run.size > start;
  if (!covers) return random.between(run.iova, endOf(run), STEP);
  const last = run.paddr + run.size < end ? run.paddr + run.size : BigInt(end);
  return run.iova + random.between(BigInt(start), last, STEP) - run.paddr;
}

function addresses(questions: Questions, { model, random }: Builder): bigint[] {
  const all: bigint[] = [];
  for (const run of model.runs) {
    const leaf = random.pick(questions.configuration.pageSizes);
    const middle = run.iova + ((run.size / 2n / leaf) * leaf || STEP);
    all.push(
      run.iova,
      endOf(run) - STEP,
      middle,
      middle - STEP,
      inside(questions, run, random),
      inside(questions, run, random),
    );
    all.push(run.iova - STEP);
    all.push(endOf(run), random.between(endOf(run), endOf(run) + 64n * leaf, STEP));
  }
  for (const range of inputRanges(questions.configuration)) {
    all.push(range.iova, endOf(range) - STEP);
    for (let i = 0; i < 6; i++) all.push(random.between(range.iova, endOf(range), STEP));
    if (!questions.outside) continue;
    // Of a space of all 64 bits nothing is outside.
    if (endOf(range) < 2n ** 64n) all.push(endOf(range), endOf(range) * 2n - STEP);
    if (range.iova > 0n) all.push(range.iova - STEP);
  }
  return all;
}

/** Whether a walker can be asked about an address at all. */
function isAskable({ outside, taken, blind, configuration }: Questions, iova: bigint): boolean {
  if (iova < 0n || iova >= 2n ** 64n) return false;
  if ([taken, blind].some((span) => span !== undefined && iova >= span.iova && iova < endOf(span))) return false;
  return outside || inputRanges(configuration).some((range) => iova >= range.iova && iova < endOf(range));
}

const chosen = <T>(items: readonly T[], most: number, random: Random): T[] => {
  const rest = [...items];
  const some: T[] = [];
  while (rest.length > 0 && some.length < most) some.push(...rest.splice(random.below(rest.length), 1));
  return some;
};

function probeOf(questions: Questions, model: Model, iova: bigint, access: number): Probe | null {
  const run = model.at(iova);
  if (run === undefined) return { iova, access };
  const paddr = paddrIn(run, iova);
  return isHarmless(questions, paddr) ? { iova, access, expected: Number(paddr) } : null;
}

/** At most `most` probes of a table, in random order. */
export function probesOf(questions: Questions, builder: Builder, most: number): Probe[] {
  const iovas = addresses(questions, builder).filter((iova) => isAskable(questions, iova));
  const probes = iovas.flatMap((iova) =>
    questions.accesses.flatMap((access) => probeOf(questions, builder.model, iova, access) ?? []),
  );
  return chosen(probes, most, builder.random);
}
