// The library and the race's own files as JavaScript, twice: with the core that is shipped, and with the one in which realms are made to collide.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";

export const CORES = ["shipped", "forced"] as const;
export type CoreKind = (typeof CORES)[number];

const WASM: Record<CoreKind, string> = { shipped: "build/core.wasm", forced: "build/core.race.wasm" };
const FOLDERS = ["bindings", "test/configurations", "test/programs", "test/race"];
const CORE_BYTES = "bindings/generated/coreBytes.js";

/** Compile both. @returns the worker's script by the core that it uses */
export function compileRace(project: string): Record<CoreKind, URL> {
  execFileSync(process.execPath, ["build.mjs", "--race"], { cwd: project, stdio: "inherit" });
  return { shipped: compile(project, "shipped"), forced: compile(project, "forced") };
}

function compile(project: string, core: CoreKind): URL {
  const folder = join(project, "build/race", core);
  rmSync(folder, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  for (const path of FOLDERS.flatMap((below) => sourcesBelow(project, below))) {
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(readFileSync(join(project, path), "utf8"), { compilerOptions });
    write(path.replace(/\.ts$/, ".js"), outputText);
  }
  const text = JSON.stringify(readFileSync(join(project, WASM[core]), "latin1"));
  write(CORE_BYTES, `export const CORE_LATIN1 = ${text};\n`);
  return pathToFileURL(join(folder, "test/race/worker.js"));
}

function sourcesBelow(project: string, folder: string): string[] {
  const names = readdirSync(join(project, folder), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts")).map((name) => join(folder, name));
}
