import {
  type ArmLpaeConfig,
  amdV1,
  arm32LpaeS1,
  arm32LpaeS2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  type Format,
  Prot,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";

/** The facts of a format that the model and the tests of the bindings need; none of them comes from the library. */
export interface Configuration {
  name: string;
  /** Made anew for each table. */
  format(): Format;
  ias: number;
  oas: number;
  /** First address of the input range. */
  base: bigint;
  /** Leaf sizes, ascending. */
  pageSizes: readonly bigint[];
  /** Architecture's number of the level of the smallest leaves, and whether numbers grow (+1) or shrink (-1) towards it. */
  leafLevel: number;
  towardsLeaves: 1 | -1;
  /** log2 of the bytes that one entry of the leaf level covers, and of the entries of a table. */
  granuleLg2: number;
  tableLg2: number;
  /** log2 of the tables that stand one after another in the root. */
  concatenatedLg2: number;
  /** A leaf may be several equal items. */
  repeatsItems: boolean;
  /** Protection flags that the entries can say; the others are dropped. */
  honours: number;
  /** Whatever is writable is readable. */
  writeReads: boolean;
  /** With MMIO the entry says nothing of CACHE. */
  mmioHidesCache: boolean;
  /** Whose calls Linux uses on this format, and so whose fine points the other pair copies. */
  linuxCalls: "io-pgtable" | "generic_pt";
}

type Family = Omit<Configuration, "name" | "format" | "ias" | "oas" | "base" | "pageSizes" | "granuleLg2" | "tableLg2">;

const ARM: Family = {
  leafLevel: 3,
  towardsLeaves: 1,
  concatenatedLg2: 0,
  repeatsItems: false,
  honours: Prot.READ | Prot.WRITE | Prot.CACHE | Prot.NOEXEC | Prot.MMIO,
  writeReads: false,
  mmioHidesCache: false,
  linuxCalls: "io-pgtable",
};
const STAGE_1: Family = { ...ARM, honours: ARM.honours | Prot.PRIV, writeReads: true };
const MALI: Family = { ...ARM, mmioHidesCache: true };
const AMD: Family = {
  ...ARM,
  leafLevel: 0,
  towardsLeaves: -1,
  repeatsItems: true,
  honours: Prot.READ | Prot.WRITE,
  linuxCalls: "generic_pt",
};

const VTD: Family = { ...AMD, repeatsItems: false };
const X86: Family = { ...VTD, writeReads: true };
const RISCV: Family = { ...AMD, writeReads: true, honours: AMD.honours | Prot.NOEXEC };

const GRANULE_4K = [12, 21, 30];
const GRANULE_16K = [14, 25];
const GRANULE_64K = [16, 29];
/** AMDv1 has every power of two but 512G, below the smaller of its two address sizes. */
const AMD_SIZES = (lg2: number) => Array.from({ length: lg2 - 12 }, (_, i) => i + 12).filter((size) => size !== 39);

type Make = (config: ArmLpaeConfig) => Format;

function configuration(
  name: string,
  family: Family,
  make: Make,
  sizesLg2: readonly number[],
  config: Omit<ArmLpaeConfig, "pageSizes">,
): Configuration {
  const granuleLg2 = sizesLg2[0] ?? 12;
  const pageSizes = sizesLg2.map((lg2) => 2 ** lg2);
  return {
    ...family,
    name,
    format: () => make({ ...config, pageSizes }),
    ias: config.ias,
    oas: config.oas,
    base: config.quirks?.includes("ARM_TTBR1") ? 2n ** 64n - 2n ** BigInt(config.ias) : 0n,
    pageSizes: pageSizes.map(BigInt),
    granuleLg2,
    tableLg2: granuleLg2 - 3,
  };
}

const amdPlain: Make = (c) => amdV1({ ias: c.ias, oas: c.oas });
const amdEncrypted: Make = (c) => amdV1({ ias: c.ias, oas: c.oas, encryptionBit: 47 });
const amdGrowing: Make = (c) => amdV1({ ias: c.ias, oas: c.oas, startLevels: 2, changeTop: () => undefined });
const amdSizes: Make = (c) => amdV1({ ias: c.ias, oas: c.oas, pageSizes: c.pageSizes ?? [] });

const vtdPlain: Make = (c) => vtdSecondStage({ ias: c.ias, oas: c.oas });
const x86Plain: Make = (c) => x86_64({ ias: c.ias, oas: c.oas });
const x86Encrypted: Make = (c) => x86_64({ ias: c.ias, oas: c.oas, encryptionBit: 47 });
const riscvPlain: Make = (c) => riscv({ ias: c.ias, oas: c.oas });
const riscvNapot: Make = (c) => riscv({ ias: c.ias, oas: c.oas, svnapot: true });

/** Every format of the library in the shapes that differ; a new one is one line here. */
export const CONFIGURATIONS: readonly Configuration[] = [
  configuration("S1 4K", STAGE_1, armLpaeS1, GRANULE_4K, { ias: 48, oas: 48 }),
  configuration("S1 4K, short root", STAGE_1, armLpaeS1, GRANULE_4K, { ias: 36, oas: 44 }),
  configuration("S1 4K, only pages and 2M", STAGE_1, armLpaeS1, [12, 21], { ias: 39, oas: 40 }),
  configuration("S1 16K", STAGE_1, armLpaeS1, GRANULE_16K, { ias: 47, oas: 48 }),
  configuration("S1 16K, TTBR1", STAGE_1, armLpaeS1, GRANULE_16K, { ias: 40, oas: 48, quirks: ["ARM_TTBR1"] }),
  configuration("S1 64K", STAGE_1, armLpaeS1, GRANULE_64K, { ias: 48, oas: 48 }),
  configuration("S1 64K, 52 bits", STAGE_1, armLpaeS1, [16, 29, 42], { ias: 52, oas: 52 }),
  configuration("S1 4K, TTBR1", STAGE_1, armLpaeS1, GRANULE_4K, { ias: 39, oas: 48, quirks: ["ARM_TTBR1"] }),
  configuration("S1 4K, dirty bits, secure", STAGE_1, armLpaeS1, GRANULE_4K, {
    ias: 48,
    oas: 48,
    quirks: ["ARM_HD", "ARM_NS"],
  }),
  configuration("S1 4K, not coherent", STAGE_1, armLpaeS1, GRANULE_4K, { ias: 48, oas: 48, coherentWalk: false }),
  configuration("S2 4K", ARM, armLpaeS2, GRANULE_4K, { ias: 48, oas: 48 }),
  configuration("S2 4K, root of two tables", { ...ARM, concatenatedLg2: 1 }, armLpaeS2, GRANULE_4K, {
    ias: 40,
    oas: 40,
  }),
  configuration("S2 16K, root of two tables", { ...ARM, concatenatedLg2: 1 }, armLpaeS2, GRANULE_16K, {
    ias: 48,
    oas: 48,
  }),
  configuration("S2 64K, 52 bits, FWB", ARM, armLpaeS2, GRANULE_64K, { ias: 52, oas: 52, quirks: ["ARM_S2FWB"] }),
  configuration("32-bit S1", STAGE_1, arm32LpaeS1, GRANULE_4K, { ias: 32, oas: 40 }),
  configuration("32-bit S2, root of two tables", { ...ARM, concatenatedLg2: 1 }, arm32LpaeS2, GRANULE_4K, {
    ias: 40,
    oas: 40,
  }),
  configuration("Mali", MALI, armMaliLpae, GRANULE_4K, { ias: 48, oas: 40 }),
  configuration("Mali, root of one entry", MALI, armMaliLpae, GRANULE_4K, { ias: 33, oas: 36 }),
  configuration("AMDv1", AMD, amdPlain, AMD_SIZES(48), { ias: 48, oas: 52 }),
  configuration("AMDv1, 64 bits", AMD, amdPlain, AMD_SIZES(52), { ias: 64, oas: 52 }),
  configuration("AMDv1, growing", AMD, amdGrowing, AMD_SIZES(52), { ias: 64, oas: 52 }),
  configuration("AMDv1, encrypted", { ...AMD, honours: AMD.honours | Prot.MMIO }, amdEncrypted, AMD_SIZES(46), {
    ias: 48,
    oas: 46,
  }),
  configuration("AMDv1, three sizes", AMD, amdSizes, GRANULE_4K, { ias: 48, oas: 48 }),
  configuration("VT-d, four levels", VTD, vtdPlain, GRANULE_4K, { ias: 48, oas: 52 }),
  configuration("VT-d, three levels", VTD, vtdPlain, GRANULE_4K, { ias: 39, oas: 39 }),
  configuration("x86-64, lower half", X86, x86Plain, GRANULE_4K, { ias: 47, oas: 52 }),
  configuration("x86-64, encrypted", { ...X86, honours: X86.honours | Prot.MMIO }, x86Encrypted, GRANULE_4K, {
    ias: 48,
    oas: 46,
  }),
  configuration("RISC-V Sv39", RISCV, riscvPlain, GRANULE_4K, { ias: 39, oas: 50 }),
  configuration("RISC-V Sv48, NAPOT", RISCV, riscvNapot, [12, 16, 21, 30, 39], { ias: 48, oas: 50 }),
];
