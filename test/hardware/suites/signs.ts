// The addresses of two CPUs are sign-extended. A table that knows of no signs has all of them, the upper half above the lower one.
import type { Configuration } from "../../configurations/configuration.js";

const CPU_BITS: readonly number[] = [39, 48, 57];

/** As wide as the CPU's addresses, and without signs. */
export const isSignless = ({ space, ias }: Configuration): boolean => space !== "signed" && CPU_BITS.includes(ias);

export const signExtended =
  (bits: number) =>
  (iova: bigint): bigint =>
    BigInt.asUintN(64, BigInt.asIntN(bits, iova));
