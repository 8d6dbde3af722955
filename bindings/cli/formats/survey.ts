import type { FormatFacts, OptionFacts } from "../../formats/facts.js";
import { type FormatSpec, isRefusal } from "../../formats/format.js";
import { Prot } from "../../index.js";
import { granulesOf, type Make, makeFrom, tryMake } from "./granules.js";

/** What a format takes and becomes with one granule. */
export interface Shape {
  /** The smallest leaf, which is what the entries of the lowest tables map. */
  readonly granule: number;
  readonly sizes: readonly number[];
  readonly ias: readonly number[];
  readonly oas: readonly number[];
  readonly levels: readonly number[];
  readonly roots: readonly number[];
}

export interface OptionSurvey {
  readonly name: string;
  readonly from: OptionFacts["from"];
  /** The option that it is given together with. */
  readonly needs: string | null;
  /** Leaf sizes that there are with it only, by granule. */
  readonly sizes: readonly (readonly number[])[];
  readonly space: FormatSpec["space"];
  readonly grows: boolean;
  /** Hardware keeps dirty state with it, and without it not. */
  readonly dirty: boolean;
  /** Address bits and levels that it takes a granule to, where that is further; else 0. */
  readonly ias: number;
  readonly oas: number;
  readonly levels: number;
}

export interface Survey {
  readonly facts: FormatFacts;
  readonly shapes: readonly Shape[];
  /** Quirks first. One that the format refuses is not among them. */
  readonly options: readonly OptionSurvey[];
  /** The walker may be one that does not snoop. */
  readonly incoherent: boolean;
  /** Hardware keeps dirty state, whatever the options. */
  readonly dirty: boolean;
  readonly memoryTypes: number;
  readonly shareability: boolean;
}

/** Of more output sizes than this, the ends tell of the rest. */
const FEW = 8;
const BITS = Array.from({ length: 64 }, (_, index) => index + 1);
const MEMORY_TYPES = Array.from({ length: 16 }, (_, index) => index);

const ascending = (values: Iterable<number>): number[] => [...new Set(values)].sort((a, b) => a - b);

/** What is clamped is not held: only bits that the table really has count. */
function shapeOf(make: Make, usual: FormatFacts["usual"], granule: number): Shape | null {
  const holds = (ias: number, oas: number): boolean => makeFrom(make, granule, { ias, oas })?.spec.oas === oas;
  const oas = BITS.filter((bits) => holds(usual.ias, bits) || holds(bits, bits));
  if (oas.length === 0) return null;
  const tried = oas.length > FEW ? [Math.min(...oas), Math.max(...oas)] : oas;
  const made = BITS.flatMap((ias) =>
    tried.flatMap((bits) => makeFrom(make, granule, { ias, oas: bits })?.spec ?? []).filter((spec) => spec.ias === ias),
  );
  return {
    granule,
    sizes: ascending(made.flatMap(({ pageSizes }) => pageSizes)),
    ias: ascending(made.map(({ ias }) => ias)),
    oas,
    levels: ascending(made.map(({ top }) => top + 1)),
    roots: ascending(made.map(({ roots }) => roots)),
  };
}

/** The same granules with an option. */
function shapesWith({ make }: OptionFacts, { usual }: FormatFacts, plain: readonly Shape[]): Shape[] {
  return plain.flatMap(({ granule }) => shapeOf(make, usual, granule) ?? []);
}

/** What an option changes, compared with the format without it. */
function surveyOption(name: string, option: OptionFacts, facts: FormatFacts, plain: readonly Shape[]): OptionSurvey[] {
  const spec = tryMake(option.make, facts.usual);
  if (spec === null) return [];
  const needed = option.needs === undefined ? undefined : facts.quirks[option.needs];
  const base = needed === undefined ? plain : shapesWith(needed, facts, plain);
  const shapes = shapesWith(option, facts, plain);
  const without = ({ granule }: Shape): Shape | undefined => base.find((shape) => shape.granule === granule);
  const added = (shape: Shape): number[] => shape.sizes.filter((size) => !without(shape)?.sizes.includes(size));
  const further = (of: "ias" | "oas" | "levels"): number => {
    const most = shapes.map((shape) => [Math.max(...shape[of]), Math.max(0, ...(without(shape)?.[of] ?? []))] as const);
    return Math.max(0, ...most.filter(([now, before]) => now > before).map(([now]) => now));
  };
  return [
    {
      name,
      from: option.from,
      needs: option.needs ?? null,
      sizes: shapes.map(added).filter((sizes) => sizes.length > 0),
      space: spec.space,
      grows: spec.maxTop > spec.top,
      dirty: spec.dirty !== undefined && tryMake(facts.make, facts.usual)?.dirty === undefined,
      ias: further("ias"),
      oas: further("oas"),
      levels: further("levels"),
    },
  ];
}

/** Whether some configuration of the format can say this protection. */
function canSay(makes: readonly Make[], facts: FormatFacts, prot: number): boolean {
  return makes.some((make) => {
    const bits = tryMake(make, facts.usual)?.encode(prot, true);
    return bits !== undefined && !isRefusal(bits);
  });
}

/** Finds out by making it what a format can be. */
export function survey(facts: FormatFacts): Survey {
  const { make, usual } = facts;
  const shapes = granulesOf(facts).flatMap(({ granule }) => shapeOf(make, usual, granule) ?? []);
  const named = [...Object.entries(facts.quirks), ...Object.entries(facts.options)];
  const makes = [make, ...named.map(([, option]) => option.make)];
  const plain = Prot.READ | Prot.WRITE;
  return {
    facts,
    shapes,
    options: named.flatMap(([name, option]) => surveyOption(name, option, facts, shapes)),
    incoherent: tryMake(make, { ...usual, coherentWalk: false }) !== null,
    dirty: tryMake(make, usual)?.dirty !== undefined,
    memoryTypes: MEMORY_TYPES.filter((type) => canSay(makes, facts, plain | Prot.memoryType(type))).length,
    shareability: canSay(makes, facts, plain | Prot.SHARE_INNER),
  };
}
