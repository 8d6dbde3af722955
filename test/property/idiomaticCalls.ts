import { Prot } from "../../bindings/index.js";
import { contains, intersection, type Leaf, overlaps, type Range, smallestPage } from "../configurations/geometry.js";
import { type Expectation, fails, unmapResult } from "./expectation.js";
import type { Change, LeafModel } from "./leafModel.js";

export type PartialUnmap = "split" | "whole" | "refuse";

function misaligned(model: LeafModel, ...values: bigint[]): boolean {
  return values.some((value) => value % smallestPage(model.configuration) !== 0n);
}

/** A table under a new larger leaf makes way for it; every other one stays. */
export function replacedBy(added: readonly Leaf[]) {
  return (slot: Range) => added.some((leaf) => contains(leaf, slot));
}

/** @returns null where two things are wrong and either may be named */
export function expectMap(model: LeafModel, range: Range, paddr: bigint, prot: number): Expectation | null {
  const invalid =
    misaligned(model, range.iova, range.size, paddr) || range.size === 0n || !(prot & (Prot.READ | Prot.WRITE));
  const outside = !model.fits(range) || paddr + range.size > 2n ** BigInt(model.configuration.oas);
  if (invalid && outside) return null;
  if (invalid) return fails("EINVAL");
  if (outside) return fails("ERANGE");
  // What stood for a moment before the leaf in the way was found is taken back and flushed.
  if (model.inside(range).length > 0) return { ...fails("EEXIST"), flushesTraces: true };
  const added = model.cut(range, paddr, model.attributes(prot));
  return {
    outcome: { value: undefined },
    change: { removed: [], split: [], added },
    frees: replacedBy(added),
    exactGranule: true,
  };
}

/** @returns null where two things are wrong and either may be named */
export function expectUnmap(model: LeafModel, range: Range, partial: PartialUnmap): Expectation | null {
  const invalid = misaligned(model, range.iova, range.size) || range.size === 0n;
  if (invalid && !model.fits(range)) return null;
  if (invalid) return fails("EINVAL");
  if (!model.fits(range)) return fails("ERANGE");
  const touched = model.inside(range);
  const cut = touched.filter((leaf) => !contains(range, leaf));
  if (partial === "refuse" && cut.length > 0) return fails("EINVAL");
  const change: Change =
    partial === "split"
      ? {
          removed: touched.filter((leaf) => contains(range, leaf)),
          split: cut,
          added: cut.flatMap((leaf) => model.remains(leaf, range)),
        }
      : { removed: touched, split: [], added: [] };
  return unmapResult(bytesGone(change, range), { change, frees: emptied(model, change) });
}

function bytesGone({ removed, split }: Change, range: Range): bigint {
  const whole = removed.reduce((sum, leaf) => sum + leaf.size, 0n);
  return split.reduce((sum, leaf) => sum + intersection(leaf, range).size, whole);
}

/** A table page goes with its last leaf; one that was empty before may go too. */
function emptied(model: LeafModel, change: Change) {
  const gone = new Set([...change.removed, ...change.split]);
  return (slot: Range) => {
    const had = model.inside(slot);
    if (had.length === 0) return undefined;
    return had.every((leaf) => gone.has(leaf)) && !change.added.some((leaf) => overlaps(leaf, slot));
  };
}
