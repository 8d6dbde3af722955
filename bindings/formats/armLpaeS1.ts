// ARM LPAE stage 1, 64-bit and 32-bit flavour (Linux: ARM_64_LPAE_S1, ARM_32_LPAE_S1).

import {
  ATTR_INDEX,
  type LpaeStyle,
  lpaeDecode,
  lpaeDirty,
  lpaeEncode,
  lpaeTableBits,
  lpaeVariant,
} from "./armLpaeBits.js";
import { ARM_MANUAL, lpaeFields } from "./armLpaeFields.js";
import {
  type ArmLpaeConfig,
  type ArmLpaeQuirk,
  attributeRegister,
  type LpaeLimits,
  lpaeGeometry,
  lpaeOptions,
  outputSizeCode,
  walkAttributes,
} from "./armLpaeShared.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import { defineFormat, type Format } from "./format.js";

/** What a stage 1 context is programmed with: TTBR0 or TTBR1, MAIR, and the fields of TCR (`ds` with lpa2). */
export interface ArmLpaeS1Registers {
  ttbr: bigint;
  mair: bigint;
  tcr: { tg: number; tsz: number; ips: number; sh: number; irgn: number; orgn: number; ds?: number };
}

const QUIRKS: readonly ArmLpaeQuirk[] = ["ARM_NS", "ARM_TTBR1", "ARM_OUTER_WBWA", "ARM_HD"];

/**
 * ARM LPAE stage 1, up to 52 bits (SMMUv2 / SMMUv3, and GPUs with the same tables).
 * @throws IoPgtableError EINVAL (a geometry that Linux refuses), ENOTSUP (a quirk that the format does not have)
 *
 * @example
 * ```ts
 * const format = armLpaeS1({ ias: 48, oas: 44, pageSizes: [2 ** 14, 2 ** 25] }); // the granule of 16K
 * const smmu = new IoPageTable(memory, { format, flush });
 * smmu.registers.tcr.tg; // => 2
 * ```
 */
export function armLpaeS1(config: ArmLpaeConfig): Format<ArmLpaeS1Registers> {
  return stage1("armLpaeS1", config, { quirks: QUIRKS });
}

/**
 * The 32-bit flavour: ias <= 32, oas <= 40, 4K granule.
 * @throws IoPgtableError EINVAL, ENOTSUP
 *
 * @example
 * ```ts
 * const smmu = new IoPageTable(memory, { format: arm32LpaeS1({ ias: 32, oas: 40 }), flush });
 * smmu.ias; // => 32
 * ```
 */
export function arm32LpaeS1(config: ArmLpaeConfig): Format<ArmLpaeS1Registers> {
  return stage1("arm32LpaeS1", config, { quirks: QUIRKS, maxIas: 32, maxOas: 40, only4K: true, noLpa2: true });
}

export const armLpaeS1Facts: FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>> = {
  ...lpaeOptions(armLpaeS1),
  name: "armLpaeS1",
  manual: ARM_MANUAL,
  fields: (config) => lpaeFields("stage1")(config),
  walkers: "Arm SMMU stage 1, GPUs that share the format",
  linux: { part: "io-pgtable", name: "ARM_64_LPAE_S1" },
  usual: { ias: 48, oas: 48 },
};

export const arm32LpaeS1Facts: FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>> = {
  ...lpaeOptions(arm32LpaeS1),
  name: "arm32LpaeS1",
  manual: ARM_MANUAL,
  fields: (config) => lpaeFields("stage1")(config),
  walkers: "the same, 32-bit flavour",
  linux: { part: "io-pgtable", name: "ARM_32_LPAE_S1" },
  usual: { ias: 32, oas: 40 },
};

function stage1(name: string, config: ArmLpaeConfig, limits: LpaeLimits): Format<ArmLpaeS1Registers> {
  const g = lpaeGeometry(config, limits, name);
  const walks = walkAttributes(g, name);
  const upper = g.quirks.has("ARM_TTBR1");
  const tcr = {
    tg: upper ? g.granule.tg1 : g.granule.tg0,
    tsz: 64 - g.ias,
    ips: outputSizeCode(g.oas, name),
    ...walks,
    ...(g.lpa2 ? { ds: 1 } : {}),
  };
  const mair = attributeRegister(g.mair);
  const ns = g.quirks.has("ARM_NS");
  const style: LpaeStyle = {
    permissions: "stage1",
    memory: "index",
    mali: false,
    ns,
    hd: g.dirtyTracking,
    noShare: g.lpa2,
  };
  return defineFormat<ArmLpaeS1Registers>({
    name,
    core: g.granule.core,
    variant: lpaeVariant(style),
    ias: g.ias,
    oas: g.oas,
    pageSizes: g.pageSizes,
    top: 3 - g.startLevel,
    maxTop: 3 - g.startLevel,
    roots: 1,
    rootItems: () => g.rootItems,
    space: upper ? "upper" : "lower",
    coherentWalk: g.coherentWalk,
    syncForDevice: g.syncForDevice,
    tablePaddrBits: g.granule.maxBits,
    ...lpaeTableBits(ns, g.coherentWalk),
    encryptionBit: 0,
    tableAddressMask: () => g.tableAddressMask,
    dirty: lpaeDirty(style),
    breakBeforeMake: g.breakBeforeMake,
    memoryTypeMask: ATTR_INDEX,
    linuxPages: "run",
    archLevel: (level) => 3 - level,
    encode: (prot, strict) => lpaeEncode(style, prot, strict),
    decode: (item) => lpaeDecode(style, item),
    makeRegisters: ([root = 0n]) => ({ ttbr: root, mair, tcr: { ...tcr } }),
  });
}
