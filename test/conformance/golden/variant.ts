/** The ways in which the same records are replayed. */

import { allocatorBacking, type Backing, poolBacking } from "./backing.js";

export interface Variant {
  readonly name: string;
  readonly backing: Backing;
  /** Pass addresses as bigints instead of numbers. */
  readonly bigintIovas: boolean;
  /**
   * How Linux's iommu_map and iommu_unmap are replayed: "split" into the calls that Linux makes, equal to the bit, or by
   * our "idiomatic" calls, equal in the leaves.
   */
  readonly core: "split" | "idiomatic";
}

export function pooled(): Variant {
  return { name: "pool", backing: poolBacking(), bigintIovas: false, core: "split" };
}

export function allocated(): Variant {
  return { name: "allocator", backing: allocatorBacking(), bigintIovas: true, core: "split" };
}

export function idiomatic(): Variant {
  return { name: "idiomatic", backing: poolBacking(), bigintIovas: false, core: "idiomatic" };
}

/** For tables of tests: each test group opens its own. */
export const POOLED = { name: "pool", open: pooled };
export const ALLOCATED = { name: "allocator", open: allocated };
export const IDIOMATIC = { name: "idiomatic", open: idiomatic };
