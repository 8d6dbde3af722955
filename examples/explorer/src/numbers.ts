// Addresses and sizes as people write them.
import { Prot } from "io-pgtable";

const UNITS = ["", "K", "M", "G", "T", "P", "E"];

/** 4096 is 4K; what is no multiple stays hexadecimal. */
export function sizeText(size: number | bigint): string {
  let rest = BigInt(size);
  let unit = 0;
  while (rest !== 0n && rest % 1024n === 0n && unit < UNITS.length - 1) {
    rest /= 1024n;
    unit++;
  }
  return rest < 10_000n ? `${rest}${UNITS[unit]}` : hex(BigInt(size));
}

/** Rounded to two digits behind the point. */
export function bytesText(bytes: number): string {
  const unit = bytes === 0 ? 0 : Math.min(6, Math.floor(Math.log2(bytes) / 10));
  return `${Number((bytes / 2 ** (10 * unit)).toFixed(2))}${UNITS[unit]}`;
}

export function hex(x: number | bigint): string {
  return `0x${BigInt(x).toString(16)}`;
}

/** @returns null for what is neither an address (hexadecimal with 0x, or decimal) nor a size such as 2M */
export function parseNumber(text: string): bigint | null {
  const trimmed = text.trim().replaceAll("_", "");
  if (/^0x[0-9a-f]{1,16}$/i.test(trimmed)) return BigInt(trimmed);
  const sized = /^(\d{1,20})([KMGTPE]?)(?:i?B)?$/i.exec(trimmed);
  if (sized === null) return null;
  const unit = UNITS.indexOf((sized[2] ?? "").toUpperCase());
  return BigInt(sized[1] ?? 0) << BigInt(10 * unit);
}

const FLAGS = [
  ["READ", Prot.READ],
  ["WRITE", Prot.WRITE],
  ["CACHE", Prot.CACHE],
  ["NOEXEC", Prot.NOEXEC],
  ["MMIO", Prot.MMIO],
  ["PRIV", Prot.PRIV],
] as const;

export const PROT_FLAGS: readonly (readonly [name: string, flag: number])[] = FLAGS;

export function protText(prot: number): string {
  const names = FLAGS.filter(([, flag]) => (prot & flag) !== 0).map(([name]) => name.toLowerCase());
  return names.join(", ") || "nothing";
}
