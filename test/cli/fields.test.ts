// The fields of entries, of every format with every option: they are in the entry, do not overlap, and leave no bit out that the library writes.
import { describe, expect, test } from "vitest";
import { entryDecoder, levelsOf } from "../../bindings/cli/entry/describedEntry.js";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import { type ConfiguredFormat, describeEntry, itemBits } from "../../bindings/formats/describe.js";
import type { EntryShape, FormatFacts } from "../../bindings/formats/facts.js";
import type { CommonConfig } from "../../bindings/formats/format.js";
import { specOf } from "../../bindings/formats/format.js";
import { IoPageTable, IoPgtableError, Prot, TableMemory } from "../../bindings/index.js";

const decoder = entryDecoder();
const PROTS = [
  Prot.READ,
  Prot.READ | Prot.WRITE,
  Prot.READ | Prot.WRITE | Prot.CACHE,
  Prot.READ | Prot.NOEXEC,
  Prot.READ | Prot.WRITE | Prot.MMIO,
  Prot.READ | Prot.PRIV,
];

/** What the facts' own options configure: the format records it, so that fields can be asked for the same. */
function configurations({ make, usual, quirks, options }: FormatFacts): ConfiguredFormatOf[] {
  const found: ConfiguredFormatOf[] = [];
  const record = (name: string, config: CommonConfig): void => {
    try {
      const spec = specOf(make(config));
      if (spec !== undefined) found.push({ name, config, spec });
    } catch (error) {
      if (!(error instanceof IoPgtableError)) throw error;
    }
  };
  record("plain", usual);
  record("incoherent", { ...usual, coherentWalk: false });
  for (const name of Object.keys(quirks)) {
    const needed = quirks[name]?.needs;
    const all = [
      name,
      ...(needed === undefined ? [] : [needed, ...(quirks[needed]?.needs === undefined ? [] : [quirks[needed].needs])]),
    ];
    const config: CommonConfig & { quirks: string[] } = { ...usual, quirks: all };
    record(name, config);
  }
  for (const [name, value] of OPTION_VALUES) {
    if (!(name in options)) continue;
    const config: CommonConfig & Record<string, unknown> = { ...usual, [name]: value };
    record(name, config);
  }
  for (const page of [2 ** 14, 2 ** 16]) {
    const sizes = [page, page * 2 ** (Math.log2(page) - 3)];
    record(`granule ${page}`, { ...usual, pageSizes: sizes });
  }
  return found;
}
type ConfiguredFormatOf = Omit<ConfiguredFormat, "facts"> & { readonly name: string };

const OPTION_VALUES: readonly (readonly [string, unknown])[] = [
  ["contiguousHint", true],
  ["lpa2", true],
  ["dirtyTracking", true],
  ["encryptionBit", 47],
  ["forceCoherence", true],
  ["svnapot", true],
  ["svpbmt", true],
  ["signExtend", true],
];

/** All entries of one table that has a leaf of each size. */
function entries(format: ConfiguredFormat): { raw: bigint; level: number; paddr: number | null }[] {
  const { spec, facts, config } = format;
  const found: { raw: bigint; level: number; paddr: number | null }[] = [];
  const memory = TableMemory.create({ bytes: 2 ** 22, physBase: 0 });
  for (const prot of PROTS) {
    const table = new IoPageTable(memory, {
      format: facts.make(config),
      flush: { flushAll() {}, flushWalk() {}, flushRange() {} },
    });
    const base = spec.space === "upper" ? 2n ** 64n - 2n ** BigInt(spec.ias) : 0n;
    for (const size of spec.pageSizes) {
      // An address that is the encryption bit cannot be told from it.
      if (spec.encryptionBit !== 0 && size === 2 ** spec.encryptionBit) continue;
      const iova = base + BigInt(size);
      if (iova + BigInt(size) > base + 2n ** BigInt(spec.ias - (spec.space === "signed" ? 1 : 0))) continue;
      if (table.mapRange(iova, size, size, prot).mapped !== size) continue;
      const steps = table.walk(iova);
      for (const { entry, level, kind } of steps) {
        const core = levelsOf(format).find((each) => spec.archLevel(each) === level) ?? -1;
        found.push({ raw: entry, level: core, paddr: kind === "leaf" ? size : null });
      }
      table.unmap(iova, size);
    }
    table.destroy();
  }
  expect(memory.stats().tablePagesInUse).toBe(0);
  return found;
}

/** The fields of each kind of entry at each level. */
function shapes(format: ConfiguredFormat): EntryShape[] {
  const leafSizes = format.spec.pageSizes.map(Math.log2);
  return levelsOf(format).flatMap((level) => {
    const shift = decoder.geometry(format.spec.core, 0, level);
    const index = decoder.geometry(format.spec.core, 1, level);
    const leaves = leafSizes.filter((lg2) => lg2 >= shift && lg2 < shift + index);
    const table: EntryShape[] = level === 0 ? [] : [{ kind: "table", level, shift, sizeLg2: shift }];
    return [...table, ...leaves.map((sizeLg2): EntryShape => ({ kind: "leaf", level, shift, sizeLg2 }))];
  });
}

describe.each([...CATALOGUE])("$name", (facts) => {
  test.each(configurations(facts))("$name: every bit that the library writes is in a field", ({ config, spec }) => {
    const format: ConfiguredFormat = { facts, config, spec };
    const made = entries(format);
    expect(made.length).toBeGreaterThan(0);
    for (const { raw, level, paddr } of made) {
      const described = describeEntry(format, decoder, raw, level);
      expect(described.reserved, `${raw.toString(16)} at level ${level}`).toBe(0n);
      if (paddr !== null) expect(described).toMatchObject({ kind: "leaf", paddr: BigInt(paddr) });
    }
  });

  test.each(configurations(facts))("$name: fields lie in the entry and do not overlap", ({ config, spec }) => {
    const format: ConfiguredFormat = { facts, config, spec };
    const bits = itemBits(format, decoder);
    for (const shape of shapes(format)) {
      const taken = new Set<number>();
      for (const {
        name,
        bits: [high, low],
        section,
        says,
      } of facts.fields(config)(shape)) {
        expect(low >= 0 && high >= low && high < bits, `${name} ${high}:${low}`).toBe(true);
        expect(section).not.toBe("");
        if (Array.isArray(says)) expect(says.length, name).toBe(2 ** (high - low + 1));
        for (let bit = low; bit <= high; bit++) {
          expect(taken.has(bit), `bit ${bit} of ${JSON.stringify(shape)} is in two fields, one is ${name}`).toBe(false);
          taken.add(bit);
        }
      }
      expect(taken.size).toBeGreaterThan(2);
    }
  });
});
