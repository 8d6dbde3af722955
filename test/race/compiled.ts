// The library and the race's own files as JavaScript, twice: with the core that is shipped, and with the one in which realms are made to collide.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CompiledFolder } from "../programs/compiled.js";

export const CORES = ["shipped", "forced"] as const;
export type CoreKind = (typeof CORES)[number];

const WASM: Record<CoreKind, string> = { shipped: "build/core.wasm", forced: "build/core.race.wasm" };
const FOLDERS = ["bindings", "test/configurations", "test/programs", "test/race"];

/** Compile both. @returns the worker's script by the core that it uses */
export function compileRace(project: string): Record<CoreKind, URL> {
  execFileSync(process.execPath, ["build.mjs", "--race"], { cwd: project, stdio: "inherit" });
  return { shipped: compile(project, "shipped"), forced: compile(project, "forced") };
}

function compile(project: string, core: CoreKind): URL {
  const folder = new CompiledFolder(join(project, "build/race", core));
  folder.compile(project, FOLDERS, readFileSync(join(project, WASM[core])));
  return pathToFileURL(join(folder.path, "test/race/worker.js"));
}
