import { type Format, type IoPageTable, TableMemory, type WalkStep } from "../../../bindings/index.js";
import { type Fixture, useTable } from "../../bindings/support/fixture.js";

export interface LeafRequest {
  iova?: number;
  paddr: number;
  size: number;
  prot: number;
}

/** The walk of one mapping made in a fresh table, as hardware would read it: entries root first. */
export function walkOf(format: Format, { iova = 0, paddr, size, prot }: LeafRequest, physBase?: number): WalkStep[] {
  const memory = TableMemory.create(physBase === undefined ? { bytes: 2 ** 24 } : { bytes: 2 ** 24, physBase });
  let steps: WalkStep[] = [];
  const mapAndWalk = ({ table }: Fixture<unknown>) => {
    table.map(iova, paddr, size, prot);
    steps = table.walk(iova);
  };
  useTable(format, mapAndWalk, { memory });
  return steps;
}

/** The leaf that `walkOf` ends at: its level and the bits in memory. */
export function leafOf(format: Format, request: LeafRequest, digits = 16): { level: number; entry: string } {
  const leaf = walkOf(format, request).at(-1);
  if (leaf?.kind !== "leaf") throw new Error(`no leaf at the end of the walk, but ${leaf?.kind}`);
  return { level: leaf.level, entry: hex(leaf.entry, digits) };
}

/** `leafOf` for formats with entries of 32 bits. */
export function shortLeafOf(format: Format, request: LeafRequest): { level: number; entry: string } {
  return leafOf(format, request, 8);
}

export function hex(entry: bigint, digits = 16): string {
  return `0x${entry.toString(16).padStart(digits, "0")}`;
}

/** `level index entry` of every item of every leaf. */
export function itemsOf(table: IoPageTable): string[] {
  const leaves = [...table.dumpLines()].map((line) => line.trim().split(" ")).filter(([kind]) => kind === "P");
  return leaves.map(([, level, index, , raw]) => `${level} ${index} ${raw}`);
}

/** One entry that points to a table, and where that table stands. */
export interface Pointer {
  level: number;
  entry: bigint;
  target: bigint;
}

/** The table entries of a walk; `tableLg2` is the log2 of the bytes of the tables that they point to. */
export function pointersOf(steps: readonly WalkStep[], tableLg2: number): Pointer[] {
  return steps.slice(0, -1).map(({ kind, level, entry }, index) => {
    if (kind !== "table") throw new Error(`a step of kind ${kind} on the way`);
    const next = BigInt(steps[index + 1]?.entryPaddr ?? 0);
    return { level, entry, target: (next >> BigInt(tableLg2)) << BigInt(tableLg2) };
  });
}
