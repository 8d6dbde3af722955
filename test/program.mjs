// Builds the core where a source is newer, compiles the library and the long-running test programs, and runs one of them: node test/program.mjs fuzz …
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

/** @returns the exit status; 2 where the program was killed */
function run(...args) {
  return spawnSync(process.execPath, args, { cwd: at("."), stdio: "inherit" }).status ?? 2;
}

const [program, ...options] = process.argv.slice(2);
const built =
  run(at("build.mjs"), "--core") === 0 &&
  run(at("node_modules/typescript/bin/tsc"), "-p", at("test/tsconfig.programs.json")) === 0;
process.exitCode = built ? run(at(`build/programs/test/${program}/run.js`), ...options) : 2;
