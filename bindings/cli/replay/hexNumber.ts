import { MalformedLine } from "./record.js";

/** 13 digits are 52 bits: any byte address is exact. Above, multiples of 4K are. */
const EXACT_DIGITS = 13;

const MOST_DIGITS = 16;

function digit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Digit by digit, as a regular expression and parseInt together would take half of the reading time. */
export function hexNumber(text: string | undefined): number {
  let value = 0;
  const length = text?.length ?? 0;
  let valid = length > 0 && length <= MOST_DIGITS;
  for (let at = 0; valid && at < length; at++) {
    const next = digit(text?.charCodeAt(at) ?? 0);
    valid = next >= 0;
    value = value * 16 + next;
  }
  if (!valid) throw new MalformedLine(`"${text ?? ""}" is no hexadecimal number`);
  return value;
}

/** A byte address; above 2^52 its page, since a number cannot hold the byte there. */
export function hexAddress(text: string | undefined): number {
  const value = hexNumber(text);
  if (text === undefined || text.length <= EXACT_DIGITS) return value;
  return hexNumber(text.slice(0, -3)) * 0x1000;
}

/** What `hexAddress` leaves of a byte address. */
export function bytesIntoPage(text: string | undefined): number {
  return text === undefined || text.length <= EXACT_DIGITS ? 0 : hexNumber(text.slice(-3));
}

/** Bytes from `iova` to an inclusive end, which is itself never exact above 2^53. */
export function bytesUpTo(iova: number, inclusiveEnd: string | undefined): number {
  const value = hexNumber(inclusiveEnd);
  if (inclusiveEnd === undefined || inclusiveEnd.length <= EXACT_DIGITS) return value + 1 - iova;
  return hexAddress(inclusiveEnd) + 0x1000 - iova;
}

export function decimal(text: string | undefined): number {
  if (text === undefined || !/^-?\d{1,10}$/.test(text)) throw new MalformedLine(`"${text ?? ""}" is no decimal number`);
  return Number(text);
}
