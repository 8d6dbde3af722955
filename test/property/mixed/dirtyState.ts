// Dirty state among all else: what a device writes to is reported, by every address of it, and is clean after a read that clears.
import { expect } from "vitest";
import type { IoPageTable, TableMemory } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { written } from "../../configurations/dirty.js";
import type { Random } from "../../conformance/suite/random.js";
import type { Operations } from "./operations.js";
import type { Pages } from "./pages.js";

interface Subject {
  readonly configuration: Configuration;
  readonly memory: TableMemory;
  readonly table: IoPageTable;
  readonly model: Pages;
  readonly operations: Operations;
  readonly random: Random;
  readonly log: string[];
}

export function readDirtyState(subject: Subject): void {
  const { configuration, model, operations, log } = subject;
  const { dirty } = configuration;
  if (dirty === null) return;
  const { first, count } = operations.range();
  log.push(`dirty, page ${first}, ${count} pages`);
  read(subject, first, count, true);
  const clean = new Set(read(subject, first, count, false));
  const leaves = leavesOf(subject, first, count);
  const marked = new Set<number>();
  for (const entry of new Set(leaves.values())) {
    if (subject.random.below(3) !== 0) continue;
    const items = new BigUint64Array(subject.memory.buffer, entry - subject.memory.physBase, 1);
    const item = items[0] ?? 0n;
    items[0] = written(dirty, item);
    if (items[0] !== item) marked.add(entry);
  }
  const expected = [...leaves].filter(([, entry]) => marked.has(entry)).map(([index]) => index);
  expect(read(subject, first, count, false)).toEqual([...new Set([...expected, ...clean])].sort((a, b) => a - b));
  expect(model.mapped(first, count)).toBe(leaves.size);
}

/** The pages of the range that are reported. */
function read({ table, model }: Subject, first: number, count: number, clear: boolean): number[] {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  table.readDirty(model.iova(first), count * model.page, bitmap, { clear });
  const indexes = Array.from({ length: count }, (_, i) => first + i);
  return indexes.filter((_, i) => ((bitmap[i >> 3] ?? 0) >> (i & 7)) & 1);
}

/** Where the first item of each page's leaf is. */
function leavesOf({ table, model }: Subject, first: number, count: number): Map<number, number> {
  const leaves = new Map<number, number>();
  for (let index = first; index < first + count; index++) {
    const leaf = table.walk(model.iova(index)).at(-1);
    if (leaf?.kind === "leaf") leaves.set(index, table.walk(leaf.iova).at(-1)?.entryPaddr ?? -1);
  }
  return leaves;
}
