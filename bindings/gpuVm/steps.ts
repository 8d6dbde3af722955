// What a bind or unbind does to the mappings in its way, as DRM GPUVM reports it.
import { type GpuMapping, type Mapping, showSame } from "./mapping.js";

/** What a bind or unbind did, in order: at most two remaps and one map per bind, as DRM GPUVM. */
export type GpuVmStep =
  | { step: "map"; mapping: GpuMapping }
  | {
      step: "unmap";
      mapping: GpuMapping;
      /** Still wanted by the same object range: entries were left alone. */
      kept: boolean;
    }
  | { step: "remap"; unmapped: GpuMapping; before: GpuMapping | null; after: GpuMapping | null };

/** Where the steps go, and the mappings that they make. */
export interface Outcome {
  readonly steps: GpuVmStep[];
  readonly made: Mapping[];
}

/** [start, end) is taken from a mapping that overlaps it; `wanted` comes in its place, if anything does. */
export function takeFrom(old: Mapping, start: number, end: number, wanted: Mapping | undefined, to: Outcome): void {
  const before = old.start < start ? old.part(old.start, start) : undefined;
  const after = old.end > end ? old.part(end, old.end) : undefined;
  if (before !== undefined) to.made.push(before);
  if (after !== undefined) to.made.push(after);
  if (before === undefined && after === undefined) {
    to.steps.push({ step: "unmap", mapping: old.view, kept: wanted !== undefined && staysIn(old, wanted) });
  } else {
    to.steps.push({ step: "remap", unmapped: old.view, before: before?.view ?? null, after: after?.view ?? null });
  }
}

/** Whether the entries of a mapping are those that `wanted` needs in its place. */
function staysIn(old: Mapping, wanted: Mapping): boolean {
  return old.backing.prot === wanted.backing.prot && showSame(old, wanted, old.start);
}

/** A mapping is cut where [start, end) begins and ends in it; the part within becomes a mapping of its own. */
export function cutOut(old: Mapping, start: number, end: number, to: Outcome): void {
  const before = old.start < start ? old.part(old.start, start) : undefined;
  const after = old.end > end ? old.part(end, old.end) : undefined;
  if (before === undefined && after === undefined) return;
  const within = old.part(Math.max(old.start, start), Math.min(old.end, end));
  for (const part of [before, within, after]) if (part !== undefined) to.made.push(part);
  to.steps.push({ step: "remap", unmapped: old.view, before: before?.view ?? null, after: after?.view ?? null });
  to.steps.push({ step: "map", mapping: within.view });
}
