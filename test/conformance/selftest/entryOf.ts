import { type Format, IoPageTable, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "../../bindings/support/flushJournal.js";

export interface LeafRequest {
  iova?: number;
  paddr: number;
  size: number;
  prot: number;
}

/** The walk of one mapping made in a fresh table, as hardware would read it: entries root first. */
export function walkOf(format: Format, { iova = 0, paddr, size, prot }: LeafRequest, physBase?: number) {
  const memory = TableMemory.create(physBase === undefined ? { bytes: 2 ** 24 } : { bytes: 2 ** 24, physBase });
  using table = new IoPageTable(memory, { format, flush: flushJournal().flush });
  table.map(iova, paddr, size, prot);
  return table.walk(iova);
}

/** The leaf that `walkOf` ends at: its level and the 64 bits in memory. */
export function leafOf(format: Format, request: LeafRequest): { level: number; entry: string } {
  const leaf = walkOf(format, request).at(-1);
  if (leaf?.kind !== "leaf") throw new Error(`no leaf at the end of the walk, but ${leaf?.kind}`);
  return { level: leaf.level, entry: hex(leaf.entry) };
}

export function hex(entry: bigint): string {
  return `0x${entry.toString(16).padStart(16, "0")}`;
}
