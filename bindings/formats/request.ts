// What a protection asks for, taken apart once for all formats.
import { explicitProt, Prot } from "../prot.js";
import type { Refusal } from "./format.js";

/** A protection that asks for something: READ or WRITE at least. */
export interface Request {
  readonly read: boolean;
  readonly write: boolean;
  readonly cache: boolean;
  readonly noExec: boolean;
  readonly mmio: boolean;
  readonly priv: boolean;
  readonly share: "none" | "inner" | "outer" | undefined;
  readonly memoryType: number | undefined;
}

export function readRequest(prot: number): Request | Refusal {
  const explicit = explicitProt(prot);
  if (typeof explicit === "string") return { code: "EINVAL", reason: explicit };
  if ((prot & (Prot.READ | Prot.WRITE)) === 0) {
    return { code: "EINVAL", reason: "the protection has neither READ nor WRITE" };
  }
  const has = (flag: number): boolean => (prot & flag) !== 0;
  return {
    read: has(Prot.READ),
    write: has(Prot.WRITE),
    cache: has(Prot.CACHE),
    noExec: has(Prot.NOEXEC),
    mmio: has(Prot.MMIO),
    priv: has(Prot.PRIV),
    share: explicit.share,
    memoryType: explicit.memoryType,
  };
}

/** What a format cannot say. */
export interface Limits {
  /** It has shareability, and memory types up to this one. */
  readonly share?: boolean;
  readonly memoryTypes?: number;
  /** The memory type that MMIO and CACHE stand for, where they stand for one. */
  readonly typeOfFlags?: (request: Request) => number;
  /** Requests that are dropped or widened: refused where the table is strict. */
  readonly drops: Partial<Record<"writeOnly" | "readOnly" | "cache" | "noExec" | "mmio" | "priv", boolean>>;
}

const NAMES = { cache: "CACHE", noExec: "NOEXEC", mmio: "MMIO", priv: "PRIV" } as const;

/** A refusal where the format cannot do what was asked; undefined where it can, or may drop it. */
export function refusal(request: Request, limits: Limits, strict: boolean): Refusal | undefined {
  if (request.share !== undefined && limits.share !== true) {
    return { code: "ENOTSUP", reason: "the format has no shareability of its own" };
  }
  if (request.memoryType !== undefined && request.memoryType >= (limits.memoryTypes ?? 0)) {
    return { code: "ENOTSUP", reason: `the format has no memory type ${request.memoryType}` };
  }
  if (!strict) return undefined;
  if (limits.drops.writeOnly && !request.read)
    return { code: "ENOTSUP", reason: "write-only memory would be readable" };
  if (limits.drops.readOnly && !request.write) return { code: "ENOTSUP", reason: "read-only memory would be writable" };
  if (request.mmio && request.cache)
    return { code: "ENOTSUP", reason: "MMIO decides the memory type; CACHE would be dropped" };
  if (request.memoryType !== undefined && (request.mmio || request.cache) && limits.typeOfFlags !== undefined) {
    if (limits.typeOfFlags(request) !== request.memoryType)
      return { code: "ENOTSUP", reason: "the explicit memory type decides; MMIO or CACHE would be dropped" };
  }
  for (const [flag, name] of Object.entries(NAMES) as [keyof typeof NAMES, string][]) {
    if (limits.drops[flag] && request[flag]) return { code: "ENOTSUP", reason: `the format has no bit for ${name}` };
  }
  return undefined;
}

/** Leaf sizes of a format that were asked for and are smaller than the spaces allow. */
export function chooseSizes(asked: readonly number[] | undefined, known: readonly number[], bits: number): number[] {
  return known.filter((size) => size < 2 ** bits && (asked === undefined || asked.includes(size)));
}
