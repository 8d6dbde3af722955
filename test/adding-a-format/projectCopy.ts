import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Step } from "./steps.js";

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
const COPIED = [
  "assembly",
  "bindings",
  "test/bindings/support",
  "test/configurations",
  "test/conformance/suite",
  "test/house",
  "test/property",
  "README.md",
  "docs/formats.mjs",
  "asconfig.json",
  "biome.jsonc",
  "build.mjs",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vitest.config.ts",
];
/** What this test run has set for itself. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_OPTIONS|NODE_ENV)/i.test(name)),
);

export interface Ended {
  status: number | null;
  output: string;
}

/** What a test of the child's report says. */
export interface Verdict {
  name: string;
  file: string;
  passed: boolean;
  /** What the failure says. */
  why: string;
}

/** The project in a folder of its own, with what a new format needs of it. */
export class ProjectCopy {
  private readonly folder = mkdtempSync(join(tmpdir(), "io-pgtable-format-"));
  private readonly running = new Set<ChildProcess>();

  constructor(copied: readonly string[] = COPIED) {
    for (const path of copied) cpSync(join(PROJECT, path), join(this.folder, path), { recursive: true });
    symlinkSync(join(PROJECT, "node_modules"), join(this.folder, "node_modules"), "junction");
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), "utf8");
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Does what the document says; `N` is the next free number. */
  apply({ file, before, text }: Step): void {
    const path = join(this.folder, file);
    if (before === null) {
      if (existsSync(path)) throw new Error(`${file} exists already`);
      writeFileSync(path, text);
      return;
    }
    const lines = this.read(file).split("\n");
    const anchor = lines.findIndex((line) => line.trimStart().startsWith(before));
    if (anchor < 0) throw new Error(`${file} has no line that begins with ${before}`);
    // At the end of what stands above it.
    const at = lines.findLastIndex((line, index) => index < anchor && line !== "") + 1;
    const numbered = text.replace(/\bN(?=[:,])/, String(this.nextNumber(file)));
    writeFileSync(path, [...lines.slice(0, at), ...numbered.trimEnd().split("\n"), ...lines.slice(at)].join("\n"));
  }

  private nextNumber(file: string): number {
    return [...this.read(file).matchAll(/^ +(?:case \d+:|\w+: \d+,)$/gm)].length;
  }

  replace(file: string, from: string, to: string): void {
    const text = this.read(file);
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    writeFileSync(join(this.folder, file), text.replace(from, to));
  }

  /** Runs one of the project's tools, and gives what it said and how it ended. */
  run(tool: string, ...args: readonly string[]): Promise<Ended> {
    const child = spawn(process.execPath, [tool, ...args], {
      cwd: this.folder,
      env: { ...environment, IO_PGTABLE_RESULTS: join(this.folder, "results") },
    });
    this.running.add(child);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += String(data)));
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => {
        this.running.delete(child);
        resolve({ status, output });
      });
    });
  }

  /** Runs tests and gives their verdicts; throws where there is no report. */
  async test(...args: readonly string[]): Promise<Verdict[]> {
    const report = join(this.folder, "report.json");
    const tool = "node_modules/vitest/vitest.mjs";
    const { output } = await this.run(
      tool,
      "run",
      "--reporter=json",
      `--outputFile=${report}`,
      "--no-isolate",
      ...args,
    );
    if (!existsSync(report)) throw new Error(output);
    const { testResults } = JSON.parse(this.read("report.json")) as {
      testResults: {
        name: string;
        message: string;
        assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
      }[];
    };
    return testResults.flatMap(({ name, message, assertionResults }) => {
      if (message !== "") throw new Error(`${name}: ${message}`);
      const ran = assertionResults.filter(({ status }) => status === "passed" || status === "failed");
      return ran.map(({ fullName, status, failureMessages = [] }) => ({
        name: fullName,
        file: name,
        passed: status === "passed",
        why: failureMessages.join("\n"),
      }));
    });
  }

  remove(): void {
    for (const child of this.running) child.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
