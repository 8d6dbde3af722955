// What all commands have in common, and the page that is made from them.
import { describe, expect, test } from "vitest";
import { loadBenchmark, measure } from "../../bindings/cli/bench/measure.js";
import { optionsOf } from "../../bindings/cli/commandSpec.js";
import { COMMANDS } from "../../bindings/cli/commands.js";
import { helpText, overviewText } from "../../bindings/cli/help.js";
import { manualText } from "../../bindings/cli/manual.js";
import { projectFile } from "../house/projectFiles.js";
import { runCli, traceFile } from "./runCli.js";

const NAMES = COMMANDS.map(({ name }) => name);
const SNAPSHOTS = traceFile("arm-nvme-16k.tables.json.gz");
const USUAL: Readonly<Record<string, readonly string[]>> = {
  replay: [traceFile("arm-nvme-16k.ops.gz"), "--no-timing"],
  decode: ["armLpaeS1", "840000e41"],
  encode: ["armLpaeS1", "0x1000"],
  walk: [SNAPSHOTS, "0xffff4000"],
  dump: [SNAPSHOTS],
  diff: [SNAPSHOTS],
  formats: [],
  bench: ["--size", "64K", "--seconds", "0.005"],
};

test("docs/cli.md is made from the commands", () => {
  // Where they differ: npm run docs:cli -- --write
  expect(projectFile("docs/cli.md")).toBe(manualText(COMMANDS));
});

test("the overview has each command in lines that fit a terminal", () => {
  const overview = overviewText(COMMANDS);
  for (const { name, summary } of COMMANDS) expect(overview.replace(/\s+/g, " ")).toContain(`${name} ${summary}`);
  expect(Math.max(...overview.split("\n").map((line) => line.length))).toBeLessThanOrEqual(104);
});

describe.each(COMMANDS)("$name", (spec) => {
  test("--help names every option, the exit statuses and examples", async () => {
    const { status, out, err } = await runCli(spec.name, ["--help"]);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toBe(helpText(spec));
    for (const { name } of optionsOf(spec)) expect(out).toContain(`--${name}`);
    for (const { command } of spec.examples) expect(out).toContain(`  ${command}\n`);
    expect(out).toContain("Exit status: 0");
    const prose = out.split("\n").filter((line) => !line.startsWith("  npx") && !line.startsWith("  cd"));
    expect(Math.max(...prose.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  test("has at least one example, and options that do not repeat each other", () => {
    const names = optionsOf(spec).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(spec.examples.length).toBeGreaterThan(0);
  });

  test("--json is JSON on stdout and nothing on stderr", async () => {
    const { status, out, err } = await runCli(spec.name, [...(USUAL[spec.name] ?? []), "--json"]);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(JSON.parse(out)).toBeTypeOf("object");
  });

  test("an option that it does not have is refused in one line, with exit status 2", async () => {
    const { status, out, err } = await runCli(spec.name, ["--nonsense"]);
    expect({ status, out }).toEqual({ status: 2, out: "" });
    expect(err).toMatch(/^io-pgtable \w+: [^\n]*--nonsense[^\n]*\n$/);
  });
});

test("each command is tried", () => {
  expect(Object.keys(USUAL).sort()).toEqual([...NAMES].sort());
});

const SHOWN = COMMANDS.flatMap(({ examples }) => examples).flatMap(({ command, prints }) =>
  prints === undefined ? [] : [{ command, prints }],
);

test.each(SHOWN)("$command prints what the page says", async ({ command, prints }) => {
  const [, , name = "", ...args] = command.split(" ");
  const { out } = await runCli(
    name,
    args.map((arg) => (arg.endsWith(".gz") ? traceFile(arg) : arg)),
  );
  expect(out).toBe(prints);
});

describe("bench", () => {
  test("measures each format that it is given", async () => {
    const { status, out } = await runCli("bench", ["--format", "amdV1,riscv", "--size", "64K", "--seconds", "0.005"]);
    expect(status).toBe(0);
    for (const text of ["amdV1, pages of 4K", "riscv, pages of 4K", "map and unmap one page", "a call pair", "p99"]) {
      expect(out).toContain(text);
    }
  });

  test("says what to install where benchmark.js is not", async () => {
    const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    await expect(loadBenchmark(() => Promise.reject(missing))).rejects.toThrow("npm install benchmark");
    await expect(loadBenchmark(() => Promise.reject(new RangeError("other")))).rejects.toThrow("other");
  });

  test("passes on what a case throws, which benchmark.js would keep to itself", async () => {
    const Constructor = await loadBenchmark(() => import("benchmark"));
    const step = (): void => {
      throw new RangeError("wrong answer");
    };
    expect(() => measure(Constructor, { name: "broken", unit: "call", units: 1, step }, 0.001)).toThrow("wrong answer");
  });

  test.each([
    [["--size", "3M"], /power of two/],
    [["--seconds", "x"], /number up to 60/],
    [["word"], /no arguments/],
  ])("%s is refused", async (args, why) => {
    const { status, err } = await runCli("bench", args);
    expect(status).toBe(2);
    expect(err).toMatch(why);
  });
});
