// Arguments of the table's calls: the core says whether they are good; this says what is wrong with them.
import { hex, IoPgtableError } from "../errors.js";
import { checkInteger, checkIova, show } from "../numbers.js";
import type { TableState } from "./state.js";

const TWO_64N = 1n << 64n;

/** A range in the numbers that the core takes. */
export interface Range {
  readonly iova: number;
  readonly size: number;
}

/** The first and last valid input addresses: one pair, or two with sign extension. */
export function spaces(s: TableState): readonly (readonly [bigint, bigint])[] {
  const bits = BigInt(s.spec.ias);
  if (s.spec.space === "lower") return [[0n, (1n << bits) - 1n]];
  if (s.spec.space === "upper") return [[TWO_64N - (1n << bits), TWO_64N - 1n]];
  const half = 1n << (bits - 1n);
  return [
    [0n, half - 1n],
    [TWO_64N - half, TWO_64N - 1n],
  ];
}

/** Whether [first, first+size) lies in the input space. */
export function isInside(s: TableState, first: bigint, size: bigint): boolean {
  return spaces(s).some(([low, high]) => first >= low && first <= high && size - 1n <= high - first);
}

export function outside(s: TableState, operation: string, iova: bigint, size: bigint): IoPgtableError {
  const valid = spaces(s)
    .map(([low, high]) => `${hex(low)}..${hex(high)}`)
    .join(" and ");
  return new IoPgtableError("ERANGE", operation, `${hex(size)} bytes there are not in the input space ${valid}`, iova);
}

/** An address anywhere in the input space. */
export function checkAddress(s: TableState, operation: string, iova: unknown): bigint {
  const at = checkIova(iova, operation, s.page);
  if (!isInside(s, at, 1n)) throw outside(s, operation, at, 1n);
  return at;
}

/** The range, if it is one without a doubt: the longer way, which counts in bigints, finds out about the others. */
export function plainRange(s: TableState, iova: unknown, size: unknown): Range | undefined {
  if (typeof iova !== "number" || typeof size !== "number" || s.spec.space !== "lower") return undefined;
  if (!(iova >= 0 && size > 0 && iova + size <= s.inputEnd) || iova % s.page !== 0 || size % s.page !== 0) {
    return undefined;
  }
  return { iova: iova + 0, size };
}

/** A range of whole pages in the input space. */
export function checkRange(s: TableState, operation: string, iova: unknown, size: unknown): Range {
  const plain = plainRange(s, iova, size);
  if (plain !== undefined) return plain;
  const at = checkIova(iova, operation, s.page);
  const bytes = checkInteger(size, "size", operation, 2 ** 64, at);
  if (bytes === 0) throw new IoPgtableError("EINVAL", operation, "size is 0", at);
  checkAligned(s, operation, at, "iova", at);
  if (bytes % s.page !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `size ${hex(bytes)} is no multiple of the page size ${hex(s.page)}`,
      at,
    );
  }
  if (!isInside(s, at, BigInt(bytes))) throw outside(s, operation, at, BigInt(bytes));
  return { iova: Number(at), size: bytes };
}

/** An output address; `size` bytes from it must lie in the output space. */
export function checkOutput(s: TableState, operation: string, iova: number, paddr: unknown, size: number): number {
  const plain = typeof paddr === "number" && paddr >= 0 && paddr % s.page === 0 && s.spec.encryptionBit === 0;
  if (plain && paddr + size <= s.outputEnd) return paddr + 0;
  const at = checkInteger(paddr, "paddr", operation, 2 ** 64, iova);
  if (at > Number.MAX_SAFE_INTEGER + 1 && at % s.page !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `paddr ${hex(at)} is a number above 2^53 that is no page multiple`,
      iova,
    );
  }
  checkAligned(s, operation, BigInt(at), "paddr", iova);
  if (at + size > 2 ** s.spec.oas) {
    throw new IoPgtableError(
      "ERANGE",
      operation,
      `paddr ${hex(at)} + ${hex(size)} is beyond the ${s.spec.oas} output bits`,
      iova,
    );
  }
  const c = s.spec.encryptionBit;
  if (c !== 0 && touchesBit(BigInt(at), BigInt(size), 1n << BigInt(c))) {
    const text = `paddr ${hex(at)} + ${hex(size)} holds addresses with the encryption bit ${c} set`;
    throw new IoPgtableError("ERANGE", operation, text, iova);
  }
  return at;
}

/** Whether any address of a run has `bit` set. */
function touchesBit(first: bigint, size: bigint, bit: bigint): boolean {
  return ((first | (first + size - 1n)) & bit) !== 0n || size > bit;
}

function checkAligned(s: TableState, operation: string, x: bigint, what: string, iova: number | bigint): void {
  if (x % BigInt(s.page) !== 0n) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `${what} ${hex(x)} is not aligned to the page size ${hex(s.page)}`,
      iova,
    );
  }
}

/** Options that may be left out. */
export function checkOptions(operation: string, options: unknown): object {
  if (options === undefined) return {};
  if (typeof options !== "object" || options === null) {
    throw new IoPgtableError("EINVAL", operation, `the options are ${show(options)}; give an object or nothing`);
  }
  return options;
}
