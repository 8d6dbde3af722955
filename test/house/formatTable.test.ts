// The README's table of formats is made from the formats, and what they say of themselves holds.
import { describe, expect, test } from "vitest";
import { allFormats } from "../../bindings/cli/formats/command.js";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import type { OptionFacts } from "../../bindings/formats/facts.js";
import { type CommonConfig, specOf } from "../../bindings/formats/format.js";
import { IoPgtableError } from "../../bindings/index.js";
import { exportedFormats } from "./formats.js";
import { projectFile } from "./projectFiles.js";

test("the README has the table that `npm run docs:formats` prints", () => {
  const [, inReadme] = /<!-- formats -->\n\n([\s\S]*?)\n<!-- \/formats -->/.exec(projectFile("README.md")) ?? [];
  // Where they differ: npm run docs:formats -- --write
  expect(inReadme).toBe(allFormats());
});

test("the catalogue has each exported format once", () => {
  expect(CATALOGUE.map(({ name }) => name).sort()).toEqual(exportedFormats());
});

/** All that a table, its entries and its device see of a configuration; undefined where the format refuses it. */
function seen(make: OptionFacts["make"], config: CommonConfig): string | undefined {
  try {
    const spec = specOf(make(config));
    if (spec === undefined) throw new TypeError("no format of this library");
    const encoded = Array.from({ length: 64 }, (_, prot) => spec.encode(prot, false));
    const registers = spec.makeRegisters([0x1000n], spec.top);
    const all = { ...spec, changes: spec.changeTop !== undefined, encoded, registers };
    return JSON.stringify(all, (_, value) => (typeof value === "bigint" ? `${value}n` : value));
  } catch (error) {
    if (error instanceof IoPgtableError) return undefined;
    throw error;
  }
}

describe.each([...CATALOGUE])("$name", ({ name, make, usual, quirks, options }) => {
  test("is what the function makes", () => {
    expect(make(usual).name).toBe(name);
    expect(make.name).toBe(name);
  });

  test("each quirk and option that it takes changes something", () => {
    const incoherent = { ...usual, coherentWalk: false };
    const plain = [usual, incoherent].map((config) => seen(make, config));
    const idle = [...Object.entries(quirks), ...Object.entries(options)].filter(([, option]) => {
      const needed = option.needs === undefined ? undefined : quirks[option.needs];
      return [...plain, needed && seen(needed.make, usual)].some(
        (other) => other && other === seen(option.make, usual),
      );
    });
    expect(idle.map(([option]) => option)).toEqual([]);
  });

  test("names what its own format lacks nowhere", () => {
    const needed = [...Object.values(quirks), ...Object.values(options)].flatMap(({ needs }) => needs ?? []);
    expect(needed.filter((quirk) => !(quirk in quirks))).toEqual([]);
  });
});
