// The README's programs in other runtimes, where they are installed.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InstalledPackage } from "./installedPackage.js";
import { readmeExamples } from "./readmeExamples.js";

const RUNTIMES = [
  { name: "Bun", command: process.env.BUN ?? "bun", args: [] },
  { name: "Deno", command: process.env.DENO ?? "deno", args: ["run", "--allow-read", "--allow-env"] },
];

describe.each(RUNTIMES)("$name", ({ name, command, args }) => {
  const missing = spawnSync(command, ["--version"]).status !== 0;
  if (missing) process.stderr.write(`no tests in ${name}: ${command} is not installed\n`);
  let installed: InstalledPackage;

  beforeAll(() => {
    if (!missing) installed = new InstalledPackage();
  });

  afterAll(() => {
    installed?.remove();
  });

  test.skipIf(missing).each(readmeExamples().map((example, index) => ({ number: index + 1, ...example })))(
    "README $number: $section",
    ({ code, output }) => {
      const program = installed.write("program.js", code);
      const { stdout, stderr } = spawnSync(command, [...args, program], { cwd: installed.folder, encoding: "utf8" });
      expect({ stdout, stderr }).toEqual({ stdout: output, stderr: "" });
    },
  );
});
