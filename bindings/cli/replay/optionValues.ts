import { UnusableOption } from "./unusableInput.js";

const UNITS = ["", "K", "M", "G", "T"];

/** A number of address bits from the command line. */
export function bitsOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,2}$/.test(text) || Number(text) < 1 || Number(text) > 64)
    throw new UnusableOption(`${name} ${text}: give a number of bits, 1..64`);
  return Number(text);
}

/** A page size from the command line, such as 4096, 4K or 2M. */
export function pageSizeOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, digits = "", unit = ""] = /^(\d{1,8})([KMGT]?)$/i.exec(text) ?? [];
  const size = Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase());
  if (size === 0 || !Number.isInteger(Math.log2(size)))
    throw new UnusableOption(`${name} ${text}: give a power of two, such as 4K, 16K or 2M`);
  return size;
}
