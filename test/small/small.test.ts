// Everything small, in a copy of the project whose core has tiny formats and no others. `npm run test:small -- --full` tries more.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ProjectCopy, type Verdict } from "../adding-a-format/projectCopy.js";
import { coreFormat, formatList } from "./coreFormats.js";
import { SHAPES } from "./tiny.js";

const COPIED = ["assembly", "bindings", "test/small", "asconfig.json", "build.mjs", "package.json", "tsconfig.json"];
const HOURS = 3_600_000;
const CONFIG = `export default { test: { include: ["test/small/*.world.ts"] } };\n`;

describe("on tiny tables", () => {
  const copy = new ProjectCopy(COPIED);
  let verdicts: Verdict[] = [];

  beforeAll(async () => {
    for (const shape of Object.values(SHAPES)) copy.write(`assembly/format/${shape.file}.ts`, coreFormat(shape));
    copy.write("assembly/formats.ts", formatList(copy.read("assembly/formats.ts")));
    copy.write("vitest.config.ts", CONFIG);
    copy.write("results", "");
    const built = await copy.run("build.mjs", "--core");
    if (built.status !== 0) throw new Error(built.output);
    verdicts = await copy.test();
    process.stdout.write(copy.read("results"));
  }, HOURS);
  afterAll(() => copy.remove());

  it("every sequence, and every operation on every table, does what the model says", () => {
    expect(verdicts.length).toBeGreaterThan(0);
    expect(verdicts.filter(({ passed }) => !passed)).toEqual([]);
  });
});
