// Protection flags, kinds of access, and their bits.
import { IoPgtableError } from "./errors.js";

const MEMORY_TYPE_SHIFT = 9;
const MEMORY_TYPES = 16;

/**
 * Portable protection flags, combined with `|`. READ to PRIV have the values of Linux's IOMMU_READ to IOMMU_PRIV and are requests with Linux's
 * meaning: what a format has no bit for is ignored, and `mappings()` says what the entry really allows. Explicit SHARE_* and memoryType that a format
 * cannot say are ENOTSUP. Unknown bits are EINVAL.
 *
 * @example `Prot.READ | Prot.WRITE | Prot.CACHE`
 */
export const Prot: {
  readonly READ: 1;
  readonly WRITE: 2;
  /** DMA is coherent with the CPU caches. */
  readonly CACHE: 4;
  readonly NOEXEC: 8;
  /** Device (MMIO) memory. */
  readonly MMIO: 16;
  /** Privileged accesses only, where the format can say so. */
  readonly PRIV: 32;
  /** Explicit shareability; at most one of the three. Without one, the format's own default for the flags above. */
  readonly SHARE_NONE: number;
  readonly SHARE_INNER: number;
  readonly SHARE_OUTER: number;
  /**
   * Explicit memory type: the MAIR / PAT / PBMT / MTYPE index of the format.
   * @param index 0..15
   * @throws IoPgtableError EINVAL for any other value
   */
  memoryType(index: number): number;
} = Object.freeze({
  READ: 1,
  WRITE: 2,
  CACHE: 4,
  NOEXEC: 8,
  MMIO: 16,
  PRIV: 32,
  SHARE_NONE: 64,
  SHARE_INNER: 128,
  SHARE_OUTER: 256,
  memoryType(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= MEMORY_TYPES) {
      throw new IoPgtableError(
        "EINVAL",
        "Prot.memoryType",
        `the index is ${String(index)}; it must be an integer 0..15`,
      );
    }
    return (index + 1) << MEMORY_TYPE_SHIFT;
  },
});

/** READ to PRIV: the protections that have tables of their own. */
export const PLAIN_PROTS = 64;
/** All their flags: the core has their attribute bits. */
export const PLAIN: number = PLAIN_PROTS - 1;
const SHARES = Prot.SHARE_NONE | Prot.SHARE_INNER | Prot.SHARE_OUTER;
const LIMIT = (MEMORY_TYPES + 1) << MEMORY_TYPE_SHIFT;

/** What explicit shareability and memory type a protection asks for; undefined where it leaves them to the format. */
export interface ExplicitProt {
  readonly share?: "none" | "inner" | "outer";
  readonly memoryType?: number;
}

/** Take the explicit parts of a protection apart. Returns a reason as text where the bits are no protection at all. */
export function explicitProt(prot: number): ExplicitProt | string {
  if (!Number.isInteger(prot) || prot < 0 || prot >= LIMIT) return `the protection ${String(prot)} has unknown bits`;
  const share = prot & SHARES;
  if ((share & (share - 1)) !== 0) return "the protection has more than one SHARE_ flag";
  const type = prot >> MEMORY_TYPE_SHIFT;
  return {
    ...(share === 0
      ? {}
      : { share: share === Prot.SHARE_NONE ? "none" : share === Prot.SHARE_INNER ? "inner" : "outer" }),
    ...(type === 0 ? {} : { memoryType: type - 1 }),
  };
}

/**
 * Kinds of access for `IoPageTable.access`, combined with `|`.
 *
 * @example
 * ```ts
 * table.access(0x1000, Access.WRITE | Access.PRIV); // => -Fault.UNMAPPED
 * ```
 */
export const Access: { readonly READ: 1; readonly WRITE: 2; readonly EXECUTE: 4; readonly PRIV: 8 } = Object.freeze({
  READ: 1,
  WRITE: 2,
  EXECUTE: 4,
  PRIV: 8,
});

/**
 * Why `IoPageTable.access` refused, as the negative of its result.
 *
 * @example
 * ```ts
 * const found = table.access(0x1000, Access.READ);
 * if (found < 0) console.log(found === -Fault.UNMAPPED ? "nothing there" : "refused");
 * ```
 */
export const Fault: {
  /** Nothing is mapped there. */
  readonly UNMAPPED: 1;
  /** The entry, or a table on the way, does not allow this access. */
  readonly PERMISSION: 2;
  /** The address is outside the input space, or the entry's output address outside the output space. */
  readonly ADDRESS_SIZE: 3;
  /** A table entry points outside the memory. */
  readonly CORRUPT: 4;
} = Object.freeze({ UNMAPPED: 1, PERMISSION: 2, ADDRESS_SIZE: 3, CORRUPT: 4 });

/** The core's permit mask for each combination of `Access` flags (see `Permit` in the core's format contract): user bits 0..2, privileged 3..5. */
export function permitsOf(access: number): number {
  const kinds = access & 7;
  return (access & Access.PRIV) !== 0 ? kinds << 3 : kinds;
}
