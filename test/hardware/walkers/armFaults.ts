// Fault status codes of the Arm CPUs. Arm ARM (DDI 0487) D24.2.40 (ESR_EL1, instruction and data fault status), G8.2.118 (PAR).
import type { Refusal } from "./walker.js";

const KINDS = ["address size", "unmapped", "access flag", "permission"];
export const EXTERNAL_ABORT = "external abort";
const LEVEL_MINUS_1: Readonly<Record<number, string>> = { 41: "address size", 43: "unmapped" };

/** Of the long-descriptor format. */
export function stageFault(status: number): Refusal {
  const minus1 = LEVEL_MINUS_1[status];
  if (status === 16) return { fault: EXTERNAL_ABORT };
  if (minus1 !== undefined) return { fault: minus1, level: -1 };
  return { fault: KINDS[status >> 2] ?? `fault status ${status}`, level: status & 3 };
}

const SHORT: Readonly<Record<number, Refusal>> = {
  3: { fault: "access flag", level: 1 },
  5: { fault: "unmapped", level: 1 },
  6: { fault: "access flag", level: 2 },
  7: { fault: "unmapped", level: 2 },
  13: { fault: "permission", level: 1 },
  15: { fault: "permission", level: 2 },
};

/** Of the short-descriptor format. */
export function shortFault(status: number): Refusal {
  return SHORT[status] ?? { fault: `fault status ${status}` };
}

const HVC = 0x16;
const INSTRUCTION_ABORT_LOWER = 0x20;
const FETCHED = undefined;

const syndromeClass = (esr: bigint): number => Number((esr >> 26n) & 0x3fn);

/**
 * What became of a fetch: the guest's words are x0, ESR_EL2, FAR_EL2, ESR_EL1, FAR_EL1, ELR_EL2. A fetch that succeeds finds zeros, which are undefined and are
 * taken to EL1, or (under stage 2) a planted call.
 * @returns undefined where it was fetched
 */
export function accessFault(words: BigUint64Array, iova: bigint): Refusal | undefined {
  const [, esr2 = 0n, , esr1 = 0n, far1 = 0n, elr2 = 0n] = words;
  const abort = (esr: bigint) => stageFault(Number(esr & 0x3fn));
  if (syndromeClass(esr2) === INSTRUCTION_ABORT_LOWER) {
    // Under stage 2 alone EL1 has no vectors: an undefined instruction shows as a fault at their address.
    return far1 === 0n && elr2 !== BigInt.asUintN(64, iova) ? FETCHED : abort(esr2);
  }
  if (syndromeClass(esr2) !== HVC) return { fault: `exception class ${syndromeClass(esr2)} at EL2` };
  if (syndromeClass(esr1) === 0) return FETCHED;
  const isFetchAbort = (syndromeClass(esr1) & 0x3e) === INSTRUCTION_ABORT_LOWER;
  return isFetchAbort ? abort(esr1) : { fault: `exception class ${syndromeClass(esr1)}` };
}
