// The range of a reading call: any part of the input space, all of it by default.
import { IoPgtableError } from "../errors.js";
import { checkInteger } from "../numbers.js";
import { checkAddress, isInside, outside, spaces } from "./arguments.js";
import type { TableState } from "./state.js";

/** The first and last address. @throws IoPgtableError EINVAL, ERANGE */
export function checkSpan(s: TableState, operation: string, iova: unknown, size: unknown): readonly [bigint, bigint] {
  const all = spaces(s);
  const lowest = all[0]?.[0] ?? 0n;
  const highest = all.at(-1)?.[1] ?? 0n;
  const first = iova === undefined ? lowest : checkAddress(s, operation, iova);
  if (size === undefined) return [first, highest];
  const bytes = checkInteger(size, "size", operation, 2 ** 64, first);
  if (bytes > Number.MAX_SAFE_INTEGER + 1 && bytes % s.page !== 0) {
    throw new IoPgtableError("EINVAL", operation, "size is a number above 2^53 that is no page multiple", first);
  }
  if (bytes === 0) throw new IoPgtableError("EINVAL", operation, "size is 0", first);
  if (!isInside(s, first, BigInt(bytes))) throw outside(s, operation, first, BigInt(bytes));
  return [first, first + BigInt(bytes) - 1n];
}
