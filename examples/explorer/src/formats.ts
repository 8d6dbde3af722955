// The formats to choose from, and what of their configuration can be chosen.
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
  type CommonConfig,
  type Format,
  riscv,
  vtdSecondStage,
  x86_64,
} from "io-pgtable";
import { type EntryReader, entryReader } from "io-pgtable/entries";

export interface Setup {
  readonly format: string;
  readonly ias: number;
  readonly oas: number;
  /** log2 of the smallest page. */
  readonly page: number;
  /** Whether the format's own option is on. */
  readonly extra: boolean;
}

export interface Choice {
  readonly name: string;
  readonly label: string;
  readonly ias: readonly number[];
  readonly oas: readonly number[];
  /** log2 of the smallest pages that it can have. */
  readonly pages: readonly number[];
  /** Exactly one page size, however small. */
  readonly onePage?: boolean;
  /** An option of this format alone. */
  readonly extra?: { readonly name: string; readonly label: string };
  readonly make: (config: CommonConfig) => Format<unknown>;
}

const HINT = { name: "contiguousHint", label: "contiguous hint" };

export const CHOICES: readonly Choice[] = [
  {
    name: "armLpaeS1",
    label: "Arm 64-bit, stage 1",
    ias: [48, 39, 32],
    oas: [48, 44, 40],
    pages: [12, 14, 16],
    extra: HINT,
    make: armLpaeS1,
  },
  {
    name: "armLpaeS2",
    label: "Arm 64-bit, stage 2",
    ias: [48, 40, 39],
    oas: [48, 44, 40],
    pages: [12, 14, 16],
    extra: HINT,
    make: armLpaeS2,
  },
  { name: "arm32LpaeS1", label: "Arm 32-bit LPAE, stage 1", ias: [32], oas: [40], pages: [12], make: arm32LpaeS1 },
  { name: "arm32LpaeS2", label: "Arm 32-bit LPAE, stage 2", ias: [40, 32], oas: [40], pages: [12], make: arm32LpaeS2 },
  { name: "armMaliLpae", label: "Arm Mali", ias: [48, 39], oas: [40], pages: [12], make: armMaliLpae },
  { name: "armV7s", label: "Arm short descriptors", ias: [32], oas: [32], pages: [12], make: armV7s },
  { name: "appleDart", label: "Apple DART", ias: [36, 32], oas: [36], pages: [14, 12], onePage: true, make: appleDart },
  {
    name: "appleDart2",
    label: "Apple DART 2",
    ias: [36, 32],
    oas: [42],
    pages: [14, 12],
    onePage: true,
    make: appleDart2,
  },
  { name: "amdV1", label: "AMD IOMMU v1", ias: [48, 39, 57], oas: [52, 48], pages: [12], make: amdV1 },
  {
    name: "vtdSecondStage",
    label: "Intel VT-d second stage",
    ias: [48, 39, 57],
    oas: [52, 46],
    pages: [12],
    make: vtdSecondStage,
  },
  {
    name: "x86_64",
    label: "x86-64",
    ias: [48, 57],
    oas: [52, 46],
    pages: [12],
    make: x86_64,
  },
  {
    name: "riscv",
    label: "RISC-V Sv39, Sv48, Sv57",
    ias: [39, 48, 57],
    oas: [56, 52],
    pages: [12],
    extra: { name: "svnapot", label: "Svnapot (64K leaves)" },
    make: riscv,
  },
];

const SIZES = Array.from({ length: 52 }, (_, lg2) => 2 ** lg2);

export function choiceOf(name: string): Choice {
  const found = CHOICES.find((choice) => choice.name === name);
  if (found === undefined) throw new Error(`there is no format ${name}`);
  return found;
}

/** The first of everything. */
export function usualSetup({ name, ias, oas, pages }: Choice): Setup {
  return { format: name, ias: ias[0] ?? 48, oas: oas[0] ?? 48, page: pages[0] ?? 12, extra: false };
}

function configOf({ format, ias, oas, page, extra }: Setup): CommonConfig {
  const choice = choiceOf(format);
  const sizes = choice.onePage === true ? [2 ** page] : SIZES.filter((size) => size >= 2 ** page);
  const own = choice.extra !== undefined && extra ? { [choice.extra.name]: true } : {};
  return { ias, oas, pageSizes: sizes, ...own };
}

export function formatOf(setup: Setup): Format<unknown> {
  return choiceOf(setup.format).make(configOf(setup));
}

export function readerOf(setup: Setup): EntryReader {
  return entryReader(setup.format, configOf(setup));
}
