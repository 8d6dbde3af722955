// ARM LPAE stage 2, 64-bit and 32-bit flavour (Linux: ARM_64_LPAE_S2, ARM_32_LPAE_S2).

import {
  type LpaeStyle,
  lpaeDecode,
  lpaeDirty,
  lpaeEncode,
  lpaeTableBits,
  lpaeVariant,
  MEM_ATTR,
} from "./armLpaeBits.js";
import { ARM_MANUAL, lpaeFields } from "./armLpaeFields.js";
import {
  type ArmLpaeConfig,
  type ArmLpaeQuirk,
  type LpaeGeometry,
  type LpaeLimits,
  lpaeGeometry,
  lpaeOptions,
  outputSizeCode,
  walkAttributes,
} from "./armLpaeShared.js";
import { refuse } from "./config.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import { defineFormat, type Format } from "./format.js";

/** What a stage 2 context is programmed with: VTTBR and the fields of VTCR (`ds` with lpa2, `sl2` for its fifth level). */
export interface ArmLpaeS2Registers {
  vttbr: bigint;
  vtcr: {
    tg: number;
    tsz: number;
    ps: number;
    sl: number;
    sh: number;
    irgn: number;
    orgn: number;
    ds?: number;
    sl2?: number;
  };
}

const QUIRKS: readonly ArmLpaeQuirk[] = ["ARM_S2FWB"];
/** Tables that may stand side by side as a root (D8.2.2 "Concatenated translation tables"). */
const MAX_CONCATENATED = 16;

/**
 * ARM LPAE stage 2. Where the architecture demands it, the root is up to 16 concatenated tables.
 * @throws IoPgtableError EINVAL (a geometry that Linux refuses), ENOTSUP (a quirk that the format does not have)
 *
 * @example
 * ```ts
 * const stage2 = new IoPageTable(memory, { format: armLpaeS2({ ias: 40, oas: 40 }), flush });
 * stage2.stats().tableBytes; // => 8192
 * ```
 */
export function armLpaeS2(config: ArmLpaeConfig): Format<ArmLpaeS2Registers> {
  return stage2("armLpaeS2", config, { quirks: QUIRKS, noMair: true });
}

/**
 * The 32-bit flavour: ias <= 40, oas <= 40, 4K granule.
 * @throws IoPgtableError EINVAL, ENOTSUP
 *
 * @example
 * ```ts
 * const stage2 = new IoPageTable(memory, { format: arm32LpaeS2({ ias: 40, oas: 40 }), flush });
 * stage2.oas; // => 40
 * ```
 */
export function arm32LpaeS2(config: ArmLpaeConfig): Format<ArmLpaeS2Registers> {
  return stage2("arm32LpaeS2", config, {
    quirks: QUIRKS,
    maxIas: 40,
    maxOas: 40,
    only4K: true,
    noMair: true,
    noLpa2: true,
  });
}

export const armLpaeS2Facts: FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>> = {
  ...lpaeOptions(armLpaeS2),
  name: "armLpaeS2",
  manual: ARM_MANUAL,
  fields: (config) => lpaeFields("stage2")(config),
  walkers: "Arm SMMU stage 2",
  structure: "the root may be up to 16 tables side by side",
  linux: { part: "io-pgtable", name: "ARM_64_LPAE_S2" },
  usual: { ias: 48, oas: 48 },
};

export const arm32LpaeS2Facts: FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>> = {
  ...armLpaeS2Facts,
  ...lpaeOptions(arm32LpaeS2),
  name: "arm32LpaeS2",
  walkers: "the same, 32-bit flavour",
  linux: { part: "io-pgtable", name: "ARM_32_LPAE_S2" },
  usual: { ias: 40, oas: 40 },
};

function stage2(name: string, config: ArmLpaeConfig, limits: LpaeLimits): Format<ArmLpaeS2Registers> {
  const g = lpaeGeometry(config, limits, name);
  const { startLevel, rootItems } = concatenate(g, name);
  const vtcr = {
    tg: g.granule.tg0,
    tsz: 64 - g.ias,
    ps: outputSizeCode(g.oas, name),
    ...startCode(g, startLevel),
    ...walkAttributes(g, name),
    ...(g.lpa2 ? { ds: 1 } : {}),
  };
  const memory = g.quirks.has("ARM_S2FWB") ? "s2fwb" : "s2";
  const style: LpaeStyle = {
    permissions: "stage2",
    memory,
    mali: false,
    ns: false,
    hd: g.dirtyTracking,
    noShare: g.lpa2,
  };
  return defineFormat<ArmLpaeS2Registers>({
    name,
    core: g.granule.core,
    variant: lpaeVariant(style),
    ias: g.ias,
    oas: g.oas,
    pageSizes: g.pageSizes,
    top: 3 - startLevel,
    maxTop: 3 - startLevel,
    roots: 1,
    rootItems: () => rootItems,
    space: "lower",
    coherentWalk: g.coherentWalk,
    syncForDevice: g.syncForDevice,
    tablePaddrBits: g.granule.maxBits,
    ...lpaeTableBits(false, g.coherentWalk),
    encryptionBit: 0,
    tableAddressMask: () => g.tableAddressMask,
    dirty: lpaeDirty(style),
    breakBeforeMake: g.breakBeforeMake,
    memoryTypeMask: MEM_ATTR,
    linuxPages: "run",
    archLevel: (level) => 3 - level,
    encode: (prot, strict) => lpaeEncode(style, prot, strict),
    decode: (item) => lpaeDecode(style, item),
    makeRegisters: ([root = 0n]) => ({ vttbr: root, vtcr: { ...vtcr } }),
  });
}

/** SL0, and SL2 for the fifth level of 4K (D24.2.196 VTCR_EL2). */
function startCode(g: LpaeGeometry, startLevel: number): { sl: number; sl2?: number } {
  if (startLevel < 0) return { sl: 0, sl2: 1 };
  return { sl: ~(startLevel + (g.granule.lg2 === 12 ? 1 : 0)) & 3 };
}

/** Drop the top level where a stage 2 of this size must start lower with a wider root (D8.2.2, as Linux applies it). */
function concatenate(g: LpaeGeometry, name: string): { startLevel: number; rootItems: number } {
  const { startLevel, rootItems, ias, oas } = g;
  const is4K = g.granule.lg2 === 12;
  const is16K = g.granule.lg2 === 14;
  const needed =
    (is16K && startLevel === 0 && (oas === 48 || ias === 48)) ||
    (is4K && startLevel === 0 && (oas === 40 || oas === 42)) ||
    (is16K && startLevel === 1 && oas === 40);
  if (!needed) return { startLevel, rootItems };
  if (rootItems > MAX_CONCATENATED) {
    throw refuse(
      "EINVAL",
      name,
      `ias ${ias} with oas ${oas} would need ${rootItems} concatenated root tables; there may be 16`,
    );
  }
  return { startLevel: startLevel + 1, rootItems: rootItems * 2 ** (g.granule.lg2 - 3) };
}
