// docs/adding-a-format.md, followed word by word in a copy of the project: the format that it adds passes the conformance suite, and one with a mistake
// does not.
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ended, ProjectCopy, type Verdict } from "./projectCopy.js";
import { renamed, steps } from "./steps.js";

const BUILT_IN = 180_000;
const SUITE = "test/conformance/suite";
const NAMES = "test/house/formatNames.test.ts";
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
    checks = await Promise.all([
      copy.run("node_modules/typescript/bin/tsc", "--noEmit", "-p", "tsconfig.build.json"),
      copy.run("node_modules/@biomejs/biome/bin/biome", "ci", "assembly", "bindings", "test/configurations"),
    ]);
    expect(await building).toMatchObject({ status: 0 });
    verdicts = await copy.test(SUITE, NAMES, "-t", "a format's name|the lists of formats|acmeMmu|acmeWrong");
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
      "README.md",
      "test/configurations/families.ts",
      "test/configurations/list.ts",
    ]);
  });

  it("passes the whole conformance suite", () => {
    const files = readdirSync(new URL("../conformance/suite/", import.meta.url)).filter((file) =>
      /\.test\.ts$/.test(file),
    );
    const ran = of("acmeMmu");
    expect(new Set(ran.map(({ file }) => file.slice(file.lastIndexOf("/") + 1)))).toEqual(new Set(files));
    expect(ran.filter(({ passed }) => !passed).map(({ name }) => name)).toEqual([]);
  });

  it("does not with a wrong shift", () => {
    const failed = of("acmeWrong").filter(({ passed }) => !passed);
    expect(failed.map(({ name }) => name)).toContainEqual(expect.stringContaining("every address bit is decoded once"));
  });

  it("is in all lists", () => {
    const lists = verdicts.filter(({ file }) => file.endsWith(NAMES));
    expect(lists.length).toBeGreaterThan(0);
    expect(lists.filter(({ passed }) => !passed).map(({ name }) => name)).toEqual([]);
  });

  it("is written as the rest is: types and style", () => {
    expect(checks.filter(({ status }) => status !== 0).map(({ output }) => output)).toEqual([]);
  });
});
