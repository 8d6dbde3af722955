// Each example runs from the packed package, in a folder that has nothing else, and prints what stands at its end.
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { InstalledPackage } from "../pack/installedPackage.js";
import { promisedOutput } from "./promisedOutput.js";

const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));
const PROGRAMS = readdirSync(EXAMPLES).filter((name) => name.endsWith(".mjs"));

let installed: InstalledPackage;

beforeAll(() => {
  installed = new InstalledPackage();
  symlinkSync(join(EXAMPLES, "traces"), join(installed.folder, "traces"), "dir");
});

afterAll(() => {
  installed?.remove();
});

test("there are examples", () => {
  expect(PROGRAMS).toContain("first-table.mjs");
});

test.each(PROGRAMS)("%s prints what it says", (name) => {
  const program = join(installed.folder, name);
  copyFileSync(join(EXAMPLES, name), program);
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toBe(promisedOutput(readFileSync(program, "utf8")));
});

test.each(PROGRAMS)("%s is told of in examples/README.md", (name) => {
  expect(readFileSync(join(EXAMPLES, "README.md"), "utf8")).toContain(`[${name}](${name})`);
});
