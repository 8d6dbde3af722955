// docs/adding-a-format.md, followed word by word in a copy of the project: the format that it adds passes the conformance suite, and one with a mistake
// does not.
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, ProjectCopy, type Verdict } from "./projectCopy.js";
import { renamed, steps } from "./steps.js";

const BUILT_IN = 180_000;
const SUITE = "test/conformance/suite";
const LISTS = ["test/house/formatNames.test.ts", "test/house/formatTable.test.ts"];
const STYLED = ["assembly", "bindings", "test/configurations", "README.md"];
const MISTAKEN = { camel: "acmeWrong", pascal: "AcmeWrong", upper: "ACME_WRONG" };
const SHIFT = { right: "return 11 + level * 3;", wrong: "return 11 + level * 4;" };

describe("the format of docs/adding-a-format.md", () => {
  const copy = new ProjectCopy();
  const said = steps();
  let checks: Ended[] = [];
  let verdicts: Verdict[] = [];

  beforeAll(async () => {
    for (const step of said) copy.apply(step);
    for (const step of said) copy.apply(renamed(step, MISTAKEN));
    copy.replace("assembly/format/acmeWrong.ts", SHIFT.right, SHIFT.wrong);
    const building = copy.run("build.mjs", "--core");
    // What `npm run docs:formats -- --write` does, beside the build of the core.
    const types = await copy.run("node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json");
    const table = await copy.run("docs/formats.mjs", "--write");
    const style = await copy.run("node_modules/@biomejs/biome/bin/biome", "ci", ...STYLED);
    checks = [types, table, style, await building];
    verdicts = await copy.test(
      SUITE,
      ...LISTS,
      "-t",
      "acmeMmu|acmeWrong|^(a format's name|the lists|the README|the catalogue) ",
    );
  }, BUILT_IN);
  afterAll(() => copy.remove());

  const of = (name: string) => verdicts.filter((verdict) => verdict.name.includes(name));

  it("is a new file on each side, and lines in no more than these", () => {
    const places = said.map(({ file, before }) => (before === null ? `${file}, new` : file));
    expect([...new Set(places)]).toEqual([
      "assembly/format/acmeMmu.ts, new",
      "assembly/formats.ts",
      "bindings/formats/acmeMmu.ts, new",
      "bindings/formats/coreFormats.ts",
      "bindings/formats/index.ts",
      "bindings/formats/catalogue.ts",
      "test/configurations/families.ts",
      "test/configurations/list.ts",
    ]);
  });

  it("passes the whole conformance suite", () => {
    const files = readdirSync(new URL("../conformance/suite/", import.meta.url)).filter((file) =>
      /\.test\.ts$/.test(file),
    );
    const ran = of("acmeMmu").filter(({ file }) => file.includes(SUITE));
    expect(new Set(ran.map(({ file }) => file.slice(file.lastIndexOf("/") + 1)))).toEqual(new Set(files));
    expect(ran.filter(({ passed }) => !passed).map(({ name, why }) => `${name}: ${why}`)).toEqual([]);
  });

  it("does not with a wrong shift", () => {
    const failed = of("acmeWrong").filter(({ passed }) => !passed);
    expect(failed.map(({ name }) => name)).toContainEqual(expect.stringContaining("every address bit is decoded once"));
  });

  it("is in all lists, and in the README", () => {
    const lists = LISTS.map((list) => verdicts.filter(({ file }) => file.endsWith(list)));
    expect(lists.map(({ length }) => length > 0)).toEqual([true, true]);
    expect(lists.flat().filter(({ passed }) => !passed)).toEqual([]);
    expect(copy.read("README.md")).toMatch(
      /^\| `acmeMmu` +\| Acme MMU +\| no +\| 2 +\| 2K, 16K +\| 17 +\| 12..36 +\|/m,
    );
  });

  it("is written as the rest is: types and style", () => {
    expect(checks.filter(({ status }) => status !== 0).map(({ output }) => output)).toEqual([]);
  });
});
