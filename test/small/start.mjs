// npm run test:small [-- --full]
import { spawnSync } from "node:child_process";

const full = process.argv.includes("--full") ? "1" : "0";
const environment = { ...process.env, IO_PGTABLE_FULL: full };
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "test/small"], {
  stdio: "inherit",
  env: environment,
});
process.exit(status ?? 1);
