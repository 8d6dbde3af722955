import { expect } from "vitest";
import { Access, Fault, type IoPageTable, type Mapping, Prot, type TableMemory } from "../../bindings/index.js";
import { endOf, entrySize, inputRanges, type Leaf, smallestPage, vaOf } from "../configurations/geometry.js";
import type { LeafModel } from "./leafModel.js";
import type { TableDump } from "./tableDump.js";

export interface Subject {
  table: IoPageTable;
  memory: TableMemory;
}

/** Every way to read the whole table agrees with the model and with each other. */
export function checkWhole(model: LeafModel, { table }: Subject, dump: TableDump): void {
  expect(dump.items).toBe(model.items());
  expect([...table.dumpLines()].join("").replaceAll("\n", "")).toBe(dump.text.replaceAll("\n", ""));
  const stats = table.stats();
  expect(stats.tablePages).toBe(dump.roots + dump.slots.length);
  expect(BigInt(stats.mappedBytes)).toBe(model.mappedBytes());
  expect(bySize(stats.leaves)).toEqual(bySize(model.census()));
  expect(stats.sharedTablePages).toBe(0);
  checkMappings([...table.mappings()], runs(model.sorted()));
}

const bySize = (leaves: Map<number, number>) => [...leaves].sort(([a], [b]) => a - b);

interface Run {
  first: Leaf;
  size: bigint;
}

function runs(leaves: readonly Leaf[]): Run[] {
  const joined: Run[] = [];
  for (const leaf of leaves) {
    const last = joined.at(-1);
    if (last && continues(last, leaf)) last.size += leaf.size;
    else joined.push({ first: leaf, size: leaf.size });
  }
  return joined;
}

function continues({ first, size }: Run, leaf: Leaf): boolean {
  const adjacent = first.iova + size === leaf.iova && first.paddr + size === leaf.paddr;
  return adjacent && first.size === leaf.size && first.attributes === leaf.attributes;
}

function checkMappings(mappings: readonly Mapping[], expected: readonly Run[]): void {
  expect(mappings).toEqual(
    expected.map(({ first, size }) => ({
      iova: first.iova,
      paddr: Number(first.paddr),
      size: Number(size),
      pageSize: Number(first.size),
      prot: first.attributes,
    })),
  );
}

/** An output address as a number: above 2^53 rounded down to a multiple of 8. */
const asNumber = (paddr: bigint) => Number(paddr < 2n ** 53n ? paddr : paddr - (paddr % 8n));

/** A few addresses that a change at `places` can have moved: the places, the leaves' edges and their neighbours. */
export function sampleAddresses(model: LeafModel, places: readonly bigint[]): bigint[] {
  const page = smallestPage(model.configuration);
  const ranges = inputRanges(model.configuration);
  const nearby = places.flatMap((place) => {
    const leaf = model.at(place);
    return leaf ? [place, leaf.iova, endOf(leaf) - 1n, endOf(leaf)] : [place, place + page - 1n, place - 1n];
  });
  const inRange = nearby.filter((iova) => model.fits({ iova, size: 1n }));
  return [...new Set([...inRange, ...ranges.flatMap((range) => [range.iova, endOf(range) - 1n])])];
}

export function checkAddresses(model: LeafModel, { table }: Subject, iovas: readonly bigint[], dump: TableDump): void {
  for (const iova of iovas) {
    const expected = model.translate(iova);
    expect(table.iovaToPhys64(iova), `0x${iova.toString(16)}`).toBe(expected);
    expect(table.iovaToPhys(iova)).toBe(expected === null ? null : asNumber(expected));
    const reached = vaOf(model.configuration, iova) < reachOf(model, dump);
    if (reached) checkWalk(model, table, iova);
    const exact = Number(iova);
    if (
      reached &&
      BigInt(exact) === iova &&
      (Number.isSafeInteger(exact) || iova % smallestPage(model.configuration) === 0n)
    ) {
      checkAccess(model, table, exact, expected);
    }
  }
  checkBulk(model, table, iovas);
}

/** Where the root ends: a table that grows does not reach all of its input range yet. */
function reachOf({ configuration }: LeafModel, { roots, rootLevel, rootEntries }: TableDump): bigint {
  return entrySize(configuration, rootLevel) * BigInt(roots * rootEntries);
}

/** The requests that every format answers from READ and WRITE alone, and execution, which NOEXEC forbids. */
function checkAccess(model: LeafModel, table: IoPageTable, iova: number, paddr: bigint | null): void {
  const attributes = model.at(BigInt(iova))?.attributes ?? 0;
  const who = attributes & Prot.PRIV ? Access.PRIV : 0;
  const allowed = (access: number) => {
    if (access & Access.READ && !(attributes & Prot.READ)) return false;
    if (access & Access.WRITE && !(attributes & Prot.WRITE)) return false;
    return !(access & Access.EXECUTE && attributes & Prot.NOEXEC);
  };
  for (const access of [Access.READ, Access.WRITE, Access.READ | Access.WRITE, Access.READ | Access.EXECUTE]) {
    const answer = paddr === null ? -Fault.UNMAPPED : allowed(access) ? asNumber(paddr) : -Fault.PERMISSION;
    expect(table.access(iova, access | who), `access ${access | who} at 0x${iova.toString(16)}`).toBe(answer);
  }
  if (who !== 0) expect(table.access(iova, Access.READ)).toBe(-Fault.PERMISSION);
}

function checkBulk(model: LeafModel, table: IoPageTable, iovas: readonly bigint[]): void {
  const expected = iovas.map((iova) => model.translate(iova));
  const mapped = expected.filter((paddr) => paddr !== null).length;
  const out = new Float64Array(iovas.length);
  expect(table.translate(BigUint64Array.from(iovas), out)).toBe(mapped);
  expect([...out]).toEqual(expected.map((paddr) => (paddr === null ? -1 : asNumber(paddr))));
  const safe = iovas.filter((iova) => iova <= BigInt(Number.MAX_SAFE_INTEGER));
  const asNumbers = new Float64Array(safe.length);
  table.translate(Float64Array.from(safe, Number), asNumbers);
  expect([...asNumbers]).toEqual([...out.filter((_, i) => (iovas[i] ?? 0n) <= BigInt(Number.MAX_SAFE_INTEGER))]);
}

/** Root first, each step inside the one before, and the last says whether there is a leaf. */
function checkWalk(model: LeafModel, table: IoPageTable, iova: bigint): void {
  const steps = table.walk(iova);
  const leaf = model.at(iova);
  const last = steps.at(-1);
  expect(steps.slice(0, -1).every((step) => step.kind === "table")).toBe(true);
  expect(last?.kind).toBe(leaf ? "leaf" : "empty");
  if (leaf) expect([last?.iova, last?.size]).toEqual([leaf.iova, Number(leaf.size)]);
  const { towardsLeaves } = model.configuration;
  for (const [index, step] of steps.entries()) {
    expect(step.iova <= iova && iova < step.iova + BigInt(step.size)).toBe(true);
    const above = steps[index - 1];
    if (above) expect(step.level).toBe(above.level + towardsLeaves);
  }
}
