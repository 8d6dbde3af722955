// What the five ARM LPAE formats share: granule and geometry, cacheability of walks, address sizes. Arm ARM (DDI 0487) D8.2, D24.2 (TCR_EL1, VTCR_EL2).
import { show } from "../numbers.js";
import { type CheckedConfig, checkConfig, checkFlag, checkQuirks, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import type { CommonConfig, Format } from "./format.js";

/** What Linux calls IO_PGTABLE_QUIRK_ with these names; each format takes those of its own. */
export type ArmLpaeQuirk = "ARM_NS" | "ARM_TTBR1" | "ARM_OUTER_WBWA" | "ARM_HD" | "ARM_S2FWB";

/** Configuration of the ARM LPAE formats. */
export interface ArmLpaeConfig extends CommonConfig {
  quirks?: readonly ArmLpaeQuirk[];
  /** Use the contiguous hint (bit 52) within one call; default false, as Linux's io-pgtable. */
  contiguousHint?: boolean;
  /**
   * The eight memory attributes that `Prot.memoryType(n)` and MMIO / CACHE choose from; default Linux's (NC, WB, device, NC + outer WB at 0..3). MMIO stands for
   * number 2, CACHE for 1, neither for 0, whatever is there. Slots that are not given are 0.
   */
  mair?: readonly number[];
  /** 52-bit addresses with 4K and 16K granules (FEAT_LPA2); default false (clamped to 48). The 64K granule has them anyway. */
  lpa2?: boolean;
  /**
   * Hardware keeps dirty state (FEAT_HAFDBS), for `readDirty`; default false. At stage 1 the same as the quirk ARM_HD; at stage 2 Linux's io-pgtable has
   * no such quirk.
   */
  dirtyTracking?: boolean;
  /**
   * When a live entry changes its memory type, its block size, or its output address while it is writable: clear it first and flush ("always", the default:
   * right on every implementation, with a fault in between), not for a mere change of size ("bbm2": FEAT_BBM level 2), or never (the caller vouches, and no
   * address faults in between). Arm ARM D8.16.
   */
  breakBeforeMake?: "always" | "bbm2" | "never";
}

const K = 1024;
const M = K * K;
const G = K * M;
const T = K * G;

interface Granule {
  readonly core: number;
  readonly lg2: number;
  readonly maxBits: number;
  readonly sizes: (oas: number) => readonly number[];
  readonly hintSizes: readonly number[];
  /** The most entries that the hint joins (D8.7.1). */
  readonly maxHint: number;
  /** What FEAT_LPA2 makes of it (D8.2.1): block sizes at one more level, 52 bits. */
  readonly lpa2?: { readonly core: number; readonly block: number };
  /** TG0 and TG1 fields (D24.2.131 TCR_EL1). */
  readonly tg0: number;
  readonly tg1: number;
}

const GRANULES: readonly Granule[] = [
  {
    core: CoreFormat.ARM_LPAE_4K,
    lg2: 12,
    maxBits: 48,
    sizes: () => [4 * K, 2 * M, G],
    hintSizes: [64 * K, 32 * M, 16 * G],
    maxHint: 16,
    lpa2: { core: CoreFormat.ARM_LPAE_4K_LPA2, block: 512 * G },
    tg0: 0,
    tg1: 2,
  },
  {
    core: CoreFormat.ARM_LPAE_16K,
    lg2: 14,
    maxBits: 48,
    sizes: () => [16 * K, 32 * M],
    hintSizes: [2 * M, G],
    maxHint: 128,
    lpa2: { core: CoreFormat.ARM_LPAE_16K_LPA2, block: 64 * G },
    tg0: 2,
    tg1: 1,
  },
  {
    core: CoreFormat.ARM_LPAE_64K,
    lg2: 16,
    maxBits: 52,
    sizes: (oas) => (oas > 48 ? [64 * K, 512 * M, 4 * T] : [64 * K, 512 * M]),
    hintSizes: [2 * M, 16 * G],
    maxHint: 32,
    tg0: 1,
    tg1: 3,
  },
];

/** The checked configuration of an LPAE table, with its geometry. */
export interface LpaeGeometry extends CheckedConfig {
  readonly quirks: ReadonlySet<ArmLpaeQuirk>;
  readonly granule: Granule;
  readonly pageSizes: readonly number[];
  /** FEAT_LPA2 entries: the high address bits stand where others have SH. */
  readonly lpa2: boolean;
  /** In table items, the bits of the next table's address. */
  readonly tableAddressMask: bigint;
  readonly dirtyTracking: boolean;
  /** The architecture's start level, -1..3, and the items of the root. */
  readonly startLevel: number;
  readonly rootItems: number;
  readonly mair: readonly number[];
  readonly breakBeforeMake: "always" | "bbm2" | "never";
}

/** What a format allows: its quirks, and limits that are checked before anything is clamped. */
export interface LpaeLimits {
  readonly quirks: readonly ArmLpaeQuirk[];
  readonly maxIas?: number;
  readonly maxOas?: number;
  /** Only the sizes of the 4K granule (the 32-bit formats and Mali). */
  readonly only4K?: boolean;
  /** The attribute table where the caller gives none. */
  readonly mair?: readonly number[];
  /** No contiguous hint, no attribute table of the caller's. */
  readonly noHint?: boolean;
  readonly noMair?: boolean;
  readonly noLpa2?: boolean;
  readonly noDirty?: boolean;
}

const ADDRESS_MASK = 0x0000_ffff_ffff_f000n;
/** Address bits 51:50 stand in bits 9:8. */
const LPA2_ADDRESS_MASK = 0x0003_ffff_ffff_f300n;
/** Linux's MAIR: normal non-cacheable, write-back read/write-allocate, device nGnRE, inner NC + outer WB. */
export const LINUX_MAIR: readonly number[] = [0x44, 0xff, 0x04, 0xf4, 0, 0, 0, 0];
const SIZES_4K: readonly number[] = [4 * K, 2 * M, G];

/** A format that lacks a quirk or an option refuses it. */
export function lpaeOptions(
  make: (config: ArmLpaeConfig) => Format,
): Pick<FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>>, "make" | "quirks" | "options"> {
  return {
    make,
    quirks: {
      ARM_NS: { from: "linux", make: (config) => make({ ...config, quirks: ["ARM_NS"] }) },
      ARM_TTBR1: { from: "linux", make: (config) => make({ ...config, quirks: ["ARM_TTBR1"] }) },
      ARM_OUTER_WBWA: {
        from: "linux",
        make: (config) => make({ ...config, quirks: ["ARM_OUTER_WBWA"], coherentWalk: false }),
      },
      ARM_HD: { from: "linux", make: (config) => make({ ...config, quirks: ["ARM_HD"] }) },
      ARM_S2FWB: { from: "linux", make: (config) => make({ ...config, quirks: ["ARM_S2FWB"] }) },
    },
    options: {
      contiguousHint: { from: "ours", make: (config) => make({ ...config, contiguousHint: true }) },
      lpa2: { from: "ours", make: (config) => make({ ...config, lpa2: true }) },
      dirtyTracking: { from: "ours", make: (config) => make({ ...config, dirtyTracking: true }) },
      mair: { from: "ours", make: (config) => make({ ...config, mair: [0xff] }) },
      breakBeforeMake: { from: "ours", make: (config) => make({ ...config, breakBeforeMake: "bbm2" }) },
    },
  };
}

/** @throws IoPgtableError EINVAL, ENOTSUP */
export function lpaeGeometry(config: ArmLpaeConfig, limits: LpaeLimits, format: string): LpaeGeometry {
  const common = checkConfig(config, format);
  const quirks = checkQuirks(config.quirks, limits.quirks, format);
  const wide = checkFlag(config.lpa2, "lpa2", format);
  const dirtyTracking = checkFlag(config.dirtyTracking, "dirtyTracking", format);
  if (wide && limits.noLpa2 === true) throw refuse("ENOTSUP", format, "the format has no 52-bit addresses (lpa2)");
  if (dirtyTracking && limits.noDirty === true)
    throw refuse("ENOTSUP", format, "the format keeps no dirty state (dirtyTracking)");
  if (limits.noHint === true && config.contiguousHint === true)
    throw refuse("ENOTSUP", format, "the format has no contiguous hint");
  if (limits.noMair === true && config.mair !== undefined)
    throw refuse("ENOTSUP", format, "the format has no table of attributes (mair)");
  if (limits.maxIas !== undefined && common.ias > limits.maxIas) {
    throw refuse("EINVAL", format, `ias is ${common.ias}; the format has at most ${limits.maxIas} bits`);
  }
  if (limits.maxOas !== undefined && common.oas > limits.maxOas) {
    throw refuse("EINVAL", format, `oas is ${common.oas}; the format has at most ${limits.maxOas} bits`);
  }
  const asked = (common.pageSizes ?? SIZES_4K).filter((size) => limits.only4K !== true || SIZES_4K.includes(size));
  const narrow = chooseGranule(asked, format);
  const lpa2 = wide && narrow.lpa2 !== undefined;
  const granule = lpa2 ? widened(narrow) : narrow;
  const ias = Math.min(common.ias, granule.maxBits);
  const oas = Math.min(common.oas, granule.maxBits);
  const bits = granule.lg2 - 3;
  const levels = Math.ceil((ias - granule.lg2) / bits);
  const blocks = granule.sizes(oas).filter((size) => asked.includes(size));
  const hints = checkFlag(config.contiguousHint, "contiguousHint", format)
    ? hintSizes(granule, blocks, Math.min(ias, oas))
    : [];
  const pageSizes = [...blocks, ...hints].sort((a, b) => a - b);
  if (!pageSizes.includes(2 ** granule.lg2) || levels < 1) {
    throw refuse("EINVAL", format, `ias ${ias} with pageSizes ${asked.map(show).join(", ")} leaves no table to build`);
  }
  return {
    ...common,
    ias,
    oas,
    quirks,
    granule,
    pageSizes,
    lpa2,
    tableAddressMask: lpa2 ? LPA2_ADDRESS_MASK : ADDRESS_MASK,
    dirtyTracking: dirtyTracking || quirks.has("ARM_HD"),
    startLevel: 4 - levels,
    rootItems: 2 ** (ias - granule.lg2 - bits * (levels - 1)),
    mair: checkMair(config.mair ?? limits.mair ?? LINUX_MAIR, format),
    breakBeforeMake: checkBreak(config.breakBeforeMake, format),
  };
}

function widened(granule: Granule): Granule {
  const { core, block } = granule.lpa2 ?? { core: granule.core, block: 0 };
  return { ...granule, core, maxBits: 52, sizes: (oas) => [...granule.sizes(oas), block] };
}

/** The smallest size chooses; Linux prefers the CPU's page size (4K), then the largest below it, then the smallest above. */
function chooseGranule(asked: readonly number[], format: string): Granule {
  const below = asked.filter((size) => size < 4 * K);
  const size = asked.includes(4 * K) ? 4 * K : (below.at(-1) ?? asked[0]);
  const granule = GRANULES.find((g) => 2 ** g.lg2 === size);
  if (granule === undefined) {
    throw refuse("EINVAL", format, `pageSizes has no granule as its smallest size; give 0x1000, 0x4000 or 0x10000`);
  }
  return granule;
}

/** The runs that the hint joins, of blocks that are in use. */
function hintSizes(granule: Granule, blocks: readonly number[], maxBits: number): number[] {
  return granule.hintSizes.filter((size) => {
    const item = blocks.findLast((block) => block < size);
    return item !== undefined && size / item <= granule.maxHint && size <= 2 ** maxBits;
  });
}

function checkMair(mair: readonly number[], format: string): readonly number[] {
  const valid = (x: unknown): boolean => typeof x === "number" && Number.isInteger(x) && x >= 0 && x <= 255;
  if (!Array.isArray(mair) || mair.length > 8 || !mair.every(valid)) {
    throw refuse("EINVAL", format, "mair must be at most eight integers 0..255");
  }
  return [...mair];
}

/** The register that holds the attributes: eight bits a slot. */
export function attributeRegister(slots: readonly number[]): bigint {
  return slots.reduce((all, slot, i) => all | (BigInt(slot) << BigInt(8 * i)), 0n);
}

function checkBreak(x: unknown, format: string): "always" | "bbm2" | "never" {
  if (x === undefined) return "always";
  if (x === "always" || x === "bbm2" || x === "never") return x;
  throw refuse("EINVAL", format, `breakBeforeMake is ${show(x)}; give "always", "bbm2" or "never"`);
}

/** Shareability and cacheability of table walks (SH, IRGN, ORGN), as Linux sets them. */
export function walkAttributes(g: LpaeGeometry, format: string): { sh: number; irgn: number; orgn: number } {
  const outer = g.quirks.has("ARM_OUTER_WBWA");
  if (g.coherentWalk) {
    if (outer)
      throw refuse("EINVAL", format, "ARM_OUTER_WBWA is for walkers that do not snoop; set coherentWalk to false");
    return { sh: 3, irgn: 1, orgn: 1 };
  }
  return { sh: 2, irgn: 0, orgn: outer ? 1 : 0 };
}

/** The IPS / PS code of an output size (D24.2, ID_AA64MMFR0_EL1.PARange). */
export function outputSizeCode(oas: number, format: string): number {
  const code = [32, 36, 40, 42, 44, 48, 52].indexOf(oas);
  if (code < 0) throw refuse("EINVAL", format, `oas is ${oas}; give 32, 36, 40, 42, 44, 48 or 52`);
  return code;
}
