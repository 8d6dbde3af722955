// What a format is to the rest of the bindings. A format's own file makes one of these from its configuration; nothing else knows formats by name.

/**
 * A page-table format with its configuration, made by one of the format functions. One that has callbacks (`syncForDevice`, `changeTop`) serves one
 * table.
 */
export interface Format<Registers = unknown> {
  readonly name: string;
  readonly registers?: Registers;
}

/** Configuration that all formats share. */
export interface CommonConfig {
  /** Input address bits. */
  ias: number;
  /** Output address bits. */
  oas: number;
  /**
   * Leaf sizes to use, in bytes; default: all that the format has. The smallest one chooses the granule; sizes that the granule does not have are
   * ignored, and ias / oas beyond what the granule can hold are clamped, as Linux does; the table shows what it became.
   */
  pageSizes?: readonly number[];
  /** The walker snoops CPU caches; default true. With false, written table memory is reported to `syncForDevice`. */
  coherentWalk?: boolean;
  /** With `coherentWalk: false`: table memory was written, and has to reach the device before it is told to look. */
  syncForDevice?: (paddr: number, bytes: number) => void;
}

/** The attribute bits of a leaf, in two halves. */
export interface AttributeBits {
  readonly low: number;
  readonly high: number;
}

/** How the format tells that a leaf was written through: an item is dirty when `item & mask == value`; the same item clean is `item ^ flip`. */
export interface DirtyBits {
  readonly mask: bigint;
  readonly value: bigint;
  readonly flip: bigint;
}

/** Why a protection cannot be had. */
export interface Refusal {
  readonly code: "EINVAL" | "ENOTSUP";
  readonly reason: string;
}

/** A format as the library sees it. Levels here count from the smallest leaves = 0. */
export interface FormatSpec<Registers = unknown> extends Format<Registers> {
  /** Its number in the core's list (assembly/formats.ts). */
  readonly core: number;
  /** See `Format.permits` in the core's contract. */
  readonly variant: number;
  readonly ias: number;
  readonly oas: number;
  /** Leaf sizes in bytes, ascending. */
  readonly pageSizes: readonly number[];
  /** The level of the root, and how high the root may grow (the same where it cannot). */
  readonly top: number;
  readonly maxTop: number;
  /** How many root tables there are (DART: up to four, chosen by the top of the address). */
  readonly roots: number;
  /** How many items the root has, and bytes to allocate for it (at least 64). */
  readonly rootItems: (top: number) => number;
  /** Input addresses: the lower half [0, 2^ias), or the upper one (TTBR1), or both halves of a sign-extended space. */
  readonly space: "lower" | "upper" | "signed";
  readonly coherentWalk: boolean;
  readonly syncForDevice?: ((paddr: number, bytes: number) => void) | undefined;
  readonly changeTop?: ((root: bigint, mode: number) => void) | undefined;
  /** Bits of the addresses that table items and root registers hold. */
  readonly tablePaddrBits: number;
  /** Attributes of every table item. */
  readonly tableBits: bigint;
  /** For a walker that does not snoop: the software bit of table items that says that the item was written back. 0n where there is none. */
  readonly writtenBit: bigint;
  /** The address bit that marks encrypted memory; 0 = none. */
  readonly encryptionBit: number;
  /** In table items, the bits that hold the next table's address; `dump` clears them. */
  readonly tableAddressMask: (level: number) => bigint;
  /** Dirty state that hardware keeps in leaves; absent where it does not. */
  readonly dirty?: DirtyBits | undefined;
  /** Whether a leaf that changes while the device may use it must be cleared and flushed first. */
  readonly breakBeforeMake: "always" | "bbm2" | "never";
  /** Attribute bits of the memory type, which may not change in a live entry; of no account with "never". */
  readonly memoryTypeMask: bigint;
  /**
   * How Linux's driver of this format does map_pages and unmap_pages: a "run" in one table, reported as one range; or "items" one by one across tables,
   * each reported at the size of its item.
   */
  readonly linuxPages: "run" | "items";
  /** The architecture's number of a level. */
  readonly archLevel: (level: number) => number;
  /** Attribute bits of a protection; `strict`: nothing may be dropped or widened. */
  readonly encode: (prot: number, strict: boolean) => AttributeBits | Refusal;
  /** The protection that a leaf item really gives. */
  readonly decode: (item: bigint, level: number) => number;
  /** What to program the device with, from the roots' physical addresses. */
  readonly makeRegisters: (roots: readonly bigint[], top: number) => Registers;
}

const specs = new WeakSet<object>();

/** Mark a specification as made by this library. */
export function defineFormat<R>(spec: FormatSpec<R>): FormatSpec<R> {
  specs.add(spec);
  return Object.freeze(spec);
}

/** The specification behind a public `Format`, or undefined for anything else. */
export function specOf<R>(format: Format<R> | unknown): FormatSpec<R> | undefined {
  return typeof format === "object" && format !== null && specs.has(format) ? (format as FormatSpec<R>) : undefined;
}

/** Two halves of a 64-bit word. */
export function halves(word: bigint): AttributeBits {
  return { low: Number(word & 0xffff_ffffn) | 0, high: Number((word >> 32n) & 0xffff_ffffn) | 0 };
}

export function isRefusal(x: AttributeBits | Refusal): x is Refusal {
  return "code" in x;
}
