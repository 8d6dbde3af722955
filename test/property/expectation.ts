import type { ErrorCode, MapResult } from "../../bindings/index.js";
import type { Change } from "./leafModel.js";
import { UNCHANGED } from "./leafModel.js";
import type { TableSlot } from "./tableDump.js";

/** What one call must do. */
export interface Expectation {
  outcome: { value: unknown } | { code: ErrorCode };
  change: Change;
  /** Whether this table page goes; undefined where either is right. */
  frees(slot: TableSlot): boolean | undefined;
  /** One flushRange per run of equal leaves, not one over leaves of several sizes. */
  exactGranule: boolean;
  /** It flushes what it made visible and took back, tables included. */
  flushesTraces?: boolean;
}

const keepsAll = () => false;

export function fails(code: ErrorCode): Expectation {
  return { outcome: { code }, change: UNCHANGED, frees: keepsAll, exactGranule: true };
}

/** A Linux call that ends early says so in its result. */
export function mapResult(mapped: bigint, error: ErrorCode | null, rest?: Partial<Expectation>): Expectation {
  const value: MapResult = { mapped: Number(mapped), error };
  return { outcome: { value }, change: UNCHANGED, frees: keepsAll, exactGranule: true, ...rest };
}

export function unmapResult(removed: bigint, rest?: Partial<Expectation>): Expectation {
  return { outcome: { value: Number(removed) }, change: UNCHANGED, frees: keepsAll, exactGranule: true, ...rest };
}
