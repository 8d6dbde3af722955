import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const bindings = fileURLToPath(new URL("../../../bindings/", import.meta.url));

/** The library as JavaScript in a temporary folder, for workers, which this test runner does not compile for. */
export function compiledLibrary(): { folder: string; url: string } {
  const folder = mkdtempSync(join(tmpdir(), "io-pgtable-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const entry of readdirSync(bindings, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const source = join(entry.parentPath, entry.name);
    const target = join(folder, relative(bindings, source).replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    writeFileSync(target, ts.transpileModule(readFileSync(source, "utf8"), { compilerOptions }).outputText);
  }
  return { folder, url: pathToFileURL(join(folder, "index.js")).href };
}
