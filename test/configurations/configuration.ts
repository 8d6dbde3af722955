import type { CommonConfig, Format } from "../../bindings/index.js";
import type { HardwareDirtyState } from "./dirty.js";
import type { MemoryFacts } from "./memory.js";

/** What the formats of a family have in common; none of it comes from the library. */
export interface Family {
  /** Architecture's number of the level of the smallest leaves, and whether numbers grow (+1) or shrink (-1) towards it. */
  leafLevel: number;
  towardsLeaves: 1 | -1;
  /** log2 of the bytes of an item. */
  itemLg2: 2 | 3;
  /** The items of a leaf that is several of them are equal, or each holds its own address. */
  groups: "equal items" | "own addresses";
  /** The root has as many items as any table, however few the input space needs. */
  fullRoot: boolean;
  /** The protection that an entry made for this one gives: what the format cannot say is dropped. */
  says(prot: number): number;
  /** Explicit memory types and shareability; null where its entries have neither. */
  memory: MemoryFacts | null;
  /** Flags that the configuration adds to every leaf, whatever is asked for. */
  adds: number;
  /** Without WRITE nothing is mapped. */
  needsWrite: boolean;
  /** Bits of the physical address of a table. */
  tablePaddrBits: number;
  /** Whose calls Linux uses on this format, and so whose fine points the other pair copies. */
  linuxCalls: "io-pgtable" | "generic_pt";
  /** Linux's calls for pages of one size take one after the other, across tables; else as many as stand in one table, all or none. */
  pageByPage: boolean;
  /** How the device marks a leaf dirty; null where the format keeps no dirty state. */
  dirty: HardwareDirtyState | null;
}

/** The facts of a format as configured. */
export interface Configuration extends Family {
  name: string;
  /** Made anew for each table; `pageSizes` instead of the configuration's own. */
  format(options?: { pageSizes: readonly number[] }): Format;
  ias: number;
  oas: number;
  /** Output address bits that the entries hold. */
  paddrBits: number;
  /** Input addresses: [0, 2^ias), the highest 2^ias, or both halves of a sign-extended space. */
  space: "lower" | "upper" | "signed";
  /** First address of the input range; of a sign-extended one, of its lower half. */
  base: bigint;
  /** Leaf sizes, ascending. */
  pageSizes: readonly bigint[];
  /** log2 of the bytes that one item covers, by level from the smallest leaves up to the highest root. */
  shifts: readonly number[];
  /** log2 of the roots that divide the input space. */
  rootsLg2: number;
  /** Level of the root of a table that grows, from the smallest leaves = 0. */
  firstTop: number;
}

/** Facts that most configurations have alike. */
export interface Particulars extends Partial<Family> {
  space?: Configuration["space"];
  /** log2 of the bytes that an item of the lowest level covers, where no leaf is that small. */
  granuleLg2?: number;
  /** Levels below the roots, where they are not as many as the input bits need. */
  levels?: number;
  shifts?: readonly number[];
  rootsLg2?: number;
  paddrBits?: number;
  firstTop?: number;
}

/** One row: `make` applied to `config` gives a table with leaves of 2^sizesLg2 bytes. */
export function configuration<C extends CommonConfig>(
  family: Family,
  name: string,
  make: (config: C) => Format,
  config: C,
  sizesLg2: readonly number[],
  particulars: Particulars = {},
): Configuration {
  const { space = "lower", rootsLg2 = 0, granuleLg2 = sizesLg2[0] ?? 12, levels, ...rest } = particulars;
  const { ias, oas } = config;
  const shifts = rest.shifts ?? uniformShifts(granuleLg2, levels ?? levelsFor(ias, granuleLg2));
  return {
    ...family,
    ...rest,
    name,
    format: (options) => make({ ...config, ...options }),
    ias,
    oas,
    paddrBits: rest.paddrBits ?? oas,
    space,
    base: space === "upper" ? 2n ** 64n - 2n ** BigInt(ias) : 0n,
    pageSizes: sizesLg2.map((lg2) => 2n ** BigInt(lg2)),
    shifts,
    rootsLg2,
    firstTop: rest.firstTop ?? shifts.length - 1,
  };
}

/** A table of 8-byte items is as large as the granule. */
const indexLg2 = (granuleLg2: number) => granuleLg2 - 3;
const levelsFor = (ias: number, granuleLg2: number) => Math.ceil((ias - granuleLg2) / indexLg2(granuleLg2));

function uniformShifts(granuleLg2: number, levels: number): number[] {
  return Array.from({ length: levels }, (_, level) => granuleLg2 + level * indexLg2(granuleLg2));
}
