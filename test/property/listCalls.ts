// The list calls among all others: a few runs of pages, given in one of the ways in which a list can be.
import fc from "fast-check";
import type { IoPageTable, Iova, TableMemory } from "../../bindings/index.js";
import { Prot, SegmentList } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { least, type Range, smallestPage } from "../configurations/geometry.js";
import { type PaddrSpec, paddrSpec, resolvePaddr, resolveSize, type SizeSpec, sizeSpec } from "./addresses.js";
import { type Expectation, fails } from "./expectation.js";
import { replacedBy } from "./idiomaticCalls.js";
import type { LeafModel } from "./leafModel.js";

export interface Run extends Range {
  paddr: bigint;
}

export interface RunSpec {
  size: SizeSpec;
  paddr: PaddrSpec;
}

export const runSpecs: fc.Arbitrary<RunSpec[]> = fc.array(fc.record({ size: sizeSpec, paddr: paddrSpec }), {
  minLength: 1,
  maxLength: 5,
});
export type ListForm = "array" | "in the memory" | "bigints" | "frames" | "segments" | "a part of segments";
export const listForm: fc.Arbitrary<ListForm> = fc.constantFrom(
  "array",
  "in the memory",
  "bigints",
  "frames",
  "segments",
  "a part of segments",
);

/** Pages of one run; the check of every address is what takes the time. */
const MOST_PAGES = 160n;

/** Neighbouring runs are one. */
export function resolveRuns(c: Configuration, specs: readonly RunSpec[], iova: bigint): Run[] {
  const page = smallestPage(c);
  const runs: Run[] = [];
  let at = iova;
  for (const spec of specs) {
    const size = least(resolveSize(c, spec.size), MOST_PAGES * page);
    if (size === 0n) continue;
    const paddr = resolvePaddr(c, spec.paddr, at, size);
    const last = runs.at(-1);
    if (last !== undefined && last.paddr + last.size === paddr) last.size += size;
    else runs.push({ iova: at, size, paddr });
    at += size;
  }
  return runs;
}

/** @returns null where two things are wrong and either may be named */
export function expectMapRuns(model: LeafModel, range: Range, runs: readonly Run[], prot: number): Expectation | null {
  const invalid = runs.length === 0 || !(prot & (Prot.READ | Prot.WRITE));
  const limit = 2n ** BigInt(model.configuration.oas);
  const outside = !model.fits(range) || runs.some(({ paddr, size }) => paddr + size > limit);
  if (invalid && outside) return null;
  if (invalid) return fails("EINVAL");
  if (outside) return fails("ERANGE");
  if (model.inside(range).length > 0) return { ...fails("EEXIST"), flushesTraces: true };
  const added = runs.flatMap((run) => model.cut(run, run.paddr, model.attributes(prot)));
  return {
    outcome: { value: undefined },
    change: { removed: [], split: [], added },
    frees: replacedBy(added),
    exactGranule: true,
  };
}

/** What the session needs to give a list in any form. */
interface Subject {
  table: IoPageTable;
  memory: TableMemory;
}

export function mapRuns(subject: Subject, iova: Iova, runs: readonly Run[], prot: number, form: ListForm): void {
  const { table, memory } = subject;
  const page = table.pageSizes[0] ?? 4096;
  const pages = runs.flatMap(({ paddr, size }) =>
    Array.from({ length: Number(size) / page }, (_, i) => Number(paddr) + i * page),
  );
  const segments = runs.map(({ paddr, size }) => ({ paddr: Number(paddr), size: Number(size) }));
  const longer = new SegmentList([{ paddr: 0, size: page }, ...segments, { paddr: 0, size: 3 * page }]);
  const inside = memory.float64Array(form === "in the memory" ? pages.length : 0);
  const calls: Record<ListForm, () => void> = {
    array: () => table.mapList(iova, pages, page, prot),
    "in the memory": () => {
      inside.set(pages);
      table.mapList(iova, inside, page, prot);
    },
    bigints: () => table.mapList(iova, BigUint64Array.from(pages, BigInt), page, prot),
    frames: () =>
      table.mapFrames(
        iova,
        Float64Array.from(pages, (paddr) => paddr / page),
        page,
        prot,
      ),
    segments: () => table.mapSegments(iova, segments, prot),
    "a part of segments": () => table.mapSegments(iova, longer, prot, { start: page, size: pages.length * page }),
  };
  calls[form]();
}
