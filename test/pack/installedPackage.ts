import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../../", import.meta.url));

/** What `npm test` set for itself would reach the npm of these tests. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && name !== "NODE_OPTIONS"),
);

/** The package as a user has it: packed from dist/ as it stands, and installed into an empty folder without a network. */
export class InstalledPackage {
  /** The paths in the package. */
  readonly files: readonly string[];
  readonly #root = mkdtempSync(join(tmpdir(), "io-pgtable-pack-"));
  readonly folder = join(this.#root, "consumer");

  constructor() {
    if (!existsSync(join(project, "dist/index.js"))) throw new Error("dist/ is not built: node build.mjs");
    // Without scripts: a build would change dist/ under other tests.
    const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", this.#root];
    const [packed] = JSON.parse(run("npm", pack, project)) as { filename: string; files: { path: string }[] }[];
    if (packed === undefined) throw new Error("npm pack made nothing");
    this.files = packed.files.map(({ path }) => path);
    mkdirSync(this.folder);
    this.write("package.json", '{ "private": true, "type": "module" }');
    const install = ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    run("npm", [...install, join(this.#root, packed.filename)], this.folder);
  }

  /** Writes a file beside the installed package. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Runs a program beside the installed package. */
  node(code: string): SpawnSyncReturns<string> {
    const program = this.write("program.js", code);
    return spawnSync(process.execPath, [program], { cwd: this.folder, encoding: "utf8", env: environment });
  }

  remove(): void {
    rmSync(this.#root, { recursive: true });
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", env: environment });
  if (status !== 0) throw new Error(`${command} ${args[0]} failed: ${error?.message ?? stderr}`);
  return stdout;
}
