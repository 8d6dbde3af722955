// Attribute bits of ARM LPAE descriptors. Arm ARM (DDI 0487) D8.3.1 (layout), D8.4 (permissions), D8.5 (memory attributes).
import { explicitProt, Prot } from "../prot.js";
import { type AttributeBits, type DirtyBits, halves, type Refusal } from "./format.js";

const NS = 1n << 5n;
const UNPRIVILEGED = 1n << 6n;
const READ_ONLY = 1n << 7n;
const S2_READ = 1n << 6n;
const S2_WRITE = 1n << 7n;
const ACCESS_FLAG = 1n << 10n;
const NOT_GLOBAL = 1n << 11n;
const DIRTY_BIT_MODIFIER = 1n << 51n;
const EXECUTE_NEVER = 3n << 53n;
const UXN = 1n << 54n;
/** Software bit in table items: written back for a walker that does not snoop. */
const SW_SYNC = 1n << 55n;
const NS_TABLE = 1n << 63n;

/** AttrIndx of stage 1 (Mali: MEMATTR index), MemAttr of stage 2 (D8.5). */
export const ATTR_INDEX: bigint = 7n << 2n;
export const MEM_ATTR: bigint = 15n << 2n;
const SHARE = { none: 0n, outer: 2n, inner: 3n } as const;
const SHARE_FLAG: readonly number[] = [Prot.SHARE_NONE, 0, Prot.SHARE_OUTER, Prot.SHARE_INNER];
/** The MAIR slots that Linux's flags choose. */
const INDEX_PLAIN = 0;
const INDEX_CACHE = 1;
const INDEX_DEVICE = 2;
/** Stage 2 MemAttr (D8.5.5): device nGnRE, normal non-cacheable, normal write-back; with FWB write-back is 6. */
const S2_DEVICE = 1;
const S2_PLAIN = 5;
const S2_CACHE = 15;
const S2_CACHE_FWB = 6;

/** `Format.permits` of the core: bit 0 stage 2, bit 1 dirty state kept by hardware. */
export function lpaeVariant(style: LpaeStyle): number {
  return (style.permissions === "stage2" ? 1 : 0) | (style.hd ? 2 : 0);
}

/** Stage 1 with DBM: hardware makes the leaf writable instead of faulting (D8.4.6); clean again is read-only. Stage 2: the same with S2AP. */
export function lpaeDirty(style: LpaeStyle): DirtyBits | undefined {
  if (!style.hd) return undefined;
  return style.permissions === "stage1"
    ? { mask: DIRTY_BIT_MODIFIER | READ_ONLY, value: DIRTY_BIT_MODIFIER, flip: READ_ONLY }
    : { mask: DIRTY_BIT_MODIFIER | S2_WRITE, value: DIRTY_BIT_MODIFIER | S2_WRITE, flip: S2_WRITE };
}

/** How a format of the family writes its attributes. */
export interface LpaeStyle {
  /** Permissions as stage 1 (AP) or stage 2 (S2AP); memory type as an AttrIndx or as MemAttr. */
  readonly permissions: "stage1" | "stage2";
  readonly memory: "index" | "s2" | "s2fwb";
  /** Mali: outer shareable always, no access flag. */
  readonly mali: boolean;
  readonly ns: boolean;
  /** Hardware keeps dirty state: writable leaves get the dirty bit modifier. */
  readonly hd: boolean;
  /** LPA2: the bits of SH hold an address. */
  readonly noShare: boolean;
}

/** Attributes of table items, and the bit that says that one was written back. */
export function lpaeTableBits(ns: boolean, coherentWalk: boolean): { tableBits: bigint; writtenBit: bigint } {
  return { tableBits: ns ? NS_TABLE : 0n, writtenBit: coherentWalk ? 0n : SW_SYNC };
}

export function lpaeEncode(style: LpaeStyle, prot: number, strict: boolean): AttributeBits | Refusal {
  const explicit = explicitProt(prot);
  if (typeof explicit === "string") return { code: "EINVAL", reason: explicit };
  if ((prot & (Prot.READ | Prot.WRITE)) === 0)
    return { code: "EINVAL", reason: "the protection has neither READ nor WRITE" };
  const type = explicit.memoryType ?? defaultType(style, prot);
  if (!hasType(style, type)) return { code: "ENOTSUP", reason: `the format has no memory type ${type}` };
  const widened = strict ? dropped(style, prot, type) : undefined;
  if (widened !== undefined) return { code: "ENOTSUP", reason: widened };
  if (style.noShare && explicit.share !== undefined)
    return { code: "ENOTSUP", reason: "with lpa2 shareability is the table walk's own, not the entry's" };
  const share = explicit.share === undefined ? defaultShare(style, prot) : SHARE[explicit.share];
  let bits = permissionBits(style, prot) | (BigInt(type) << 2n) | (share << 8n);
  if (prot & Prot.NOEXEC) bits |= EXECUTE_NEVER;
  if (style.ns) bits |= NS;
  if (!style.mali) bits |= ACCESS_FLAG;
  return halves(bits);
}

