/** The recorded configurations: `new FORMAT key=value ...`. */

import type { Api } from "./operations.js";

export interface IoPgtableNew {
  readonly api: "io-pgtable";
  readonly line: string;
  readonly format: string;
  readonly ias: number;
  readonly oas: number;
  readonly pageSizes: readonly number[];
  readonly quirks: number;
  readonly coherent: boolean;
}

export interface GenericPtNew {
  readonly api: "generic_pt";
  readonly line: string;
  readonly format: string;
  readonly features: number;
  /** Bits of the largest input and output address. */
  readonly vasz: number;
  readonly oasz: number;
  readonly top: number;
  /** null: all that the format has. */
  readonly pageSizes: readonly number[] | null;
  /** The address bit that marks encrypted memory, as a mask; 0 for none. */
  readonly encryption: bigint;
}

export type NewLine = IoPgtableNew | GenericPtNew;

/** Quirk bits of io-pgtable. */
export const Quirk = {
  ARM_NS: 1,
  NO_PERMS: 2,
  ARM_MTK_EXT: 8,
  ARM_MTK_TTBR_EXT: 0x10,
  ARM_TTBR1: 0x20,
  ARM_OUTER_WBWA: 0x40,
  ARM_HD: 0x80,
  ARM_S2FWB: 0x100,
  NO_WARN: 0x200,
} as const;

/** Feature bits of generic_pt; from 0x40 on each format has its own. */
export const Feature = {
  DMA_INCOHERENT: 1,
  FULL_VA: 2,
  DYNAMIC_TOP: 4,
  SIGN_EXTEND: 8,
  FLUSH_RANGE: 0x10,
  FLUSH_RANGE_NO_GAPS: 0x20,
  AMDV1_ENCRYPT_TABLES: 0x40,
  AMDV1_FORCE_COHERENCE: 0x80,
  VTDSS_FORCE_COHERENCE: 0x40,
  VTDSS_FORCE_WRITEABLE: 0x80,
  RISCV_SVNAPOT_64K: 0x40,
  X86_64_AMD_ENCRYPT_TABLES: 0x40,
} as const;

const IO_PGTABLE_KEYS = ["ias", "oas", "pgsz", "quirks", "coherent"];
const GENERIC_PT_KEYS = ["features", "vasz", "oasz", "top", "pgsz", "sme"];

export function parseNew(line: string): NewLine {
  const [word, format, ...settings] = line.split(" ");
  if (word !== "new" || format === undefined) throw new Error(`not a configuration: ${line}`);
  const values = new Map<string, bigint>();
  for (const setting of settings) {
    const [key = "", value = ""] = setting.split("=");
    values.set(key, BigInt(value));
  }
  const api: Api = values.has("ias") ? "io-pgtable" : "generic_pt";
  for (const key of values.keys()) {
    if (!(api === "io-pgtable" ? IO_PGTABLE_KEYS : GENERIC_PT_KEYS).includes(key)) {
      throw new Error(`unknown setting ${key}: ${line}`);
    }
  }
  const number = (key: string): number => {
    const value = values.get(key);
    if (value === undefined) throw new Error(`${key} is missing: ${line}`);
    return Number(value);
  };
  if (api === "io-pgtable") {
    return {
      api,
      line,
      format,
      ias: number("ias"),
      oas: number("oas"),
      pageSizes: bitSizes(values.get("pgsz") ?? 0n),
      quirks: number("quirks"),
      coherent: number("coherent") === 1,
    };
  }
  const pageSizes = values.get("pgsz");
  return {
    api,
    line,
    format,
    features: number("features"),
    vasz: number("vasz"),
    oasz: number("oasz"),
    top: number("top"),
    pageSizes: pageSizes === undefined ? null : bitSizes(pageSizes),
    encryption: values.get("sme") ?? 0n,
  };
}

/** The sizes in a bitmap of sizes, smallest first. */
export function bitSizes(bitmap: bigint): number[] {
  const sizes: number[] = [];
  for (let bit = 0; bit < 64; bit++) if ((bitmap >> BigInt(bit)) & 1n) sizes.push(2 ** bit);
  return sizes;
}

/** First and last input address of an io-pgtable table with `ias` address bits. */
export function inputRange(config: IoPgtableNew, ias: number): readonly [bigint, bigint] {
  const size = 1n << BigInt(ias);
  if (config.quirks & Quirk.ARM_TTBR1) return [(1n << 64n) - size, (1n << 64n) - 1n];
  return [0n, size - 1n];
}
