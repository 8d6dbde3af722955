// The library and its tests as JavaScript in a folder, where `vitest` is the collector and the core is one of mutants.
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { CompiledFolder } from "../programs/compiled.js";

const COMPILED = ["bindings", "test"];
/** What tests read beside the sources. */
const LINKED = ["test/data", "examples", "docs"];

export function compileTests(path: string, core: Uint8Array): void {
  const folder = new CompiledFolder(path);
  folder.write("package.json", '{ "type": "module" }');
  folder.compile(process.cwd(), COMPILED, core);
  for (const linked of LINKED) {
    mkdirSync(dirname(join(path, linked)), { recursive: true });
    symlinkSync(join(process.cwd(), linked), join(path, linked), "junction");
  }
  folder.write("build/core.wasm", core);
  folder.write("node_modules/vitest/package.json", '{ "type": "module", "main": "index.js" }');
  folder.write("node_modules/vitest/index.js", 'export * from "../../test/mutants/collector.js";');
}
