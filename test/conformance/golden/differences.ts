/**
 * Where our library does on purpose not do what Linux did. Each says on which recorded steps it shows, what ours gives
 * there instead, which is then compared like any other result, and how the replay goes on: our table is brought to where
 * Linux's is, needs no such thing, or the rest of the scenario says nothing about ours and is dropped.
 */

import type { Expected, Step } from "./expected.js";
import type { Gathered } from "./gatherModel.js";
import { inputRange } from "./newLine.js";
import type { Operation } from "./operations.js";
import type { FlushEvent } from "./records.js";
import type { Session } from "./session.js";
import { createMissingTables, removeTables, type TornTable } from "./tables.js";

export interface Difference {
  readonly name: string;
  /** @param gathered what a gather that never holds an empty range flushes at this step, if it uses one */
  applies(step: Step, gathered: Gathered | null): boolean;
  ours(expected: Expected, step: Step, gathered: Gathered | null): Expected;
  /** Brings our table to where Linux's is. */
  align?(session: Session, step: Step): void;
  readonly dropsRest?: true;
}

const COUNT_ZERO: Difference = {
  name: "mapPages with count 0 is EINVAL and allocates nothing",
  applies: ({ operation, recorded }) =>
    operation.kind === "mapPages" && operation.count === 0n && recorded.ret === 0 && recorded.mapped === 0n,
  ours: (expected) => ({ ...expected, error: "EINVAL", tables: { allocated: 0, freed: 0 } }),
  align: (session, { operation }) => {
    if (operation.kind === "mapPages") createMissingTables(session, operation);
  },
};

const TABLE_THEN_BLOCK: Difference = {
  name: "a refused mapPages changes nothing first: [table, block] keeps its table",
  applies: (step) => tornTables(step).length > 0,
  ours: (expected, step) => {
    const torn = tornTables(step).length;
    const events = step.recorded.ev.slice(0, -torn);
    const freed = events.length === 0 ? 0 : step.recorded.fr - torn;
    return { ...expected, events, tables: { allocated: step.recorded.al, freed } };
  },
  align: (session, step) => removeTables(session, tornTables(step)),
};

const PAST_THE_END: Difference = {
  name: "a run stops at the end of the input range, also where the root is short",
  applies: (step) => room(step) !== null,
  ours: (expected, step) => {
    const bytes = room(step) ?? 0n;
    const events = step.recorded.ev.flatMap((event) => clip(event, step, bytes));
    return step.operation.kind === "mapPages"
      ? { ...expected, mapped: bytes, events }
      : { ...expected, value: bytes, events };
  },
};

const OUTSIDE_LOOKUP: Difference = {
  name: "a look-up outside the range finds nothing: no error as an address, no alias",
  applies: ({ operation, recorded, config, init }) => {
    if (operation.kind !== "phys" && operation.kind !== "walk") return false;
    if (isErrnoAddress(recorded.ret)) return true;
    if (config.api !== "io-pgtable" || recorded.ret === 0n) return false;
    const [first, last] = inputRange(config, init.ias);
    return operation.iova < first || operation.iova > last;
  },
  ours: (expected, { operation }) =>
    operation.kind === "walk" ? { ...expected, error: "ERANGE", ptes: [0n, 0n, 0n, 0n] } : { ...expected, value: 0n },
};

const UNMAP_OF_NOTHING: Difference = {
  name: "an unmap that removes nothing flushes nothing",
  applies: ({ operation, recorded }, gathered) => {
    if (operation.kind === "unmapRange" || operation.kind === "coreUnmap") {
      return recorded.ret === 0n && recorded.ev.length > 0;
    }
    if (gathered === null || !gathered.astray) return false;
    return JSON.stringify(gathered.events) !== JSON.stringify(recorded.ev);
  },
  ours: (expected, _step, gathered) => ({
    ...expected,
    events: gathered?.events ?? [],
    tables: { allocated: 0, freed: gathered?.freed ?? 0 },
  }),
};

const DESTROY_FLUSHES: Difference = {
  name: "destroy calls flushAll on every format (generic_pt leaves it to the driver)",
  applies: ({ operation, recorded, config }) =>
    operation.kind === "free" && config.api === "generic_pt" && recorded.ev.length === 0,
  ours: (expected) => ({ ...expected, events: [["all"]] }),
};

const MISALIGNED: Difference = {
  name: "addresses that the page size does not divide are EINVAL (Linux's io-pgtable trusts its caller)",
  applies: ({ operation, recorded }) => {
    if (operation.kind === "mapPages") {
      return recorded.ret === 0 && (operation.iova | operation.paddr) % operation.pageSize !== 0n;
    }
    return operation.kind === "unmapPages" && recorded.ret !== 0n && operation.iova % operation.pageSize !== 0n;
  },
  ours: (expected, { operation }) => ({
    ...expected,
    ...(operation.kind === "mapPages" ? { error: "EINVAL", mapped: 0n } : { value: 0n }),
    events: [],
    tables: { allocated: 0, freed: 0 },
  }),
  dropsRest: true,
};

export const DIFFERENCES: readonly Difference[] = [
  COUNT_ZERO,
  TABLE_THEN_BLOCK,
  PAST_THE_END,
  OUTSIDE_LOOKUP,
  UNMAP_OF_NOTHING,
  DESTROY_FLUSHES,
  MISALIGNED,
];

/** The large cases keep no flushes of single operations: there the tables that Linux took down are found on ours. */
export const REFUSED_UNTOUCHED = TABLE_THEN_BLOCK.name;

/** The tables that a refused mapPages took down before it met the leaf: those from where it stopped mapping. */
function tornTables({ operation, recorded }: Step): readonly TornTable[] {
  if (operation.kind !== "mapPages" || recorded.ret !== -17) return [];
  const stopped = operation.iova + (recorded.mapped ?? 0n);
  return recorded.ev.flatMap(([kind, iova, size]) =>
    kind === "walk" && BigInt(iova) >= stopped ? [{ iova: BigInt(iova), size: BigInt(size) }] : [],
  );
}

/** Bytes up to the end of the input range, where the recorded run went past it; else null. */
function room({ operation, recorded, config, init }: Step): bigint | null {
  if (config.api !== "io-pgtable") return null;
  const bytes = runBytes(operation, recorded.mapped, recorded.ret);
  if (bytes === null) return null;
  const [first, last] = inputRange(config, init.ias);
  const { iova } = operation as Extract<Operation, { iova: bigint }>;
  if (iova < first || iova > last || iova + bytes - 1n <= last) return null;
  return last + 1n - iova;
}

function runBytes(operation: Operation, mapped: bigint | undefined, ret: number | bigint | undefined): bigint | null {
  if (operation.kind === "mapPages") return mapped ?? null;
  if (operation.kind === "unmapPages") return BigInt(ret ?? 0);
  return null;
}

function clip(event: FlushEvent, { operation }: Step, bytes: bigint): readonly FlushEvent[] {
  const end = (operation as Extract<Operation, { iova: bigint }>).iova + bytes;
  if (event[0] === "walk") return BigInt(event[1]) < end ? [event] : [];
  if (event[0] !== "page") return [event];
  const [kind, start, granule, count] = event;
  const fits = Number((end - BigInt(start)) / BigInt(granule));
  return fits <= 0 ? [] : [[kind, start, granule, Math.min(count, fits)]];
}

/** generic_pt gives a negative errno where an address is expected. */
function isErrnoAddress(ret: number | bigint | undefined): boolean {
  return typeof ret === "bigint" && ret >= (1n << 64n) - 4096n;
}
