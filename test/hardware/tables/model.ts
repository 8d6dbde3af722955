// What a table should translate: a list of runs, and nothing of page tables.
import { least, most } from "../../configurations/geometry.js";

/** Input addresses, end exclusive. */
export interface Span {
  readonly iova: bigint;
  readonly size: bigint;
}

export interface Run extends Span {
  readonly paddr: bigint;
  readonly prot: number;
  /** Repeats its first bytes: how many, and where in them the run begins. */
  readonly period?: bigint;
  readonly phase?: bigint;
}

const end = ({ iova, size }: Span): bigint => iova + size;

export function paddrIn({ iova, paddr, period, phase = 0n }: Run, at: bigint): bigint {
  const distance = at - iova + phase;
  return paddr + (period === undefined ? distance : distance % period);
}

/** The part of a run from `iova` on. */
function part(run: Run, iova: bigint, size: bigint): Run {
  if (run.period === undefined) return { ...run, iova, size, paddr: paddrIn(run, iova) };
  return { ...run, iova, size, phase: (iova - run.iova + (run.phase ?? 0n)) % run.period };
}

export class Model {
  /** Disjoint, in no order. */
  runs: readonly Run[] = [];

  add(run: Run): void {
    this.runs = [...this.runs, run];
  }

  at(iova: bigint): Run | undefined {
    return this.runs.find((run) => iova >= run.iova && iova < end(run));
  }

  meets(span: Span): boolean {
    return this.runs.some((run) => run.iova < end(span) && span.iova < end(run));
  }

  /** What is mapped there, cut to the span. */
  inside(span: Span): Run[] {
    return this.runs
      .filter((run) => run.iova < end(span) && span.iova < end(run))
      .map((run) => {
        const iova = most(run.iova, span.iova);
        return part(run, iova, least(end(run), end(span)) - iova);
      });
  }

  remove(span: Span): void {
    this.runs = this.runs.flatMap((run) => {
      if (run.iova >= end(span) || span.iova >= end(run)) return [run];
      const left = run.iova < span.iova ? [part(run, run.iova, span.iova - run.iova)] : [];
      const right = end(run) > end(span) ? [part(run, end(span), end(run) - end(span))] : [];
      return [...left, ...right];
    });
  }

  protect(span: Span, prot: number): void {
    const changed = this.inside(span).map((run) => ({ ...run, prot }));
    this.remove(span);
    this.runs = [...this.runs, ...changed];
  }

  copy(): Model {
    const copy = new Model();
    copy.runs = this.runs;
    return copy;
  }
}
