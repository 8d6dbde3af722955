// What there is to know of a format before it is configured. Whatever can be found out by making formats is not written down here.
import type { CommonConfig, Format } from "./format.js";

/** A quirk or an option of one format. */
export interface OptionFacts {
  /** "linux": Linux's code for the format has it as well; "ours": this library alone. */
  readonly from: "linux" | "ours";
  /** The quirk that it is given together with. */
  readonly needs?: string;
  /** The format with this option in use. */
  readonly make: (config: CommonConfig) => Format;
}

/** What decides which fields an entry has. */
export interface EntryShape {
  readonly kind: "table" | "leaf";
  /** Counted from the smallest leaves, 0. */
  readonly level: number;
  /** log2 of the bytes that one item of this level covers, and of those that the entry covers (more for a contiguous leaf). */
  readonly shift: number;
  readonly sizeLg2: number;
}

/** A field of an entry, as the manual has it. */
export interface FieldFacts {
  readonly name: string;
  /** Highest and lowest bit. */
  readonly bits: readonly [high: number, low: number];
  /** Where in the format's `manual`. */
  readonly section: string;
  /** What a value means, in words: by value, or worked out. "address": it is (part of) the output address or the next table's. */
  readonly says: "address" | readonly string[] | ((value: number) => string);
}

/** The fields of an entry, lowest bits first. Bits that are in none are reserved. */
export type EntryFields = (shape: EntryShape) => readonly FieldFacts[];

/** One of these stands in each format's file. `Quirk` and `Option` are the names that its configuration has. */
export interface FormatFacts<Quirk extends string = string, Option extends string = string> {
  /** The function's name. */
  readonly name: string;
  readonly make: (config: CommonConfig) => Format;
  /** The manual that has the bits. */
  readonly manual: string;
  /** What the bits of its entries are, with this configuration. */
  readonly fields: (config: CommonConfig) => EntryFields;
  /** What walks such tables. */
  readonly walkers: string;
  /** What is special about how the tables hang together. */
  readonly structure?: string;
  /** Linux's name for it, and which part of Linux has it; absent where Linux does not. */
  readonly linux?: { readonly part: "io-pgtable" | "generic_pt"; readonly name: string };
  /** Address bits of an ordinary machine. */
  readonly usual: { readonly ias: number; readonly oas: number };
  readonly quirks: Readonly<Record<Quirk, OptionFacts>>;
  readonly options: Readonly<Record<Option, OptionFacts>>;
}

/** The options that a configuration has beyond the common ones. */
export type OwnOptions<Config> = Exclude<keyof Config, keyof CommonConfig | "quirks"> & string;
