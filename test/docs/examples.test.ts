// The examples of the docstrings, of docs/ and of the README: they compile in a strict program of a user's, run on the packed package, and come to what they say.
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InstalledPackage } from "../pack/installedPackage.js";
import { docExamples, withChecks } from "./docExamples.js";
import { undocumented, valueNames } from "./publicNames.js";

const EXAMPLES = docExamples();
/** The compiler, beside others on a machine of two cores. */
const SLOW = 240_000;

/** What an example can rely on: a memory, flush operations, and an empty table. Tables are destroyed for it. */
function programOf(examples: typeof EXAMPLES): string {
  const parts = examples.map(
    ({ code }, i) => `
results[${i}] = await outcome(async () => {
  const memory = TableMemory.create({ bytes: 4 * 2 ** 20 });
  const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush });
  await (async () => {
${withChecks(code)}
  })();
  clear(memory);
});`,
  );
  return `import assert from "node:assert";
import * as library from "io-pgtable";
import { ${valueNames()
    .filter((name) => name !== "IoPageTable")
    .join(", ")}, type FlushOps } from "io-pgtable";

const tables: library.IoPageTable<unknown>[] = [];
class IoPageTable<R> extends library.IoPageTable<R> {
  constructor(memory: TableMemory, options: library.TableOptions<R>) {
    super(memory, options);
    tables.push(this);
  }
}
function clear(memory: TableMemory): void {
  for (const table of tables.splice(0)) {
    for (const end of [() => table.destroy(), () => table.acknowledgeFlush()]) {
      try {
        end();
      } catch (error) {
        if (!/destroyed|of its own/.test(String(error))) throw error;
      }
    }
  }
  assert.equal(memory.stats().tablePagesInUse, 0, "the example leaves table pages behind");
}
async function outcome(example: () => Promise<void>): Promise<string> {
  try {
    await example();
    return "as it says";
  } catch (error) {
    return String(error);
  }
}
const flush: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };
const results: string[] = [];
console.log = () => undefined;
${parts.join("\n")}
process.stdout.write(JSON.stringify(results));
export {};
`;
}

describe("examples", () => {
  let installed: InstalledPackage;
  let complaints: string[];
  let results: string[];

  beforeAll(() => {
    installed = new InstalledPackage();
    const source = programOf(EXAMPLES);
    const options: ts.CompilerOptions = {
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
      typeRoots: [join(process.cwd(), "node_modules/@types")],
      types: ["node"],
    };
    const program = ts.createProgram([installed.write("examples.ts", source)], options);
    complaints = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
      const line = source.split("\n")[file?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0] ?? "";
      return `${ts.flattenDiagnosticMessageText(messageText, " ")} (${line.trim()})`;
    });
    const { stdout, stderr } = installed.node(ts.transpileModule(source, { compilerOptions: options }).outputText);
    if (stderr !== "") throw new Error(stderr);
    results = JSON.parse(stdout) as string[];
  }, SLOW);

  afterAll(() => {
    installed?.remove();
  });

  test("compile", () => {
    expect(complaints).toEqual([]);
  });

  test.each(EXAMPLES.map(({ place }, index) => ({ place, index })))("$place", ({ index }) => {
    expect(results[index]).toBe("as it says");
  });
});

test("a check of an example can fail", () => {
  expect(withChecks("f(1); // => 2")).toBe("assert.deepStrictEqual(f(1), 2);");
  expect(withChecks("f(1); // throws EINVAL")).toContain('code: "EINVAL"');
});

test("every exported value, and every public method of an exported class, has an example", () => {
  expect(undocumented()).toEqual([]);
});
