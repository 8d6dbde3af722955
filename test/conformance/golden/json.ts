/** Typed access to parsed JSON: each of these says where it was when something is not what it must be. */

import type { Range } from "./records.js";

export type JsonRecord = Readonly<Record<string, unknown>>;

export function record(value: unknown, where: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${where}: not an object`);
  return value as JsonRecord;
}

export function refuseUnknown(value: JsonRecord, known: ReadonlySet<string>, where: string): void {
  for (const name of Object.keys(value)) if (!known.has(name)) throw new Error(`${where}: unknown member ${name}`);
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${where}: not a list`);
  return value;
}

export function text(value: unknown, where: string): string {
  if (typeof value !== "string") throw new Error(`${where}: not a string`);
  return value;
}

export function integer(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new Error(`${where}: not an integer`);
  return value;
}

export function hexText(value: unknown, where: string): string {
  if (typeof value !== "string" || !/^0x[0-9a-f]{1,16}$/.test(value)) throw new Error(`${where}: not a hex number`);
  return value;
}

export function hex(value: unknown, where: string): bigint {
  return BigInt(hexText(value, where));
}

export function range(value: unknown, where: string): Range {
  const [first, second] = list(value, where);
  return [hex(first, where), hex(second, where)];
}
