// Lists to map, and what they are to be equal to: `map` over each maximal run of neighbours.
import type { IoPageTable, TableMemory } from "../../../bindings/index.js";
import { Prot } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, inputRanges } from "../../configurations/geometry.js";

export const RW = Prot.READ | Prot.WRITE;

export interface ListCase {
  iova: bigint;
  pageSize: number;
  pages: number[];
}

/** mulberry32: whole numbers below its argument. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Each maximal run of neighbours: its first page, and how many it has. */
export function runsOf({ pages, pageSize }: ListCase): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  pages.forEach((page, i) => {
    const last = runs.at(-1);
    if (last !== undefined && page === (pages[i - 1] ?? 0) + pageSize) last.count++;
    else runs.push({ first: i, count: 1 });
  });
  return runs;
}

/** What a list call must be equal to. */
export function mapRuns(table: IoPageTable, list: ListCase, prot: number = RW): void {
  for (const { first, count } of runsOf(list)) {
    const iova = list.iova + BigInt(first * list.pageSize);
    table.map(iova, list.pages[first] ?? 0, count * list.pageSize, prot);
  }
}

/** The same list as each kind of argument. */
export function callsFor(memory: TableMemory, list: ListCase): [string, (table: IoPageTable) => void][] {
  const { iova, pageSize, pages } = list;
  const frames = pages.map((page) => page / pageSize);
  const wide = BigUint64Array.from(pages, BigInt);
  const inside = memory.float64Array(pages.length);
  inside.set(pages);
  const insideFrames = memory.float64Array(pages.length);
  insideFrames.set(frames);
  const insideWide = new BigUint64Array(memory.buffer, memory.float64Array(pages.length).byteOffset, pages.length);
  insideWide.set(wide);
  const calls: [string, (table: IoPageTable) => void][] = [
    ["an array", (table) => table.mapList(iova, pages, pageSize, RW)],
    ["a Float64Array", (table) => table.mapList(iova, Float64Array.from(pages), pageSize, RW)],
    ["a Float64Array in the memory", (table) => table.mapList(iova, inside, pageSize, RW)],
    ["a BigUint64Array", (table) => table.mapList(iova, wide, pageSize, RW)],
    ["a BigUint64Array in the memory", (table) => table.mapList(iova, insideWide, pageSize, RW)],
    ["frames in a Float64Array", (table) => table.mapFrames(iova, Float64Array.from(frames), pageSize, RW)],
    ["frames in a Float64Array in the memory", (table) => table.mapFrames(iova, insideFrames, pageSize, RW)],
    [
      "segments",
      (table) =>
        table.mapSegments(
          iova,
          pages.map((paddr) => ({ paddr, size: pageSize })),
          RW,
        ),
    ],
  ];
  if (frames.every((frame) => frame < 2 ** 32)) {
    const narrow = new Uint32Array(memory.buffer, memory.float64Array(pages.length).byteOffset, pages.length);
    narrow.set(frames);
    calls.push(["frames in a Uint32Array", (table) => table.mapFrames(iova, Uint32Array.from(frames), pageSize, RW)]);
    calls.push(["frames in a Uint32Array in the memory", (table) => table.mapFrames(iova, narrow, pageSize, RW)]);
  }
  return calls;
}

/** More entries than this make a case slow to compare. */
const MOST_PAGES = 1800;

/** A list of single pages and of runs that do and do not fit larger leaves, somewhere where tables meet. */
export function randomList(c: Configuration, random: (below: number) => number): ListCase {
  const sizes = c.pageSizes.map(Number).filter((size) => size <= 2 ** 30 && size < 2 ** (c.ias - 4));
  const pageSize = sizes[Math.min(random(4), random(sizes.length))] ?? 4096;
  const room = Math.floor(2 ** (c.ias - 2) / pageSize);
  const target = Math.min(1 + random(random(3) === 0 ? MOST_PAGES : 150), room);
  const iova = randomPlace(c, pageSize, target, random);
  const pages: number[] = [];
  while (pages.length < target) addPages(c, { iova, pageSize, pages }, sizes, random);
  pages.length = target;
  return { iova, pageSize, pages };
}

function randomPlace(c: Configuration, pageSize: number, pages: number, random: (below: number) => number): bigint {
  const ranges = inputRanges(c);
  const range = ranges[random(ranges.length)] ?? { iova: 0n, size: 0n };
  const page = BigInt(pageSize);
  const spans = c.shifts
    .slice(1)
    .map((shift) => 2n ** BigInt(shift))
    .filter((span) => span < range.size);
  const corner = [0n, ...spans, range.size / 2n, range.size][random(spans.length + 3)] ?? 0n;
  const last = endOf(range) - BigInt(pages) * page;
  const wanted = range.iova + corner - BigInt(random(40) - 20) * page;
  const fits = wanted < range.iova ? range.iova : wanted > last ? last : wanted;
  return fits - (fits % page);
}

function addPages(c: Configuration, list: ListCase, sizes: readonly number[], random: (below: number) => number): void {
  const { pageSize, pages } = list;
  const limit = 2 ** c.oas / pageSize;
  if (random(2) === 0) {
    for (let left = random(30); left >= 0; left--) pages.push(random(Math.min(limit, 2 ** 32)) * pageSize);
    return;
  }
  const larger = sizes.filter((size) => size >= pageSize);
  const size = larger[random(larger.length)] ?? pageSize;
  const count = 1 + random(Math.min(2.5 * Math.max(1, size / pageSize), MOST_PAGES));
  const at = Number((list.iova + BigInt(pages.length * pageSize)) % BigInt(size));
  const skew = random(3) === 0 ? pageSize : 0;
  const far = random(4) === 0 ? 2 ** c.oas - 4 * size : random(2 ** 20) * size;
  const first = (far + at + skew) % 2 ** c.oas;
  for (let i = 0; i < count && first / pageSize + i < limit; i++) pages.push(first + i * pageSize);
}
