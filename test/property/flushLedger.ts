import { expect } from "vitest";
import type { FlushEvent } from "../bindings/support/flushJournal.js";
import type { Configuration } from "../configurations/configuration.js";
import {
  contains,
  endOf,
  itemSize,
  type Leaf,
  least,
  most,
  overlaps,
  type Range,
  rangeBetween,
  smallestPage,
} from "../configurations/geometry.js";
import type { Change } from "./leafModel.js";
import type { TableSlot } from "./tableDump.js";

type Report = Extract<FlushEvent, { kind: "walk" | "range" }>;

/** Everything that hardware may still hold after some calls, and so must be told of. */
export interface Stale {
  removed: Leaf[];
  split: Leaf[];
  freed: TableSlot[];
  /** New leaves, which one flush over the changes around them may name too. */
  added: Leaf[];
}

export const nothingStale = (): Stale => ({ removed: [], split: [], freed: [], added: [] });

export function addStale(stale: Stale, { removed, split, added }: Change, freed: readonly TableSlot[]): void {
  stale.added.push(...added);
  stale.removed.push(...removed);
  stale.split.push(...split);
  stale.freed.push(...freed);
}

export function isFresh({ removed, split, freed }: Stale): boolean {
  return removed.length + split.length + freed.length === 0;
}

function reports(events: readonly FlushEvent[]): { walks: Report[]; ranges: Report[] } {
  const walks: Report[] = [];
  const ranges: Report[] = [];
  for (const event of events) {
    if (event.kind === "walk") walks.push(event);
    else if (event.kind === "range") ranges.push(event);
    else if (event.kind === "all") throw new Error("flushAll for a change of a range");
  }
  return { walks, ranges };
}

const show = ({ iova, size }: Range) => `[0x${iova.toString(16)}, +0x${size.toString(16)})`;

/** Flushes issued one by one: every stale leaf once, every freed table by a flushWalk, and nothing else. */
export function checkExactFlushes(
  c: Configuration,
  events: readonly FlushEvent[],
  stale: Stale,
  options: { exactGranule: boolean; flushesTraces?: boolean },
): void {
  const { walks, ranges } = reports(events);
  for (const slot of stale.freed) {
    expect(
      walks.some((walk) => contains(walk, slot)),
      `flushWalk over the freed table ${show(slot)}`,
    ).toBe(true);
  }
  for (const walk of walks) expect(walk.granule).toBe(smallestPage(c));
  for (const leaf of stale.removed) {
    // A gather may see the same address go, be mapped again and go once more, also as a part of a leaf that is split.
    const times = [...stale.removed, ...stale.split].filter((other) => overlaps(other, leaf)).length;
    checkLeaf(c, leaf, { walks, ranges }, { ...options, times });
  }
  for (const leaf of stale.split) {
    const near = [...walks, ...ranges].filter((report) => overlaps(report, leaf));
    expect(near.length, `a flush of the split leaf ${show(leaf)}`).toBeGreaterThan(0);
  }
  if (options.flushesTraces) return;
  const changed = [...stale.removed, ...stale.split, ...stale.freed, ...stale.added];
  for (const report of [...walks, ...ranges]) {
    expect(covers(changed, report), `${report.kind} ${show(report)} names only what changed`).toBe(true);
  }
}

function checkLeaf(
  c: Configuration,
  leaf: Leaf,
  { walks, ranges }: { walks: Report[]; ranges: Report[] },
  { exactGranule, times }: { exactGranule: boolean; times: number },
): void {
  const near = ranges.filter((range) => overlaps(range, leaf));
  const walked = walks.some((walk) => contains(walk, leaf));
  expect(near.length, `flushRange over the leaf ${show(leaf)}`).toBeLessThanOrEqual(times);
  // A flush of a larger leaf that was split there before does not count for the smaller one.
  const range = near.find((report) => report.granule <= leaf.size && contains(report, leaf)) ?? near[0];
  expect(walked || (range !== undefined && contains(range, leaf)), `flush of the leaf ${show(leaf)}`).toBe(true);
  if (range === undefined || walked) return;
  expect(range.granule).toBeLessThanOrEqual(leaf.size);
  // A leaf of several items may be named by its item or by the whole.
  if (exactGranule) expect([leaf.size, itemSize(c, leaf.size)]).toContain(range.granule);
}

