/** Recorded generic_pt configurations -> the options of our formats. */

import { Feature, type GenericPtNew } from "./newLine.js";
import { type Hooks, Unsayable } from "./unsayable.js";

interface RangedConfig {
  ias: number;
  oas: number;
  pageSizes?: readonly number[];
  coherentWalk: boolean;
  syncForDevice?: (paddr: number, bytes: number) => void;
}

type AmdV1Options = RangedConfig & {
  startLevels: number;
  forceCoherence: boolean;
  encryptionBit?: number;
  changeTop: (root: bigint, mode: number) => void;
};
type VtdOptions = RangedConfig & { forceCoherence: boolean; forceWriteable: boolean };
type X86Options = RangedConfig & { signExtend: boolean; encryptionBit?: number };
type RiscvOptions = RangedConfig & { svnapot: boolean; signExtend: boolean };

/** Bits that each level of a table of 512 entries decodes, above a page of 4 KiB. */
const LEVEL_BITS = 9;
const PAGE_BITS = 12;

/** What decides the flushes alone: how a gather treats gaps is an option of the table, not of the format. */
const FLUSH_FEATURES = Feature.FLUSH_RANGE | Feature.FLUSH_RANGE_NO_GAPS;

/** These the recorded build cannot do without. */
const AMDV1_ALWAYS = Feature.DYNAMIC_TOP | Feature.AMDV1_ENCRYPT_TABLES | Feature.AMDV1_FORCE_COHERENCE;

export function amdV1Config(config: GenericPtNew, hooks: Hooks): AmdV1Options | Unsayable {
  if ((config.features & AMDV1_ALWAYS) !== AMDV1_ALWAYS) return new Unsayable("amdv1 without the features 0xc4");
  const ranged = rangedConfig(config, hooks, AMDV1_ALWAYS);
  if (ranged instanceof Unsayable) return ranged;
  if (PAGE_BITS + LEVEL_BITS * (config.top + 1) >= config.vasz) {
    return new Unsayable("amdv1 with a start level that covers the whole address space");
  }
  return {
    ...ranged,
    startLevels: config.top + 1,
    forceCoherence: true,
    ...encryption(config),
    changeTop: hooks.changeTop,
  };
}

export function vtdConfig(config: GenericPtNew, hooks: Hooks, refused: boolean): VtdOptions | Unsayable {
  if (config.top !== impliedTop(config.vasz)) return new Unsayable(FREE_TOP);
  if (refused && config.features & Feature.FLUSH_RANGE_NO_GAPS) return new Unsayable(UNSAID_FEATURE);
  const ranged = rangedConfig(config, hooks, Feature.VTDSS_FORCE_COHERENCE | Feature.VTDSS_FORCE_WRITEABLE);
  if (ranged instanceof Unsayable) return ranged;
  return {
    ...ranged,
    forceCoherence: (config.features & Feature.VTDSS_FORCE_COHERENCE) !== 0,
    forceWriteable: (config.features & Feature.VTDSS_FORCE_WRITEABLE) !== 0,
  };
}

export function x86Config(config: GenericPtNew, hooks: Hooks): X86Options | Unsayable {
  if (config.top !== impliedTop(config.vasz)) return new Unsayable(FREE_TOP);
  const ranged = rangedConfig(config, hooks, Feature.SIGN_EXTEND | Feature.X86_64_AMD_ENCRYPT_TABLES);
  if (ranged instanceof Unsayable) return ranged;
  return {
    ...ranged,
    signExtend: (config.features & Feature.SIGN_EXTEND) !== 0,
    ...(config.features & Feature.X86_64_AMD_ENCRYPT_TABLES ? encryption(config) : {}),
  };
}

/** RISC-V takes its top level from the address bits, whatever the record's `top` says. */
export function riscvConfig(config: GenericPtNew, hooks: Hooks, refused: boolean): RiscvOptions | Unsayable {
  if (refused && config.features & Feature.FLUSH_RANGE_NO_GAPS) return new Unsayable(UNSAID_FEATURE);
  const ranged = rangedConfig(config, hooks, Feature.SIGN_EXTEND | Feature.RISCV_SVNAPOT_64K);
  if (ranged instanceof Unsayable) return ranged;
  return {
    ...ranged,
    signExtend: (config.features & Feature.SIGN_EXTEND) !== 0,
    svnapot: (config.features & Feature.RISCV_SVNAPOT_64K) !== 0,
  };
}

const FREE_TOP = "a top level other than the address bits imply";
const UNSAID_FEATURE = "a feature without an option";

function rangedConfig(config: GenericPtNew, hooks: Hooks, own: number): RangedConfig | Unsayable {
  if (config.features & ~(own | FLUSH_FEATURES | Feature.DMA_INCOHERENT)) return new Unsayable(UNSAID_FEATURE);
  const incoherent = (config.features & Feature.DMA_INCOHERENT) !== 0;
  return {
    ias: config.vasz,
    oas: config.oasz,
    coherentWalk: !incoherent,
    ...(config.pageSizes === null ? {} : { pageSizes: config.pageSizes }),
    ...(incoherent ? { syncForDevice: hooks.syncForDevice } : {}),
  };
}

function impliedTop(vasz: number): number {
  return Math.ceil((vasz - PAGE_BITS) / LEVEL_BITS) - 1;
}

function encryption(config: GenericPtNew): { encryptionBit?: number } {
  return config.encryption === 0n ? {} : { encryptionBit: config.encryption.toString(2).length - 1 };
}
