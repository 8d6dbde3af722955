// AMD IOMMU version 1 tables. AMD I/O Virtualization Technology (IOMMU) Specification 48882, 2.2.3.
import { show } from "../numbers.js";
import { explicitProt, Prot } from "../prot.js";
import { AMD_MANUAL, amdFields } from "./amdV1Fields.js";
import { checkConfig, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import {
  type AttributeBits,
  type CommonConfig,
  type DirtyBits,
  defineFormat,
  type Format,
  halves,
  type Refusal,
} from "./format.js";

/** Configuration of `amdV1`. */
export interface AmdV1Config extends CommonConfig {
  /** Levels to start with (2..6); the table grows by itself up to what `ias` needs. */
  startLevels?: number;
  /** Set FC in every leaf: device accesses snoop whatever the device says. */
  forceCoherence?: boolean;
  /** Address bit that marks memory as encrypted (SME C-bit). */
  encryptionBit?: number;
  /** Gives growth: atomically tell the device the new root and mode. Without it the range is fixed by startLevels (default: what `ias` needs). */
  changeTop?: (root: bigint, mode: number) => void;
}

const FORCE_COHERENT = 1n << 60n;
/** D: set by hardware that writes through the leaf (figure 9, table 15 "Page Translation Entry fields"). */
const DIRTY: DirtyBits = { mask: 1n << 6n, value: 1n << 6n, flip: 1n << 6n };
const READ = 1n << 61n;
const WRITE = 1n << 62n;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;
const PAGE_LG2 = 12;
const MAX_LEVELS = 6;
/** 512G has no working encoding in hardware. */
const BROKEN_SIZE = 2 ** 39;

/**
 * AMDv1: up to six levels and 64-bit input addresses, leaves of every power of two from 4K (but 512G).
 * @throws IoPgtableError EINVAL, ENOTSUP (a walker that does not snoop)
 *
 * @example
 * ```ts
 * const changeTop = (root: bigint, mode: number) => console.log("device table entry", root, mode);
 * const iommu = new IoPageTable(memory, { format: amdV1({ ias: 48, oas: 52, startLevels: 3, changeTop }), flush });
 * iommu.map(2 ** 40, 0x8000_0000, 0x1000, Prot.READ); // beyond 3 levels: changeTop is called
 * iommu.registers.mode; // => 4
 * ```
 */
export function amdV1(config: AmdV1Config): Format<{ root: bigint; mode: number }> {
  const name = "amdV1";
  const common = checkConfig(config, name);
  if (!common.coherentWalk) throw refuse("ENOTSUP", name, "the walker always snoops; leave coherentWalk true");
  if (common.ias <= PAGE_LG2 || common.oas < PAGE_LG2 || common.oas > 52) {
    throw refuse("EINVAL", name, `ias ${common.ias} / oas ${common.oas}: give ias 13..64 and oas 12..52`);
  }
  const options = checkOptions(config, name);
  const needed = Math.max(2, Math.ceil((common.ias - PAGE_LG2) / 9));
  const start = options.startLevels ?? needed;
  const grows = options.changeTop !== undefined && start < needed;
  const ias = grows ? common.ias : Math.min(common.ias, PAGE_LG2 + 9 * start);
  const encryption = options.encryptionBit === 0 ? 0n : 1n << BigInt(options.encryptionBit);
  const pageSizes = leafSizes(common.pageSizes, Math.min(common.ias, common.oas), grows ? needed : start);
  if (pageSizes.length === 0) throw refuse("EINVAL", name, "pageSizes has no size that the format has");
  return defineFormat<{ root: bigint; mode: number }>({
    name,
    core: CoreFormat.AMD_V1,
    variant: 0,
    ias,
    oas: common.oas,
    pageSizes,
    top: start - 1,
    maxTop: grows ? needed - 1 : start - 1,
    roots: 1,
    rootItems: () => 512,
    space: "lower",
    coherentWalk: true,
    changeTop: options.changeTop,
    tablePaddrBits: options.encryptionBit || 52,
    tableBits: encryption,
    writtenBit: 0n,
    encryptionBit: options.encryptionBit,
    tableAddressMask: () => ADDRESS_MASK & ~encryption,
    dirty: DIRTY,
    breakBeforeMake: "never",
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level,
    encode: (prot, strict) => encode(prot, strict, options.forceCoherence, encryption),
    decode: (item) => decode(item, encryption),
    makeRegisters: ([root = 0n], top) => ({ root, mode: top + 1 }),
  });
}

export const amdV1Facts: FormatFacts<never, OwnOptions<AmdV1Config>> = {
  name: "amdV1",
  make: amdV1,
  manual: AMD_MANUAL,
  fields: amdFields,
  walkers: "AMD IOMMU, host tables of version 1",
  linux: { part: "generic_pt", name: "amdv1" },
  usual: { ias: 64, oas: 52 },
  quirks: {},
  options: {
    startLevels: { from: "linux", make: (config) => amdV1({ ...config, startLevels: 3 }) },
    changeTop: { from: "linux", make: (config) => amdV1({ ...config, startLevels: 3, changeTop: () => undefined }) },
    forceCoherence: { from: "linux", make: (config) => amdV1({ ...config, forceCoherence: true }) },
    encryptionBit: { from: "linux", make: (config) => amdV1({ ...config, encryptionBit: 47 }) },
  },
};

/** Every power of two that a table of `levels` levels holds below its own span. */
function leafSizes(asked: readonly number[] | undefined, bits: number, levels: number): readonly number[] {
  const sizes: number[] = [];
  // The sixth level has no leaves.
  const limit = Math.min(bits, PAGE_LG2 + 9 * Math.min(levels, MAX_LEVELS - 1));
  for (let lg2 = PAGE_LG2; lg2 < limit; lg2++) {
    const size = 2 ** lg2;
    if (size !== BROKEN_SIZE && (asked === undefined || asked.includes(size))) sizes.push(size);
  }
  return sizes;
}

function checkOptions(
  config: AmdV1Config,
  name: string,
): {
  startLevels: number | undefined;
  forceCoherence: boolean;
  encryptionBit: number;
  changeTop: ((root: bigint, mode: number) => void) | undefined;
} {
  const { startLevels, forceCoherence = false, encryptionBit, changeTop } = config;
  const integer = (x: unknown, min: number, max: number): boolean =>
    typeof x === "number" && Number.isInteger(x) && x >= min && x <= max;
  if (startLevels !== undefined && !integer(startLevels, 2, MAX_LEVELS)) {
    throw refuse("EINVAL", name, `startLevels is ${show(startLevels)}; give 2..6`);
  }
  if (typeof forceCoherence !== "boolean") {
    throw refuse("EINVAL", name, `forceCoherence is ${show(forceCoherence)}; give true or false`);
  }
  if (encryptionBit !== undefined && !integer(encryptionBit, PAGE_LG2, 51)) {
    throw refuse("EINVAL", name, `encryptionBit is ${show(encryptionBit)}; give the number of an address bit, 12..51`);
  }
  if (changeTop !== undefined && typeof changeTop !== "function") {
    throw refuse("EINVAL", name, `changeTop is ${show(changeTop)}; give a function`);
  }
  return { startLevels, forceCoherence, encryptionBit: encryptionBit ?? 0, changeTop };
}

function encode(prot: number, strict: boolean, forceCoherence: boolean, encryption: bigint): AttributeBits | Refusal {
  const explicit = explicitProt(prot);
  if (typeof explicit === "string") return { code: "EINVAL", reason: explicit };
  if ((prot & (Prot.READ | Prot.WRITE)) === 0)
    return { code: "EINVAL", reason: "the protection has neither READ nor WRITE" };
  if (explicit.share !== undefined) return { code: "ENOTSUP", reason: "the format has no shareability" };
  if (explicit.memoryType !== undefined) return { code: "ENOTSUP", reason: "the format has no memory types" };
  const lost =
    prot & (Prot.NOEXEC | Prot.PRIV | (forceCoherence ? 0 : Prot.CACHE) | (encryption === 0n ? Prot.MMIO : 0));
  if (strict && lost !== 0) return { code: "ENOTSUP", reason: `the format has no bit for the flags ${show(lost)}` };
  return halves(
    ((prot & Prot.READ) !== 0 ? READ : 0n) |
      ((prot & Prot.WRITE) !== 0 ? WRITE : 0n) |
      (forceCoherence ? FORCE_COHERENT : 0n) |
      ((prot & Prot.MMIO) === 0 ? encryption : 0n),
  );
}

function decode(item: bigint, encryption: bigint): number {
  let prot = ((item & READ) !== 0n ? Prot.READ : 0) | ((item & WRITE) !== 0n ? Prot.WRITE : 0);
  if ((item & FORCE_COHERENT) !== 0n) prot |= Prot.CACHE;
  if (encryption !== 0n && (item & encryption) === 0n) prot |= Prot.MMIO;
  return prot;
}
