// Checking what all configurations have in common.
import { IoPgtableError } from "../errors.js";
import { show } from "../numbers.js";
import type { CommonConfig } from "./format.js";

/** The common part of a configuration, checked. */
export interface CheckedConfig {
  readonly ias: number;
  readonly oas: number;
  /** The sizes asked for, or undefined for the format's default. */
  readonly pageSizes: readonly number[] | undefined;
  readonly coherentWalk: boolean;
  readonly syncForDevice: ((paddr: number, bytes: number) => void) | undefined;
}

export function refuse(code: "EINVAL" | "ENOTSUP", format: string, reason: string): IoPgtableError {
  return new IoPgtableError(code, format, reason);
}

/** @throws IoPgtableError EINVAL for a value of the wrong type */
export function checkConfig(config: CommonConfig, format: string): CheckedConfig {
  if (typeof config !== "object" || config === null) {
    throw refuse("EINVAL", format, `the configuration is ${show(config)}; give an object with ias and oas`);
  }
  const { ias, oas, pageSizes, coherentWalk = true, syncForDevice } = config;
  checkBits(ias, "ias", format);
  checkBits(oas, "oas", format);
  if (typeof coherentWalk !== "boolean")
    throw refuse("EINVAL", format, `coherentWalk is ${show(coherentWalk)}; give true or false`);
  if (syncForDevice !== undefined && typeof syncForDevice !== "function") {
    throw refuse("EINVAL", format, `syncForDevice is ${show(syncForDevice)}; give a function`);
  }
  return { ias, oas, pageSizes: checkSizes(pageSizes, format), coherentWalk, syncForDevice };
}

function checkBits(x: unknown, what: string, format: string): void {
  if (typeof x !== "number" || !Number.isInteger(x) || x < 1 || x > 64) {
    throw refuse("EINVAL", format, `${what} is ${show(x)}; give a number of bits, 1..64`);
  }
}

function checkSizes(sizes: readonly number[] | undefined, format: string): readonly number[] | undefined {
  if (sizes === undefined) return undefined;
  if (!Array.isArray(sizes) || sizes.length === 0) {
    throw refuse("EINVAL", format, `pageSizes is ${show(sizes)}; give an array of leaf sizes in bytes`);
  }
  for (const size of sizes as readonly unknown[]) {
    if (typeof size !== "number" || !Number.isInteger(Math.log2(size)) || size < 1 || size > 2 ** 63) {
      throw refuse("EINVAL", format, `pageSizes has ${show(size)}; leaf sizes are powers of two`);
    }
  }
  return [...sizes].sort((a, b) => a - b);
}

/** An option that is on or off; default off. @throws IoPgtableError EINVAL */
export function checkFlag(x: unknown, what: string, format: string): boolean {
  if (x === undefined) return false;
  if (typeof x !== "boolean") throw refuse("EINVAL", format, `${what} is ${show(x)}; give true or false`);
  return x;
}

/** The number of the address bit that marks encrypted memory; 0 = none. @throws IoPgtableError EINVAL */
export function checkEncryptionBit(x: unknown, format: string): number {
  if (x === undefined) return 0;
  if (typeof x !== "number" || !Number.isInteger(x) || x < 12 || x > 51) {
    throw refuse("EINVAL", format, `encryptionBit is ${show(x)}; give the number of an address bit, 12..51`);
  }
  return x;
}

/** @throws IoPgtableError ENOTSUP for a quirk that the format does not have; EINVAL for anything that is no list of names */
export function checkQuirks<Q extends string>(
  quirks: readonly string[] | undefined,
  known: readonly Q[],
  format: string,
): ReadonlySet<Q> {
  if (quirks === undefined) return new Set();
  if (!Array.isArray(quirks)) throw refuse("EINVAL", format, `quirks is ${show(quirks)}; give an array of names`);
  const set = new Set<Q>();
  for (const quirk of quirks as readonly unknown[]) {
    const name = known.find((k) => k === quirk);
    if (name === undefined)
      throw refuse("ENOTSUP", format, `the format has no quirk ${show(quirk)}; it has ${known.join(", ") || "none"}`);
    set.add(name);
  }
  return set;
}
