// The package as it would be published, looked at by publint, arethetypeswrong and size-limit. `dist` has to be built.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "io-pgtable-lint-"));
const bin = (name) => join(root, "node_modules/.bin", name);

function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) process.exitCode = 1;
}

const packed = spawnSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
  cwd: root,
  encoding: "utf8",
});
const [{ filename }] = JSON.parse(packed.stdout);
const tarball = join(folder, filename);
run(bin("publint"), "run", "--strict", tarball);
// Files that are no modules have no types; CommonJS is served by require(esm).
run(bin("attw"), tarball, "--profile", "esm-only", "--exclude-entrypoints", "./core.wasm", "./core-unshared.wasm");
run(bin("size-limit"));
rmSync(folder, { recursive: true });