/** Whether `range` lies in the union of `parts`. */
function covers(parts: readonly Range[], range: Range): boolean {
  const sorted = parts.filter((part) => overlaps(part, range)).sort((a, b) => (a.iova < b.iova ? -1 : 1));
  let reached = range.iova;
  for (const part of sorted) {
    if (part.iova > reached) return false;
    if (endOf(part) > reached) reached = endOf(part);
  }
  return reached >= endOf(range);
}

/** One flush for all that a merging gather collected: flushWalk where it frees tables, else the smallest leaf as granule. */
export function checkMergedFlush(c: Configuration, events: readonly FlushEvent[], stale: Stale): void {
  const changed = [...stale.removed, ...stale.split, ...stale.freed];
  if (changed.length === 0) {
    expect(events).toEqual([]);
    return;
  }
  expect(events).toHaveLength(1);
  const { walks, ranges } = reports(events);
  const [report] = [...walks, ...ranges];
  if (report === undefined) return;
  expect(report.kind).toBe(stale.freed.length > 0 ? "walk" : "range");
  const hull = hullOf(changed);
  // What is left of a split leaf need not be named, so that the range may be a little shorter.
  if (stale.split.length === 0) expect(show(report)).toBe(show(hull));
  else expect(contains(hull, report)).toBe(true);
  for (const part of [...stale.removed, ...stale.freed]) expect(contains(report, part)).toBe(true);
  for (const part of stale.split) expect(overlaps(report, part)).toBe(true);
  if (report.kind === "walk") expect(report.granule).toBe(smallestPage(c));
  else for (const leaf of stale.removed) expect(report.granule).toBeLessThanOrEqual(leaf.size);
}

/** As `checkMergedFlush`, where a split has flushed some of it before: all is named, and nothing outside. */
export function checkMergedAfterSplit(c: Configuration, events: readonly FlushEvent[], stale: Stale): void {
  const { walks, ranges } = reports(events);
  const all = [...walks, ...ranges];
  for (const part of [...stale.removed, ...stale.freed]) {
    expect(covers(all, part), `flush of ${show(part)}`).toBe(true);
  }
  for (const part of stale.split) expect(all.some((report) => overlaps(report, part))).toBe(true);
  for (const slot of stale.freed) expect(walks.some((walk) => contains(walk, slot))).toBe(true);
  const hull = hullOf([...stale.removed, ...stale.split, ...stale.freed]);
  for (const report of all) expect(contains(hull, report), `${report.kind} ${show(report)}`).toBe(true);
  for (const walk of walks) expect(walk.granule).toBe(smallestPage(c));
}

function hullOf(parts: readonly Range[]): Range {
  const start = parts.map(({ iova }) => iova).reduce(least);
  const end = parts.map(endOf).reduce(most);
  return rangeBetween(start, end);
}

/** `mapped` names each new leaf once, and nothing that was not mapped now. */
export function checkMapped(events: readonly FlushEvent[], { added, split, removed }: Change): void {
  const named = events.filter((event) => event.kind === "mapped");
  const old = [...split, ...removed];
  const fresh = added.filter((leaf) => !old.some((before) => overlaps(before, leaf)));
  for (const leaf of fresh) {
    const near = named.filter((event) => overlaps(event, leaf));
    expect(near.length, `mapped() of ${show(leaf)}`).toBe(1);
    expect(covers(near, leaf), `mapped() of all of ${show(leaf)}`).toBe(true);
  }
  for (const event of named) expect(covers(added, event), `mapped() of ${show(event)}`).toBe(true);
}
