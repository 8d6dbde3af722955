// Addresses, sizes and counts as callers give them: the one place that says what a valid number is.
import { hex, IoPgtableError } from "./errors.js";

const TWO_64 = 2 ** 64;
const TWO_64N = 1n << 64n;

/** `what` must be an integer >= 0 (-0 is 0) of type number; `max` inclusive. */
export function checkInteger(
  x: unknown,
  what: string,
  operation: string,
  max: number = TWO_64,
  iova?: number | bigint,
): number {
  if (typeof x !== "number" || !Number.isInteger(x) || x < 0) {
    throw new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; it must be an integer >= 0`, iova);
  }
  if (x > max)
    throw new IoPgtableError("EINVAL", operation, `${what} is ${hex(x)}; it must be at most ${hex(max)}`, iova);
  return x;
}

/** An input address of any type that the API takes, as a bigint. Numbers above 2^53 must be multiples of `page`. */
export function checkIova(x: unknown, operation: string, page: number, what: string = "iova"): bigint {
  if (typeof x === "bigint") {
    if (x < 0n) throw new IoPgtableError("EINVAL", operation, `${what} is negative`, x);
    if (x >= TWO_64N) throw new IoPgtableError("ERANGE", operation, `${what} is beyond 2^64`, x);
    return x;
  }
  if (typeof x !== "number" || !Number.isInteger(x) || x < 0) {
    const at = typeof x === "number" && Number.isInteger(x) ? x : undefined;
    throw new IoPgtableError("EINVAL", operation, `${what} is ${show(x)}; it must be an integer >= 0`, at);
  }
  if (x > Number.MAX_SAFE_INTEGER + 1 && x % page !== 0) {
    throw new IoPgtableError(
      "EINVAL",
      operation,
      `${what} is a number above 2^53 that is no multiple of the page size ${hex(page)}; give a bigint`,
      x,
    );
  }
  if (x >= TWO_64) throw new IoPgtableError("ERANGE", operation, `${what} is beyond 2^64`, x);
  return BigInt(x);
}

const words = new Uint32Array(2);
const word = new BigUint64Array(words.buffer);

/** An integer of 0..2^64-1 as a bigint, in 12 ns; `BigInt(x)` leaves compiled code and takes 57. */
export function toBigint(x: number): bigint {
  words[0] = x;
  words[1] = x / 2 ** 32;
  return word[0] as bigint;
}

/** A value in a message. */
export function show(x: unknown): string {
  if (typeof x === "string") return JSON.stringify(x);
  if (typeof x === "bigint") return `${hex(x)}n`;
  if (typeof x === "number") return Number.isInteger(x) ? hex(x) : String(x);
  if (typeof x === "function") return "a function";
  if (typeof x === "object" && x !== null) return "an object";
  return String(x);
}
