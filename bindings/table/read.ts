// Looking addresses up: the longer ways of iovaToPhys and access, and translation in bulk.
import { IoPgtableError } from "../errors.js";
import { checkInteger, checkIova, show } from "../numbers.js";
import { Fault } from "../prot.js";
import { isInside } from "./arguments.js";
import { innerVa } from "./entries.js";
import type { TableState } from "./state.js";

const PAGE_LG2 = 12;
/** Below this, address bits pass unchanged: 4 KiB, or less where an item of the lowest level covers less. The pages in use may be larger. */
const smallestLeaf = (s: TableState): number => 2 ** Math.min(PAGE_LG2, s.shifts[0] ?? 0);

/** The exact output address, or undefined where nothing is mapped or the address is outside the input space. */
export function lookup(s: TableState, iova: unknown, operation: string): bigint | undefined {
  s.checkReadable(operation);
  const at = checkIova(iova, operation, s.page);
  if (!isInside(s, at, 1n)) return undefined;
  // Whatever a corrupt table holds, no leaf is smaller; and a number holds a multiple of this exactly.
  const offset = at % BigInt(smallestLeaf(s));
  const result = s.handle === 0 ? peek(s, at - offset, 0) : s.core.phys(s.handle, Number(at - offset));
  if (result === -Fault.CORRUPT) throw corrupt(operation, at);
  return result < 0 ? undefined : BigInt(result) + offset;
}

export function corrupt(operation: string, iova: number | bigint): IoPgtableError {
  return new IoPgtableError(
    "EFAULT",
    operation,
    "a table entry on the way points outside the memory: the table is corrupt",
    iova,
  );
}

/** Look up in a table that somebody else built; permits 0 = any mapping. What its roots do not reach is outside. */
export function peek(s: TableState, iova: bigint, permits: number): number {
  const { core, variant, encryptionBit } = s.spec;
  const whole = innerVa(s, iova);
  const span = BigInt(s.spec.rootItems(s.top)) << BigInt(s.shifts[s.top] ?? 0);
  const root = s.roots[Number(whole / span)];
  if (root === undefined) return -Fault.ADDRESS_SIZE;
  const va = whole % span;
  const low = Number(va & 0xffff_ffffn);
  return s.core.peek(core, root, s.top, low, Number(va >> 32n), permits, variant, encryptionBit);
}

/** `access` of a table that somebody else built. */
export function peekAccess(s: TableState, iova: number, permits: number): number {
  const at = BigInt(iova);
  if (!isInside(s, at, 1n)) return -Fault.ADDRESS_SIZE;
  const result = peek(s, at, permits);
  return result >= 2 ** s.spec.oas ? -Fault.ADDRESS_SIZE : result;
}

export function checkAccessArguments(s: TableState, iova: unknown, access: unknown): void {
  s.checkReadable("access");
  if (typeof iova !== "number") throw new IoPgtableError("EINVAL", "access", `iova is ${show(iova)}; give a number`);
  checkIova(iova, "access", s.page);
  const kinds = checkInteger(access, "access", "access", 15, iova);
  if ((kinds & 7) === 0)
    throw new IoPgtableError("EINVAL", "access", "the access is none of READ, WRITE, EXECUTE", iova);
}

/** Addresses that one call of the core translates, where they have to be copied in and out. */
const CHUNK = 1024;

export function translate(s: TableState, iovas: unknown, out: unknown): number {
  s.checkReadable("translate");
  const from = checkArray(iovas, "iovas", [Float64Array, BigUint64Array]) as Float64Array | BigUint64Array;
  const to = checkArray(out, "out", [Float64Array]) as Float64Array;
  if (to.length < from.length) {
    throw new IoPgtableError("EINVAL", "translate", `out has ${to.length} elements for ${from.length} addresses`);
  }
  if (s.handle === 0) return translateEach(s, from, to);
  if (from instanceof BigUint64Array) return translateWords(s, from, to);
  const { buffer } = s.memory.memory;
  if (from.buffer === buffer && to.buffer === buffer) {
    return s.core.translate(s.handle, from.byteOffset, from.length, to.byteOffset) >>> 0;
  }
  return translateCopied(s, from.length, to, (area, first) => area.set(from.subarray(first, first + area.length)));
}

function checkArray(x: unknown, what: string, types: readonly (new () => object)[]): object {
  if (!types.some((type) => x instanceof type)) {
    throw new IoPgtableError(
      "EINVAL",
      "translate",
      `${what} is ${show(x)}; give a ${types.map((t) => t.name).join(" or ")}`,
    );
  }
  if (isDetached(x as Float64Array)) {
    throw new IoPgtableError("EINVAL", "translate", `${what} is detached (its memory has grown); make it anew`);
  }
  return x as object;
}

/** A detached buffer cannot carry a view. */
export function isDetached(array: Float64Array | BigUint64Array | Uint32Array): boolean {
  if (array.length !== 0 || !(array.buffer instanceof ArrayBuffer)) return false;
  try {
    new Uint8Array(array.buffer);
    return false;
  } catch {
    return true;
  }
}

/** Through the mailbox, chunk by chunk. */
function translateCopied(
  s: TableState,
  length: number,
  to: Float64Array,
  fill: (area: Float64Array, first: number) => void,
  finish?: (area: Float64Array, first: number) => void,
): number {
  let mapped = 0;
  for (let first = 0; first < length; first += CHUNK) {
    const count = Math.min(CHUNK, length - first);
    const area = s.memory.mail.subarray(s.eventsAt, s.eventsAt + count);
    fill(area, first);
    mapped += s.core.translate(s.handle, area.byteOffset, count, area.byteOffset);
    finish?.(area, first);
    to.set(area, first);
  }
  return mapped;
}

/** 64-bit words as two halves each: no BigInt is made. The page goes through the core, the offset is added. */
function translateWords(s: TableState, from: BigUint64Array, to: Float64Array): number {
  const halves = new Uint32Array(from.buffer, from.byteOffset, from.length * 2);
  const inPage = smallestLeaf(s) - 1;
  const low = (i: number): number => halves[2 * i] ?? 0;
  const fill = (area: Float64Array, first: number): void => {
    for (let i = 0; i < area.length; i++) {
      const word = low(first + i);
      area[i] = (halves[2 * (first + i) + 1] ?? 0) * 2 ** 32 + (word - (word & inPage));
    }
  };
  const finish = (area: Float64Array, first: number): void => {
    for (let i = 0; i < area.length; i++) {
      const paddr = area[i] ?? -1;
      if (paddr < 0) continue;
      const offset = low(first + i) & inPage;
      area[i] = paddr + (paddr < 2 ** 53 ? offset : offset - (offset % 8));
    }
  };
  return translateCopied(s, from.length, to, fill, finish);
}

function translateEach(s: TableState, from: Float64Array | BigUint64Array, to: Float64Array): number {
  let mapped = 0;
  for (let i = 0; i < from.length; i++) {
    const iova = from[i];
    const valid = typeof iova === "bigint" || (Number.isInteger(iova) && Number(iova) >= 0 && Number(iova) < 2 ** 64);
    const at = valid ? BigInt(iova ?? 0) : 0n;
    const result = valid && isInside(s, at, 1n) ? peek(s, at, 0) : -1;
    to[i] = result === -Fault.CORRUPT ? -Fault.CORRUPT : Math.max(result, -1);
    if (result >= 0) mapped++;
  }
  return mapped;
}
