import type { FormatFacts } from "../../formats/facts.js";
import { type CommonConfig, type Format, type FormatSpec, specOf } from "../../formats/format.js";
import { IoPgtableError } from "../../index.js";

export type Make = (config: CommonConfig) => Format;

/** A granule that a format can have, and the leaf sizes to ask for with it. */
export interface Granule {
  readonly granule: number;
  readonly pageSizes: readonly number[];
}

/** No smallest leaf of a format is outside 1K..64K. */
const LEAST_LG2 = 10;
const GRANULES = Array.from({ length: 7 }, (_, index) => 2 ** (index + LEAST_LG2));
const SIZES = Array.from({ length: 64 - LEAST_LG2 }, (_, index) => 2 ** (index + LEAST_LG2));

/** @returns null where the format refuses the configuration */
export function tryMake(make: Make, config: CommonConfig): FormatSpec | null {
  try {
    return specOf(make(config)) ?? null;
  } catch (error) {
    if (error instanceof IoPgtableError) return null;
    throw error;
  }
}

/** With all leaf sizes from the smallest on where the format can have several, else with that one alone; null where it has no such leaf. */
export function makeFrom(
  make: Make,
  smallest: number,
  bits: FormatFacts["usual"],
): { spec: FormatSpec; pageSizes: readonly number[] } | null {
  for (const pageSizes of [SIZES.filter((size) => size >= smallest), [smallest]]) {
    const spec = tryMake(make, { ...bits, pageSizes });
    if (spec?.pageSizes[0] === smallest) return { spec, pageSizes };
  }
  return null;
}

/** A size that comes along with smaller ones is no granule. */
export function granulesOf({ make, usual }: FormatFacts): Granule[] {
  const found: Granule[] = [];
  const known = new Set<number>();
  for (const granule of GRANULES) {
    const made = known.has(granule) ? null : makeFrom(make, granule, usual);
    if (made === null) continue;
    found.push({ granule, pageSizes: made.pageSizes });
    for (const size of made.spec.pageSizes) known.add(size);
  }
  return found;
}
