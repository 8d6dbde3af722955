// The formats of the library as the tests configure them, one row each.
import {
  type AmdV1Config,
  amdV1,
  appleDart,
  appleDart2,
  arm32LpaeS1,
  arm32LpaeS2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { type Configuration, configuration } from "./configuration.js";
import {
  AMD,
  AMD_COHERENT,
  AMD_ENCRYPTED,
  DART,
  DART2,
  MALI,
  RISCV,
  RISCV_SVPBMT,
  STAGE_1,
  STAGE_1_HD,
  STAGE_1_LPA2,
  STAGE_2,
  STAGE_2_FWB,
  STAGE_2_HD,
  STAGE_2_LPA2,
  V7S,
  V7S_OPEN,
  VTD,
  VTD_COHERENT,
  VTD_WRITEABLE,
  X86,
  X86_ENCRYPTED,
} from "./families.js";

const GRANULE_4K = [12, 21, 30];
const GRANULE_16K = [14, 25];
const GRANULE_64K = [16, 29];
/** With the contiguous hint. */
const HINT_4K = [12, 16, 21, 25, 30, 34];
const HINT_16K = [14, 21, 25, 30];
const HINT_64K = [16, 21, 29, 34];
const LPA2_4K = [...GRANULE_4K, 39];
const V7S_SIZES = [12, 16, 20, 24];
const RISCV_SIZES = [12, 21, 30, 39, 48];
const NAPOT_SIZES = [12, 16, 21, 30, 39, 48];
/** AMDv1 has every power of two but 512G, below the smaller of its two address sizes. */
const amdSizes = (lg2: number) => Array.from({ length: lg2 - 12 }, (_, i) => i + 12).filter((size) => size !== 39);
/** A 64K granule has addresses of tables of 52 bits. */
const WIDE = { tablePaddrBits: 52 };

/** Leaf sizes in bytes, for configurations that name them. */
const only = (...sizesLg2: number[]) => ({ pageSizes: sizesLg2.map((lg2) => 2 ** lg2) });
/** A function of its own in each table, which serves one device. */
const growing = (config: AmdV1Config) => amdV1({ ...config, changeTop: () => undefined });

/** The shapes that differ: what the random sequences of calls and the API's own tests run on. */
export const SHAPES: readonly Configuration[] = [
  configuration(STAGE_1, "S1 4K", armLpaeS1, { ias: 48, oas: 48 }, GRANULE_4K),
  configuration(STAGE_1, "S1 4K, short root", armLpaeS1, { ias: 36, oas: 44 }, GRANULE_4K),
  configuration(STAGE_1, "S1 4K, only pages and 2M", armLpaeS1, { ias: 39, oas: 40, ...only(12, 21) }, [12, 21]),
  configuration(STAGE_1, "S1 16K", armLpaeS1, { ias: 47, oas: 48, ...only(14, 25) }, GRANULE_16K),
  configuration(
    STAGE_1,
    "S1 16K, TTBR1",
    armLpaeS1,
    { ias: 40, oas: 48, quirks: ["ARM_TTBR1"], ...only(14, 25) },
    GRANULE_16K,
    { space: "upper" },
  ),
  configuration(STAGE_1, "S1 64K", armLpaeS1, { ias: 48, oas: 48, ...only(16, 29) }, GRANULE_64K),
  configuration(STAGE_1, "S1 64K, 52 bits", armLpaeS1, { ias: 52, oas: 52, ...only(16, 29, 42) }, [16, 29, 42], WIDE),
  configuration(STAGE_1, "S1 4K, TTBR1", armLpaeS1, { ias: 39, oas: 48, quirks: ["ARM_TTBR1"] }, GRANULE_4K, {
    space: "upper",
  }),
  configuration(
    STAGE_1_HD,
    "S1 4K, dirty bits, secure",
    armLpaeS1,
    { ias: 48, oas: 48, quirks: ["ARM_HD", "ARM_NS"] },
    GRANULE_4K,
  ),
  configuration(STAGE_1, "S1 4K, not coherent", armLpaeS1, { ias: 48, oas: 48, coherentWalk: false }, GRANULE_4K),
  configuration(STAGE_2, "S2 4K", armLpaeS2, { ias: 48, oas: 48 }, GRANULE_4K),
  configuration(STAGE_2, "S2 4K, root of two tables", armLpaeS2, { ias: 40, oas: 40 }, GRANULE_4K, { levels: 3 }),
  configuration(STAGE_2, "S2 16K, root of two tables", armLpaeS2, { ias: 48, oas: 48, ...only(14, 25) }, GRANULE_16K, {
    levels: 3,
  }),
  configuration(
    STAGE_2_FWB,
    "S2 64K, 52 bits, FWB",
    armLpaeS2,
    { ias: 52, oas: 52, quirks: ["ARM_S2FWB"], ...only(16, 29) },
    GRANULE_64K,
    WIDE,
  ),
  configuration(STAGE_1, "32-bit S1", arm32LpaeS1, { ias: 32, oas: 40 }, GRANULE_4K),
  configuration(STAGE_2, "32-bit S2, root of two tables", arm32LpaeS2, { ias: 40, oas: 40 }, GRANULE_4K, { levels: 3 }),
  configuration(MALI, "Mali", armMaliLpae, { ias: 48, oas: 40 }, GRANULE_4K),
  configuration(MALI, "Mali, root of one entry", armMaliLpae, { ias: 33, oas: 36 }, GRANULE_4K, { levels: 4 }),
  configuration(AMD, "AMDv1", amdV1, { ias: 48, oas: 52 }, amdSizes(48)),
  configuration(AMD, "AMDv1, 64 bits", amdV1, { ias: 64, oas: 52 }, amdSizes(52)),
  configuration(AMD, "AMDv1, growing", growing, { ias: 64, oas: 52, startLevels: 2 }, amdSizes(52), { firstTop: 1 }),
  configuration(AMD_ENCRYPTED, "AMDv1, encrypted", amdV1, { ias: 48, oas: 46, encryptionBit: 47 }, amdSizes(46)),
  configuration(AMD, "AMDv1, three sizes", amdV1, { ias: 48, oas: 48, ...only(12, 21, 30) }, GRANULE_4K),
  configuration(VTD, "VT-d, four levels", vtdSecondStage, { ias: 48, oas: 52 }, GRANULE_4K),
  configuration(VTD, "VT-d, three levels", vtdSecondStage, { ias: 39, oas: 39 }, GRANULE_4K),
  configuration(X86, "x86-64, lower half", x86_64, { ias: 47, oas: 52 }, GRANULE_4K),
  configuration(X86_ENCRYPTED, "x86-64, encrypted", x86_64, { ias: 48, oas: 46, encryptionBit: 47 }, GRANULE_4K),
  configuration(RISCV, "RISC-V Sv39", riscv, { ias: 39, oas: 50 }, GRANULE_4K),
  configuration(RISCV, "RISC-V Sv48, NAPOT", riscv, { ias: 48, oas: 50, svnapot: true }, NAPOT_SIZES.slice(0, -1)),
];

/** The rest of what the conformance suite runs: generic_pt's own configurations, and every option that changes entries. */
const MORE: readonly Configuration[] = [
  configuration(STAGE_1_HD, "S1 4K, dirty bits", armLpaeS1, { ias: 48, oas: 48, quirks: ["ARM_HD"] }, GRANULE_4K),
  configuration(
    STAGE_1_HD,
    "S1 16K, dirty bits",
    armLpaeS1,
    { ias: 48, oas: 48, quirks: ["ARM_HD"], ...only(14, 25) },
    GRANULE_16K,
  ),
  configuration(
    STAGE_1_HD,
    "S1 64K, dirty bits",
    armLpaeS1,
    { ias: 48, oas: 48, quirks: ["ARM_HD"], ...only(16, 29) },
    GRANULE_64K,
  ),
  configuration(STAGE_1, "S1 4K, TTBR1, 48 bits", armLpaeS1, { ias: 48, oas: 48, quirks: ["ARM_TTBR1"] }, GRANULE_4K, {
    space: "upper",
  }),
  configuration(
    STAGE_1,
    "S1 16K, TTBR1, 48 bits",
    armLpaeS1,
    { ias: 48, oas: 48, quirks: ["ARM_TTBR1"], ...only(14, 25) },
    GRANULE_16K,
    { space: "upper" },
  ),
  configuration(
    STAGE_1,
    "S1 64K, TTBR1, 48 bits",
    armLpaeS1,
    { ias: 48, oas: 48, quirks: ["ARM_TTBR1"], ...only(16, 29) },
    GRANULE_64K,
    { space: "upper" },
  ),
  configuration(STAGE_1, "S1 4K, contiguous hint", armLpaeS1, { ias: 48, oas: 48, contiguousHint: true }, HINT_4K),
  configuration(
    STAGE_1_HD,
    "S1 16K, contiguous hint, dirty bits",
    armLpaeS1,
    { ias: 48, oas: 48, contiguousHint: true, quirks: ["ARM_HD"], ...only(14, 25) },
    HINT_16K,
  ),
  configuration(
    STAGE_1,
    "S1 64K, contiguous hint, 52 bits",
    armLpaeS1,
    { ias: 52, oas: 52, contiguousHint: true, ...only(16, 29, 42) },
    [...HINT_64K, 42],
    WIDE,
  ),
  configuration(STAGE_2, "S2 16K", armLpaeS2, { ias: 46, oas: 44, ...only(14, 25) }, GRANULE_16K),
  configuration(STAGE_2, "S2 64K", armLpaeS2, { ias: 48, oas: 48, ...only(16, 29) }, GRANULE_64K),
  configuration(STAGE_2, "S2 4K, root of eight tables", armLpaeS2, { ias: 42, oas: 42 }, GRANULE_4K, { levels: 3 }),
  configuration(STAGE_2, "S2 16K, 40 bits", armLpaeS2, { ias: 40, oas: 40, ...only(14, 25) }, GRANULE_16K, {
    levels: 2,
  }),
  configuration(
    STAGE_2,
    "S2 4K, contiguous hint, root of two tables",
    armLpaeS2,
    { ias: 40, oas: 40, contiguousHint: true },
    HINT_4K,
    { levels: 3 },
  ),
  configuration(
    STAGE_2_HD,
    "S2 4K, contiguous hint, dirty bits",
    armLpaeS2,
    { ias: 48, oas: 48, contiguousHint: true, dirtyTracking: true },
    HINT_4K,
  ),
  configuration(
    STAGE_1_LPA2,
    "S1 4K, LPA2, dirty bits",
    armLpaeS1,
    { ias: 52, oas: 52, lpa2: true, dirtyTracking: true, ...only(12, 21, 30, 39) },
    LPA2_4K,
  ),
  configuration(
    STAGE_1_LPA2,
    "S1 16K, LPA2, TTBR1, dirty bits, contiguous hint",
    armLpaeS1,
    { ias: 52, oas: 52, lpa2: true, quirks: ["ARM_HD", "ARM_TTBR1"], contiguousHint: true, ...only(14, 25, 36) },
    [...HINT_16K, 36],
    { space: "upper" },
  ),
  configuration(
    STAGE_2_LPA2,
    "S2 4K, LPA2, contiguous hint",
    armLpaeS2,
    { ias: 52, oas: 52, lpa2: true, contiguousHint: true, ...only(12, 21, 30, 39) },
    [...HINT_4K, 39],
  ),
  configuration(STAGE_2_LPA2, "S2 16K, LPA2", armLpaeS2, { ias: 52, oas: 52, lpa2: true, ...only(14, 25, 36) }, [
    ...GRANULE_16K,
    36,
  ]),
  configuration(V7S, "v7s", armV7s, { ias: 32, oas: 32 }, V7S_SIZES, { shifts: [12, 20] }),
  configuration(V7S, "v7s, only pages and 1M", armV7s, { ias: 31, oas: 32, ...only(12, 20) }, [12, 20], {
    shifts: [12, 20],
  }),
  configuration(
    V7S_OPEN,
    "v7s, MediaTek",
    armV7s,
    { ias: 34, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT"] },
    V7S_SIZES,
    { shifts: [12, 20] },
  ),
  configuration(
    V7S_OPEN,
    "v7s, MediaTek, wide tables",
    armV7s,
    { ias: 34, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT", "ARM_MTK_TTBR_EXT"] },
    V7S_SIZES,
    { shifts: [12, 20], tablePaddrBits: 35 },
  ),
  configuration(DART, "DART 4K, four roots", appleDart, { ias: 32, oas: 36, ...only(12) }, [12], {
    levels: 2,
    rootsLg2: 2,
  }),
  configuration(DART, "DART 16K", appleDart, { ias: 36, oas: 36 }, [14], { levels: 2 }),
  // As with Linux, what its entries cannot hold of an output address is lost.
  configuration(DART, "DART 16K, three levels", appleDart, { ias: 42, oas: 42 }, [14], { levels: 3, paddrBits: 36 }),
  configuration(DART2, "DART2 16K", appleDart2, { ias: 36, oas: 42 }, [14], { levels: 2 }),
  configuration(AMD_COHERENT, "AMDv1, coherent", amdV1, { ias: 39, oas: 52, forceCoherence: true }, amdSizes(39)),
  configuration(AMD, "AMDv1, without pages", amdV1, { ias: 48, oas: 48, ...only(16, 21) }, [16, 21], {
    granuleLg2: 12,
  }),
  configuration(VTD, "VT-d, five levels", vtdSecondStage, { ias: 57, oas: 52 }, GRANULE_4K),
  configuration(VTD_COHERENT, "VT-d, coherent", vtdSecondStage, { ias: 48, oas: 46, forceCoherence: true }, GRANULE_4K),
  configuration(
    VTD_WRITEABLE,
    "VT-d, writeable",
    vtdSecondStage,
    { ias: 48, oas: 46, forceWriteable: true },
    GRANULE_4K,
  ),
  configuration(VTD, "VT-d, not coherent", vtdSecondStage, { ias: 48, oas: 52, coherentWalk: false }, GRANULE_4K),
  configuration(X86, "x86-64, 48 bits signed", x86_64, { ias: 48, oas: 52, signExtend: true }, GRANULE_4K, {
    space: "signed",
  }),
  configuration(X86, "x86-64, 57 bits signed", x86_64, { ias: 57, oas: 52, signExtend: true }, GRANULE_4K, {
    space: "signed",
  }),
  configuration(X86, "x86-64, 56 bits", x86_64, { ias: 56, oas: 52 }, GRANULE_4K),
  configuration(X86, "x86-64, not coherent", x86_64, { ias: 48, oas: 46, coherentWalk: false }, GRANULE_4K),
  configuration(
    RISCV,
    "RISC-V Sv39, NAPOT, signed",
    riscv,
    { ias: 39, oas: 56, svnapot: true, signExtend: true },
    NAPOT_SIZES.slice(0, 4),
    { space: "signed" },
  ),
  configuration(RISCV_SVPBMT, "RISC-V Sv48, PBMT", riscv, { ias: 48, oas: 56, svpbmt: true }, RISCV_SIZES.slice(0, 4)),
  configuration(RISCV, "RISC-V Sv57", riscv, { ias: 57, oas: 56 }, RISCV_SIZES),
  configuration(
    RISCV,
    "RISC-V Sv57, NAPOT, signed",
    riscv,
    { ias: 57, oas: 56, svnapot: true, signExtend: true },
    NAPOT_SIZES,
    { space: "signed" },
  ),
];

export const CONFIGURATIONS: readonly Configuration[] = [...SHAPES, ...MORE];
