import { UnusableOption } from "./replay/unusableInput.js";

const LIMIT = 1n << 64n;
const UNITS: Readonly<Record<string, bigint>> = { "": 1n, K: 1n << 10n, M: 1n << 20n, G: 1n << 30n, T: 1n << 40n };

/** A 64-bit number from the command line: hexadecimal with 0x, or decimal, digits grouped by _ where one likes. */
export function wordOption(name: string, text: string): bigint {
  const plain = text.replaceAll("_", "");
  if (!/^(?:0x[0-9a-f]{1,16}|\d{1,20})$/i.test(plain) || BigInt(plain) >= LIMIT) {
    throw new UnusableOption(`${name} ${text}: give a number of 64 bits, such as 0x1000`);
  }
  return BigInt(plain);
}

/** A number of bytes, such as 0x1000, 4096, 4K or 2M. */
export function bytesOption(name: string, text: string): bigint {
  const [, digits = "", unit = ""] = /^(\w+?)([KMGT]?)$/i.exec(text) ?? [];
  return wordOption(name, digits) * (UNITS[unit.toUpperCase()] ?? 1n);
}

/** Addresses from `first` to `last`, both included. */
export interface AddressSpan {
  readonly first: bigint;
  readonly last: bigint;
}

/** `FIRST..LAST`, both included, `START+BYTES`, or one address. */
export function spanOption(name: string, text: string): AddressSpan {
  const [start = "", last] = text.split("..");
  if (last !== undefined) return ordered(name, text, wordOption(name, start), wordOption(name, last));
  const [first = "", bytes] = text.split("+");
  const begin = wordOption(name, first);
  return ordered(name, text, begin, bytes === undefined ? begin : begin + bytesOption(name, bytes) - 1n);
}

function ordered(name: string, text: string, first: bigint, last: bigint): AddressSpan {
  if (last >= first && last < LIMIT) return { first, last };
  throw new UnusableOption(`${name} ${text}: give FIRST..LAST or START+BYTES, such as 0x1000..0x1fff or 0x1000+4K`);
}
