// Builds the package, compiles the library and the bench with it, and runs the bench with these arguments.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Code is compiled to the last tier at once, in the thread that needs it: else a busy machine has unfinished code measured. */
const FLAGS = ["--expose-gc", "--no-concurrent-recompilation", "--no-liftoff"];

const root = new URL("../", import.meta.url);
const at = (path) => fileURLToPath(new URL(path, root));

/** @returns the exit status; 2 where the program was killed */
function run(...args) {
  return spawnSync(process.execPath, args, { cwd: at("."), stdio: "inherit" }).status ?? 2;
}

const built =
  run(at("build.mjs")) === 0 && run(at("node_modules/typescript/bin/tsc"), "-p", at("bench/tsconfig.bench.json")) === 0;
process.exitCode = built ? run(...FLAGS, at("build/bench/bench/run.js"), ...process.argv.slice(2)) : 2;
