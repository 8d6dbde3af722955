// The input addresses of every kind of table: which are valid, and which are not.
import {
  amdV1,
  appleDart,
  appleDart2,
  arm32LpaeS1,
  arm32LpaeS2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type Format,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../../bindings/index.js";

/** A stretch of valid input addresses, both ends included. */
export interface Space {
  first: bigint;
  last: bigint;
}

export interface InputSpaces {
  name: string;
  format: () => Format;
  /** In ascending order. */
  spaces: readonly Space[];
}

const TOP = 2n ** 64n - 1n;
const lower = (bits: number): Space[] => [{ first: 0n, last: 2n ** BigInt(bits) - 1n }];
const upper = (bits: number): Space[] => [{ first: 2n ** 64n - 2n ** BigInt(bits), last: TOP }];
/** The two halves of `bits` bits, sign-extended. */
const signed = (bits: number): Space[] => [...lower(bits - 1), ...upper(bits - 1)];

const K16 = [2 ** 14, 2 ** 25];
const K64 = [2 ** 16, 2 ** 29];
const TTBR1 = ["ARM_TTBR1"] as const;
const MTK = ["NO_PERMS", "ARM_MTK_EXT"] as const;

export const INPUT_SPACES: readonly InputSpaces[] = [
  { name: "S1 4K, 48 bits", format: () => armLpaeS1({ ias: 48, oas: 48 }), spaces: lower(48) },
  { name: "S1 4K, 33 bits", format: () => armLpaeS1({ ias: 33, oas: 48 }), spaces: lower(33) },
  { name: "S1 16K, 47 bits", format: () => armLpaeS1({ ias: 47, oas: 48, pageSizes: K16 }), spaces: lower(47) },
  { name: "S1 64K, 52 bits", format: () => armLpaeS1({ ias: 52, oas: 52, pageSizes: K64 }), spaces: lower(52) },
  { name: "S1 4K, LPA2", format: () => armLpaeS1({ ias: 52, oas: 52, lpa2: true }), spaces: lower(52) },
  {
    name: "S1 16K, LPA2",
    format: () => armLpaeS1({ ias: 52, oas: 52, pageSizes: K16, lpa2: true }),
    spaces: lower(52),
  },
  {
    name: "S1 4K, contiguous hint",
    format: () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }),
    spaces: lower(48),
  },
  { name: "S1 4K, TTBR1", format: () => armLpaeS1({ ias: 48, oas: 48, quirks: TTBR1 }), spaces: upper(48) },
  { name: "S1 4K, TTBR1, 39 bits", format: () => armLpaeS1({ ias: 39, oas: 48, quirks: TTBR1 }), spaces: upper(39) },
  {
    name: "S1 16K, TTBR1",
    format: () => armLpaeS1({ ias: 47, oas: 48, pageSizes: K16, quirks: TTBR1 }),
    spaces: upper(47),
  },
  {
    name: "S1 64K, TTBR1, 52 bits",
    format: () => armLpaeS1({ ias: 52, oas: 52, pageSizes: K64, quirks: TTBR1 }),
    spaces: upper(52),
  },
  { name: "S2 4K, 40 bits", format: () => armLpaeS2({ ias: 40, oas: 40 }), spaces: lower(40) },
  { name: "S2 16K, 48 bits", format: () => armLpaeS2({ ias: 48, oas: 48, pageSizes: K16 }), spaces: lower(48) },
  { name: "32-bit S1", format: () => arm32LpaeS1({ ias: 32, oas: 40 }), spaces: lower(32) },
  { name: "32-bit S2", format: () => arm32LpaeS2({ ias: 40, oas: 40 }), spaces: lower(40) },
  { name: "Mali, root of one entry", format: () => armMaliLpae({ ias: 33, oas: 40 }), spaces: lower(33) },
  { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), spaces: lower(32) },
  { name: "v7s, 26 bits", format: () => armV7s({ ias: 26, oas: 32 }), spaces: lower(26) },
  { name: "v7s, MediaTek", format: () => armV7s({ ias: 34, oas: 35, quirks: MTK }), spaces: lower(34) },
  { name: "DART 4K, four roots", format: () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] }), spaces: lower(32) },
  { name: "DART 16K", format: () => appleDart({ ias: 36, oas: 36 }), spaces: lower(36) },
  { name: "DART2", format: () => appleDart2({ ias: 42, oas: 42 }), spaces: lower(42) },
  { name: "AMDv1, 48 bits", format: () => amdV1({ ias: 48, oas: 52 }), spaces: lower(48) },
  { name: "AMDv1, 64 bits", format: () => amdV1({ ias: 64, oas: 52 }), spaces: lower(64) },
  {
    name: "AMDv1, no leaf below 4G",
    format: () => amdV1({ ias: 64, oas: 52, pageSizes: [2 ** 32, 2 ** 40] }),
    spaces: lower(64),
  },
  {
    name: "AMDv1, growing to 64 bits",
    format: () => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined }),
    spaces: lower(64),
  },
  {
    name: "AMDv1, growing to 41 bits",
    format: () => amdV1({ ias: 41, oas: 52, startLevels: 3, changeTop: () => undefined }),
    spaces: lower(41),
  },
  { name: "VT-d, 39 bits", format: () => vtdSecondStage({ ias: 39, oas: 46 }), spaces: lower(39) },
  { name: "VT-d, 46 bits", format: () => vtdSecondStage({ ias: 46, oas: 46 }), spaces: lower(46) },
  { name: "VT-d, 57 bits", format: () => vtdSecondStage({ ias: 57, oas: 52 }), spaces: lower(57) },
  { name: "x86-64, 47 bits", format: () => x86_64({ ias: 47, oas: 52 }), spaces: lower(47) },
  { name: "x86-64, 57 bits", format: () => x86_64({ ias: 57, oas: 52 }), spaces: lower(57) },
  { name: "x86-64, sign-extended", format: () => x86_64({ ias: 48, oas: 52, signExtend: true }), spaces: signed(48) },
  {
    name: "x86-64, five levels, sign-extended",
    format: () => x86_64({ ias: 57, oas: 52, signExtend: true }),
    spaces: signed(57),
  },
  {
    name: "x86-64, sign-extended, only 1G",
    format: () => x86_64({ ias: 48, oas: 52, signExtend: true, pageSizes: [2 ** 30] }),
    spaces: signed(48),
  },
  { name: "Sv39", format: () => riscv({ ias: 39, oas: 56 }), spaces: lower(39) },
  { name: "Sv57", format: () => riscv({ ias: 57, oas: 56 }), spaces: lower(57) },
  { name: "Sv39, sign-extended", format: () => riscv({ ias: 39, oas: 56, signExtend: true }), spaces: signed(39) },
  {
    name: "Sv48, sign-extended, NAPOT",
    format: () => riscv({ ias: 48, oas: 56, signExtend: true, svnapot: true }),
    spaces: signed(48),
  },
  { name: "Sv57, sign-extended", format: () => riscv({ ias: 57, oas: 56, signExtend: true }), spaces: signed(57) },
];
