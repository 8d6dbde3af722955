// Entries in words, for who has no more than the name of a format and its configuration.
import { IoPgtableError } from "../errors.js";
import { show } from "../numbers.js";
import { memoryState, TableMemory } from "../tableMemory.js";
import { CATALOGUE } from "./catalogue.js";
import { describeEntry, type EntryDescription, itemBits } from "./describe.js";
import { type CommonConfig, specOf } from "./format.js";

/** Says what entries of one configured format mean. */
export interface EntryReader {
  /** The manual that the sections of the fields are in. */
  readonly manual: string;
  /** Bits of an entry. */
  readonly bits: 32 | 64;
  /** The architecture's numbers of the levels, root first, and the bytes that one entry covers there. */
  readonly levels: readonly { readonly level: number; readonly covers: number }[];
  /**
   * The entry, as it would be read at this level.
   * @throws IoPgtableError EINVAL for a level that the format does not have, or more bits than an entry has
   */
  describe(entry: bigint, level: number): EntryDescription;
}

/**
 * A reader of entries: what each bit of an entry means, and where the manual says so. From "io-pgtable/entries".
 * @param name the function that makes the format, such as "armLpaeS1"
 * @throws IoPgtableError EINVAL for a name that is no format; what the format itself refuses. Its class is of this module's own: tell it by `name` and `code`
 *
 * @example
 * ```ts
 * const { entryReader } = await import("io-pgtable/entries");
 * const reader = entryReader("x86_64", { ias: 48, oas: 52 });
 * const { kind, fields } = reader.describe(0x8000_0000_0000_00e7n, 1);
 * kind; // => "leaf"
 * fields.at(-1)?.says; // => "no execution"
 * ```
 */
export function entryReader(name: string, config: CommonConfig): EntryReader {
  const facts = CATALOGUE.find((each) => each.name === name);
  const spec = facts && specOf(facts.make(config));
  if (facts === undefined || spec === undefined) {
    const names = CATALOGUE.map((each) => each.name).join(", ");
    throw new IoPgtableError("EINVAL", "entryReader", `${show(name)} is no format; there are ${names}`);
  }
  const { core } = memoryState(TableMemory.create({ bytes: 65536, shared: false }), "entryReader");
  const format = { facts, config, spec };
  const bits = itemBits(format, core);
  const inner = Array.from({ length: spec.maxTop + 1 }, (_, index) => spec.maxTop - index);
  return {
    manual: facts.manual,
    bits,
    levels: inner.map((level) => ({ level: spec.archLevel(level), covers: 2 ** core.geometry(spec.core, 0, level) })),
    describe(entry, level) {
      const found = inner.find((each) => spec.archLevel(each) === level);
      if (found === undefined) {
        throw new IoPgtableError("EINVAL", "describe", `the format has no level ${show(level)}`);
      }
      if (BigInt.asUintN(bits, entry) !== entry) {
        throw new IoPgtableError("EINVAL", "describe", `an entry of this format has ${bits} bits`);
      }
      return describeEntry(format, core, entry, found);
    },
  };
}
