// What a newcomer gets: the packed package, installed in an empty folder, runs what the README shows.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InstalledPackage } from "./installedPackage.js";
import { readmeExamples } from "./readmeExamples.js";

/** The compiler, beside others on a machine of two cores. */
const SLOW = 240_000;

let installed: InstalledPackage;

beforeAll(() => {
  installed = new InstalledPackage();
});

afterAll(() => {
  installed?.remove();
});

describe("the package", () => {
  test("holds what runs and what explains it, no test and nothing twice", () => {
    const others = installed.files.filter((path) => !/^(dist|bindings)\/.*\.ts(\.map)?$/.test(path));
    expect(others.sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist/cli.js",
      "dist/core-unshared.wasm",
      "dist/core.wasm",
      "dist/coreBytes.js",
      "dist/entries.js",
      "dist/index.js",
      "package.json",
    ]);
    expect(installed.files.filter((path) => /^bindings\/(cli|generated)/.test(path))).toEqual([]);
  });

  test("leads from each declaration to its source", () => {
    const maps = installed.files.filter((path) => path.endsWith(".d.ts.map"));
    expect(maps).toContain("dist/index.d.ts.map");
    const sources = maps.flatMap((path) => {
      const text = readFileSync(join(installed.folder, "node_modules/io-pgtable", path), "utf8");
      return (JSON.parse(text) as { sources: string[] }).sources.map((source) => join(path, "..", source));
    });
    expect(sources).toContain("bindings/ioPageTable.ts");
    expect(sources.filter((source) => !installed.files.includes(source))).toEqual([]);
  });

  test("needs no other package", () => {
    const { packages } = JSON.parse(readFileSync(join(installed.folder, "package-lock.json"), "utf8")) as {
      packages: Record<string, unknown>;
    };
    expect(Object.keys(packages)).toEqual(["", "node_modules/io-pgtable"]);
  });

  test("exports the core as a file, which is the one that it embeds", async () => {
    const { stdout, stderr } = installed.node(`
      import { readFileSync } from "node:fs";
      const core = readFileSync(new URL(import.meta.resolve("io-pgtable/core.wasm")));
      const imports = WebAssembly.Module.imports(new WebAssembly.Module(core));
      console.log(imports.find(({ kind }) => kind === "memory")?.name);
    `);
    expect({ stdout, stderr }).toEqual({ stdout: "memory\n", stderr: "" });
    const dist = join(installed.folder, "node_modules/io-pgtable/dist");
    const embedded = (await import(pathToFileURL(join(dist, "coreBytes.js")).href)) as { CORE_LATIN1: string };
    expect(Buffer.from(embedded.CORE_LATIN1, "latin1").equals(readFileSync(join(dist, "core.wasm")))).toBe(true);
  });

  test("keeps its inside to itself", () => {
    const { status, stderr } = installed.node('import "io-pgtable/dist/coreBytes.js";');
    expect(status).not.toBe(0);
    expect(stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

describe("the README's programs print what it says", () => {
  test.each(readmeExamples().map((example, index) => ({ number: index + 1, ...example })))(
    "$number: $section",
    ({ code, output }) => {
      const { stdout, stderr, status } = installed.node(code);
      expect({ stdout, stderr, status }).toEqual({ stdout: output, stderr: "", status: 0 });
    },
  );

  test("the first of them is the ten lines at the top", () => {
    const [first] = readmeExamples();
    expect(first?.section).toBe("io-pgtable");
    expect(first?.code.trim().split("\n").length).toBeLessThanOrEqual(11);
  });
});

describe("a table without flush operations", () => {
  test("does not construct, and is told what it lacks", () => {
    const { stdout, stderr } = installed.node(`
      import { armLpaeS1, IoPageTable, TableMemory } from "io-pgtable";
      const memory = TableMemory.create();
      try {
        new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 44 }) });
      } catch (error) {
        console.log(error.name, error.code, memory.stats().tablePagesInUse);
        console.log(error.message);
      }
    `);
    expect(stderr).toBe("");
    expect(stdout.split("\n")).toEqual([
      "IoPgtableError EINVAL 0",
      "new IoPageTable: flush lacks flushAll, flushWalk, flushRange; a table that hardware walks needs all of them " +
        "(or flushedByOwner, with who flushes and why) (EINVAL)",
      "",
    ]);
  });

  test("does not compile", { timeout: SLOW }, () => {
    expect(complaints("withoutFlush.ts")).toEqual([expect.stringMatching(/Property 'flush' is missing/)]);
  });
});

test.each(["NodeNext", "Bundler"] as const)(
  "the declarations resolve and hold in a strict program, %s",
  { timeout: SLOW },
  (resolution) => {
    expect(complaints("program.ts", resolution)).toEqual([]);
    expect(complaints("node_modules/io-pgtable/", resolution)).toEqual([]);
  },
);

const PROGRAM = `import { armLpaeS1, type FlushOps, IoPageTable, TableMemory } from "io-pgtable";
export const flush: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };
export const ttbr: bigint = new IoPageTable(TableMemory.create(), { format: armLpaeS1({ ias: 48, oas: 44 }), flush }).registers.ttbr;
`;

type Resolution = "NodeNext" | "Bundler";
const RESOLUTIONS: Record<Resolution, ts.CompilerOptions> = {
  NodeNext: { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  Bundler: { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler },
};
const compiled = new Map<Resolution, readonly ts.Diagnostic[]>();

/** What the compiler says of two programs of a user's, the second without flush operations, and of the package's declarations. */
function complaints(file: string, resolution: Resolution = "NodeNext"): string[] {
  const diagnostics = compiled.get(resolution) ?? compile(resolution);
  compiled.set(resolution, diagnostics);
  const path = join(installed.folder, file);
  return diagnostics
    .filter((one) => one.file === undefined || one.file.fileName.startsWith(path))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

function compile(resolution: Resolution): readonly ts.Diagnostic[] {
  const programs = [
    installed.write("program.ts", PROGRAM),
    installed.write("withoutFlush.ts", PROGRAM.replace(", flush })", " })")),
  ];
  const program = ts.createProgram(programs, {
    ...RESOLUTIONS[resolution],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts"],
    types: [],
  });
  return ts.getPreEmitDiagnostics(program);
}