/**
 * The memory types that are not reserved (D8.5, stage 2 memory type and Cacheability, without and with FEAT_S2FWB): of MemAttr, 0b00xx is device memory and
 * inner cacheability 0b00 is reserved for any other. With FWB bit 3 is reserved too, and there are three kinds of normal memory: 5, 6, and 7 for what stage
 * 1 says.
 */
function hasType(style: LpaeStyle, type: number): boolean {
  if (style.memory === "index") return type < 8;
  return type < 4 || ((type & 3) !== 0 && (style.memory === "s2" || type < 8));
}

/** What strict protection refuses: a request that the entry would not hold as it was made. */
function dropped(style: LpaeStyle, prot: number, type: number): string | undefined {
  if (style.permissions === "stage1" && (prot & Prot.READ) === 0) return "write-only memory would be readable";
  if (style.permissions === "stage2" && (prot & Prot.PRIV) !== 0) return "the format has no privilege bit (PRIV)";
  if ((prot & Prot.MMIO) !== 0 && (prot & Prot.CACHE) !== 0)
    return "MMIO decides the memory type; CACHE would be dropped";
  if ((prot & (Prot.MMIO | Prot.CACHE)) !== 0 && defaultType(style, prot) !== type)
    return "the explicit memory type decides; MMIO or CACHE would be dropped";
  return undefined;
}

function permissionBits(style: LpaeStyle, prot: number): bigint {
  const write = (prot & Prot.WRITE) !== 0;
  const read = (prot & Prot.READ) !== 0;
  if (style.permissions === "stage2") {
    return (read ? S2_READ : 0n) | (write ? S2_WRITE | (style.hd ? DIRTY_BIT_MODIFIER : 0n) : 0n);
  }
  let bits = NOT_GLOBAL;
  if (read && !write) bits |= READ_ONLY;
  else if (style.hd) bits |= DIRTY_BIT_MODIFIER;
  if ((prot & Prot.PRIV) === 0) bits |= UNPRIVILEGED;
  return bits;
}

function defaultType(style: LpaeStyle, prot: number): number {
  const s2 = style.memory !== "index";
  if (prot & Prot.MMIO) return s2 ? S2_DEVICE : INDEX_DEVICE;
  if (prot & Prot.CACHE) return s2 ? (style.memory === "s2fwb" ? S2_CACHE_FWB : S2_CACHE) : INDEX_CACHE;
  return s2 ? S2_PLAIN : INDEX_PLAIN;
}

function defaultShare(style: LpaeStyle, prot: number): bigint {
  if (style.noShare) return 0n;
  return (prot & Prot.CACHE) !== 0 && !style.mali ? SHARE.inner : SHARE.outer;
}

/** The protection that a leaf gives: what the hardware allows, with explicit parts only where they differ from the flags' own. */
export function lpaeDecode(style: LpaeStyle, item: bigint): number {
  let prot = decodePermissions(style, item);
  if ((item & UXN) !== 0n) prot |= Prot.NOEXEC;
  const type = Number((item >> 2n) & (style.memory === "index" ? 7n : 15n));
  for (const flags of [0, Prot.CACHE, Prot.MMIO]) {
    if (defaultType(style, flags) === type) return prot | flags | decodeShare(style, flags, item);
  }
  return prot | Prot.memoryType(type) | decodeShare(style, 0, item);
}

function decodePermissions(style: LpaeStyle, item: bigint): number {
  if (style.permissions === "stage2") {
    const write = (item & S2_WRITE) !== 0n || (style.hd && (item & DIRTY_BIT_MODIFIER) !== 0n);
    return ((item & S2_READ) !== 0n ? Prot.READ : 0) | (write ? Prot.WRITE : 0);
  }
  const writable = (item & READ_ONLY) === 0n || (style.hd && (item & DIRTY_BIT_MODIFIER) !== 0n);
  return Prot.READ | (writable ? Prot.WRITE : 0) | ((item & UNPRIVILEGED) === 0n ? Prot.PRIV : 0);
}

function decodeShare(style: LpaeStyle, flags: number, item: bigint): number {
  if (style.noShare) return 0;
  const share = (item >> 8n) & 3n;
  if (share === defaultShare(style, flags)) return 0;
  // MMIO together with CACHE is inner shareable device memory.
  if (flags === Prot.MMIO && share === SHARE.inner && !style.mali) return Prot.CACHE;
  return SHARE_FLAG[Number(share)] ?? 0;
}
