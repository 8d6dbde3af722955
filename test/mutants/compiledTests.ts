// The library and its tests as JavaScript in a folder, where `vitest` is the collector and the core is one of mutants.
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

const COMPILED = ["bindings", "test"];
/** What tests read beside the sources. */
const LINKED = ["test/data", "examples", "docs"];

const OPTIONS: ts.CompilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };

export function compileTests(folder: string, core: Uint8Array): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "build"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  for (const file of COMPILED.flatMap(sourcesIn)) {
    write(
      folder,
      file.replace(/\.ts$/, ".js"),
      ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions: OPTIONS }).outputText,
    );
  }
  for (const path of LINKED) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(join(process.cwd(), path), join(folder, path), "junction");
  }
  const text = JSON.stringify(Buffer.from(core).toString("latin1"));
  write(folder, "bindings/generated/coreBytes.js", `export const CORE_LATIN1 = ${text};`);
  writeFileSync(join(folder, "build/core.wasm"), core);
  write(folder, "node_modules/vitest/package.json", '{ "type": "module", "main": "index.js" }');
  write(folder, "node_modules/vitest/index.js", 'export * from "../../test/mutants/collector.js";');
}

function sourcesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
