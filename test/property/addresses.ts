// Where the generated calls go: a few places where tables and levels meet, and the edges of what is mapped already, so that
// calls collide, join and cut. Specifications are plain data that is resolved against the model when the call runs.
import fc from "fast-check";
import { Prot } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import {
  endOf,
  inputRange,
  inputRanges,
  type Leaf,
  least,
  most,
  type Range,
  rangeOf,
  smallestPage,
} from "../configurations/geometry.js";
import type { LeafModel } from "./leafModel.js";

export interface IovaSpec {
  /** At an edge of the nth mapped leaf, where there is one; else at a window. */
  leaf: number | null;
  window: number;
  unit: number;
  steps: number;
}

export interface SizeSpec {
  unit: number;
  count: number;
  pages: number;
}

export interface PaddrSpec {
  shift: number;
  high: boolean;
}

export const iovaSpec: fc.Arbitrary<IovaSpec> = fc.record({
  leaf: fc.option(fc.nat(1000), { freq: 2 }),
  window: fc.nat(5),
  unit: fc.nat(40),
  steps: fc.integer({ min: -6, max: 10 }),
});

export const sizeSpec: fc.Arbitrary<SizeSpec> = fc.record({
  unit: fc.nat(40),
  count: fc.integer({ min: 0, max: 12 }),
  pages: fc.nat(4),
});

export const paddrSpec: fc.Arbitrary<PaddrSpec> = fc.record({
  shift: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(4) }),
  high: fc.boolean(),
});

const allowed = fc.integer({ min: 0, max: 63 }).map((flags) => flags | (flags & Prot.WRITE ? 0 : Prot.READ));
const few = fc.constantFrom(Prot.READ | Prot.WRITE, Prot.READ | Prot.WRITE | Prot.CACHE, Prot.WRITE, Prot.READ);
const refused = fc.constantFrom(0, Prot.CACHE, Prot.NOEXEC | Prot.PRIV);
export const protection: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: few },
  { weight: 4, arbitrary: allowed },
  { weight: 1, arbitrary: refused },
);

function pick<T>(items: readonly T[], index: number, otherwise: T): T {
  return items[index % items.length] ?? otherwise;
}

export function alignDown(value: bigint, size: bigint): bigint {
  return value - (value % size);
}

export function resolveIova(model: LeafModel, spec: IovaSpec): bigint {
  const c = model.configuration;
  const page = smallestPage(c);
  const leaves = spec.leaf === null ? [] : model.sorted();
  const leaf = leaves[(spec.leaf ?? 0) % Math.max(1, leaves.length)];
  const ranges = inputRanges(c);
  const range = leaf ? rangeOf(c, leaf.iova) : pick(ranges, spec.unit, inputRange(c));
  const iova = leaf ? edge(leaf, page, spec.steps) : window(c, range, spec);
  const last = endOf(range) - page;
  return alignDown(least(most(iova, range.iova), last), page);
}

function edge(leaf: Leaf, page: bigint, steps: number): bigint {
  const edges = [
    leaf.iova,
    endOf(leaf),
    leaf.iova + leaf.size / 2n,
    leaf.iova + page,
    leaf.iova - page,
    endOf(leaf) - page,
  ];
  return pick(edges, steps + 6, leaf.iova);
}

function window(c: Configuration, range: Range, { window, unit, steps }: IovaSpec): bigint {
  const tableSpans = c.shifts.slice(1, 4).map((shift) => 2n ** BigInt(shift));
  const { iova, size } = range;
  const starts = [0n, ...tableSpans.filter((span) => span < size), size / 2n, size];
  return iova + pick(starts, window, 0n) + BigInt(steps) * pick(unitsOf(c), unit, smallestPage(c));
}

/** Sizes that calls are counted in: the smaller ones, so that ranges stay near each other. */
function unitsOf(c: Configuration): bigint[] {
  return c.pageSizes.filter((size) => size <= 2n ** 34n);
}

export function resolveSize(c: Configuration, { unit, count, pages }: SizeSpec): bigint {
  return BigInt(count) * pick(unitsOf(c), unit, smallestPage(c)) + BigInt(pages) * smallestPage(c);
}

/** Congruent to the input address, or off by a page, a larger page, … so that only smaller leaves fit. */
export function resolvePaddr(c: Configuration, { shift, high }: PaddrSpec, iova: bigint, size: bigint): bigint {
  const shifts = [0n, smallestPage(c), 3n * smallestPage(c), c.pageSizes.at(1) ?? 0n, c.pageSizes.at(-1) ?? 0n];
  const half = 2n ** BigInt(c.oas - 1);
  const paddr = (iova - c.base + pick(shifts, shift, 0n)) % half;
  return high && paddr + size <= half ? paddr + half : paddr;
}

const MOST_LEAVES = 300n;

/** Cuts a request down to a few hundred leaves; the check of every address and line is what takes the time. */
export function limitSize(c: Configuration, iova: bigint, paddr: bigint, size: bigint, leaves = MOST_LEAVES): bigint {
  const step = c.pageSizes.filter((s) => iova % s === paddr % s).at(-1) ?? smallestPage(c);
  return size / step > leaves ? step * leaves : size;
}
