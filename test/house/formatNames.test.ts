// A format is named in its own files and in the lists, and nowhere else: what walks and changes tables knows only the contract.
import { describe, expect, test } from "vitest";
import {
  bindingNumbers,
  coreFormats,
  coreNumbers,
  exportedFormats,
  type FormatName,
  formatFunctions,
} from "./formats.js";
import { projectFile, projectFiles } from "./projectFiles.js";
import { sourceNames } from "./sourceNames.js";

const FORMATS = [...coreFormats(), ...formatFunctions()];
/** Words that formats and their makers go by: those that begin the formats' files, and others that are no part of a file's name. */
const FIRST_WORDS = FORMATS.map(({ file }) => /([a-z]+\d*)\w*\.ts$/.exec(file)?.[1] ?? file);
const OTHER_WORDS = ["lpae", "mali", "dart", "v7s", "vt-d", "intel", "risc-?v", "napot"];
const MAKERS = new RegExp(`\\b(?:${[...new Set([...FIRST_WORDS, ...OTHER_WORDS])].join("|")})`, "i");
const CORE_LISTS = ["assembly/formats.ts"];
const BINDING_LISTS = ["bindings/formats/index.ts"];
/** The command is a user of the library like any other, and says which format a record is replayed on. */
const USERS = /^bindings\/cli\//;

/** The uses of format names outside their own files and the lists. */
function strayUses(folder: string, formats: readonly FormatName[], lists: readonly string[]): string[] {
  return projectFiles(folder)
    .filter(({ path }) => !lists.includes(path) && !USERS.test(path))
    .flatMap(({ path, text }) => {
      const names = sourceNames(text);
      return formats.filter(({ name, file }) => file !== path && names.has(name)).map(({ name }) => `${path}: ${name}`);
    });
}

describe("a format's name", () => {
  test("would be found", () => {
    expect(FIRST_WORDS).toEqual(expect.arrayContaining(["arm", "amd", "apple", "riscv", "vtd", "x86"]));
    expect(FORMATS.filter(({ name }) => !MAKERS.test(name))).toEqual([]);
  });

  test.each(["assembly/core", "assembly/memory"])("does not appear in %s, not even in a comment", (folder) => {
    const named = projectFiles(folder).flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => (MAKERS.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(named).toEqual([]);
  });

  test("is used in the core by its own file and the list alone", () => {
    expect(strayUses("assembly", coreFormats(), CORE_LISTS)).toEqual([]);
  });

  test("is used in the bindings by its own file and the list alone", () => {
    expect(strayUses("bindings", formatFunctions(), BINDING_LISTS)).toEqual([]);
  });
});

describe("the lists of formats", () => {
  test("number the core's formats alike, without a gap", () => {
    expect(Object.fromEntries(bindingNumbers())).toEqual(Object.fromEntries(coreNumbers()));
    expect([...coreNumbers().values()].sort((a, b) => a - b)).toEqual([...coreNumbers().keys()].map((_, i) => i));
  });

  test("have every format of the core", () => {
    const listed = new Set(coreNumbers().keys());
    expect(coreFormats().filter(({ name }) => !listed.has(name.replaceAll("_", "").toLowerCase()))).toEqual([]);
  });

  test("and the README's table name what is exported", () => {
    const table = /<!-- formats -->([\s\S]*)<!-- \/formats -->/.exec(projectFile("README.md"))?.[1] ?? "";
    const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name = ""]) => name).sort();
    expect(rows).toEqual(exportedFormats());
  });
});
