// npm run test:hardware [-- --short] [--seed N] [--runs N] [NAME …]: the suites whose file names contain one of the names, or all
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const at = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const { values, positionals } = parseArgs({
  options: { short: { type: "boolean", default: false }, seed: { type: "string" }, runs: { type: "string" } },
  allowPositionals: true,
});
const env = {
  ...process.env,
  IO_PGTABLE_SEED: values.seed ?? "1",
  IO_PGTABLE_RUNS: values.runs ?? (values.short ? "0.5" : "4"),
};
const run = (...args) => spawnSync(process.execPath, args, { cwd: at("."), stdio: "inherit", env }).status ?? 1;

const suites = [at("node_modules/vitest/vitest.mjs"), "run", "--config", at("test/hardware/vitest.config.ts")];
process.exitCode = run(at("build.mjs"), "--core") || run(...suites, ...positionals);
