// A copy of the project in which the core is broken, built and tested.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Stage } from "./stages.js";

const COPIED = [
  "assembly",
  "bindings",
  "test",
  "asconfig.json",
  "build.mjs",
  "package.json",
  "tsconfig.json",
  "vitest.config.ts",
];
const TOOLS = { asc: "node_modules/assemblyscript/bin/asc.js", vitest: "node_modules/vitest/vitest.mjs" };

/** How a child ended: its status, or that it took longer than it may. */
export interface Ended {
  readonly status: number | null;
  readonly late: boolean;
  readonly output: string;
}

export class Workshop {
  constructor(
    private readonly project: string,
    private readonly folder: string,
  ) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    for (const path of COPIED) cpSync(join(project, path), join(folder, path), { recursive: true });
    symlinkSync(join(project, "node_modules"), join(folder, "node_modules"), "junction");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  restore(file: string): void {
    this.write(file, readFileSync(join(this.project, file), "utf8"));
  }

  /** A number for all that is in the copy: it changes with any file. */
  fingerprint(): string {
    const hash = createHash("sha256");
    for (const path of COPIED) {
      const below = statSync(join(this.folder, path)).isDirectory()
        ? readdirSync(join(this.folder, path), { recursive: true, encoding: "utf8" }).map((name) => join(path, name))
        : [path];
      for (const name of below.filter((entry) => statSync(join(this.folder, entry)).isFile()).sort()) {
        hash.update(name).update(readFileSync(join(this.folder, name)));
      }
    }
    return hash.digest("hex");
  }

  /** Compile the core as it stands, with few optimizations: half the time. (Without any it gets a data segment, which overwrites the records.) */
  async build(): Promise<Ended> {
    const ended = await this.run(900, TOOLS.asc, ["--config", "asconfig.json", "--target", "release", "-O1"]);
    if (ended.status !== 0) return ended;
    // It is newer than its sources: this only embeds it.
    return this.run(60, "build.mjs", ["--core"]);
  }

  /** Run tests up to the first that fails. */
  test({ seconds, args, runs }: Stage): Promise<Ended> {
    const settings = runs === undefined ? {} : { IO_PGTABLE_RUNS: String(runs) };
    const options = ["run", "--no-isolate", "--bail=1", "--testTimeout=600000", "--reporter=default", ...args];
    return this.run(seconds, TOOLS.vitest, options, settings);
  }

  private run(
    seconds: number,
    tool: string,
    args: readonly string[],
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const env = { ...process.env, IO_PGTABLE_SEED: "1", NO_COLOR: "1", ...settings };
    const child = spawn(process.execPath, [tool, ...args], { cwd: this.folder, env });
    let output = "";
    let late = false;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
    // A mutant that loops holds the thread that it runs in: only the end of the process ends it.
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, seconds * 1000);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => {
        clearTimeout(timer);
        resolve({ status, late, output });
      });
    });
  }
}
