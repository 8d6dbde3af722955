// What an entry says, field by field. Knows no format: the facts of one are given to it.
import type { Core } from "../core.js";
import type { EntryShape, FieldFacts, FormatFacts } from "./facts.js";
import type { CommonConfig, FormatSpec } from "./format.js";

/** The questions that it puts to the core. */
export type EntryDecoder = Pick<Core, "decode" | "decodedPaddr" | "decodedSizeLg2" | "geometry">;

/** A format with the configuration that made it. */
export interface ConfiguredFormat {
  readonly facts: FormatFacts;
  readonly config: CommonConfig;
  readonly spec: FormatSpec;
}

/** What a field of an entry means. */
export interface FieldDescription {
  readonly name: string;
  /** Such as "11:2", or "0" for a single bit. */
  readonly bits: string;
  readonly value: bigint;
  /** In words; empty where there is nothing to say of this value. */
  readonly says: string;
  readonly section: string;
}

/** What an entry means. */
export interface EntryDescription {
  /** The architecture's number. */
  readonly level: number;
  readonly kind: "table" | "leaf" | "empty" | "invalid";
  /** Bytes that the entry covers, and of a contiguous leaf the items that it consists of. */
  readonly size: number;
  readonly items: number;
  /** Where the leaf or the next table is; null where there is none. */
  readonly paddr: bigint | null;
  /** The protection of a leaf, in `Prot` flags; null where it is none. */
  readonly prot: number | null;
  /** Lowest bits first. */
  readonly fields: readonly FieldDescription[];
  /** Bits that are set and in no field. */
  readonly reserved: bigint;
}

/** The core's answers, by its numbers: empty, leaf, invalid, -, table. */
const KINDS = ["empty", "leaf", "invalid", "invalid", "table"] as const;

const mask = ([high, low]: FieldFacts["bits"]): bigint => ((1n << BigInt(high - low + 1)) - 1n) << BigInt(low);

/** Bits of an item of this format. */
export function itemBits({ spec }: ConfiguredFormat, core: EntryDecoder): 32 | 64 {
  return core.geometry(spec.core, 2, 0) === 2 ? 32 : 64;
}

function describeField(field: FieldFacts, item: bigint, paddr: bigint): FieldDescription {
  const { name, bits, says, section } = field;
  const [high, low] = bits;
  const value = (item & mask(bits)) >> BigInt(low);
  const words =
    says === "address"
      ? `0x${paddr.toString(16)}`
      : typeof says === "function"
        ? says(Number(value))
        : (says[Number(value)] ?? "");
  return { name, bits: high === low ? String(low) : `${high}:${low}`, value, says: words, section };
}

/**
 * An entry at a level, which counts from the smallest leaves, 0.
 * @param item the raw word, of `itemBits` bits
 */
export function describeEntry(
  format: ConfiguredFormat,
  core: EntryDecoder,
  item: bigint,
  level: number,
): EntryDescription {
  const { facts, config, spec } = format;
  const code = core.decode(spec.core, Number(item & 0xffff_ffffn), Number(item >> 32n), level);
  const kind = KINDS[code] ?? "invalid";
  const shift = core.geometry(spec.core, 0, level);
  const sizeLg2 = kind === "leaf" ? core.decodedSizeLg2() : shift;
  const encryption = spec.encryptionBit === 0 ? 0n : 1n << BigInt(spec.encryptionBit);
  const paddr = BigInt(core.decodedPaddr()) & ~encryption;
  const shape: EntryShape = { kind: kind === "table" ? "table" : "leaf", level, shift, sizeLg2 };
  const fields = kind === "empty" ? [] : facts.fields(config)(shape);
  const known = fields.reduce((all, { bits }) => all | mask(bits), 0n);
  const leads = kind === "table" || kind === "leaf";
  return {
    level: spec.archLevel(level),
    kind,
    size: 2 ** sizeLg2,
    items: 2 ** (sizeLg2 - shift),
    paddr: leads ? paddr : null,
    prot: kind === "leaf" ? spec.decode(item, level) : null,
    fields: fields.map((field) => describeField(field, item, leads ? paddr : 0n)).sort(byLowestBit),
    reserved: item & ~known,
  };
}

function byLowestBit(a: FieldDescription, b: FieldDescription): number {
  return Number(a.bits.split(":").at(-1)) - Number(b.bits.split(":").at(-1));
}
