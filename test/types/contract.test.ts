// `contract.ts` is checked by the compiler. Here: it holds as it stands, and it fails where the two sides drift apart, by
// compiling it against altered copies of the contract.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const CONTRACT = `${root}test/contract/io-pgtable.d.ts`;
const SUBJECT = `${root}test/types/contract.ts`;

const config = ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, "utf8"));
const { options } = ts.parseJsonConfigFileContent(config.config, ts.sys, root);

/** The lines of contract.ts that do not compile when the contract reads `text`; "other" for a complaint anywhere else. */
function complaints(text: string, previous?: ts.Program): { lines: string[]; program: ts.Program } {
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  host.readFile = (path) => (path === CONTRACT ? text : readFile(path));
  const getSourceFile = host.getSourceFile.bind(host);
  // Unaltered files are reused, which keeps each compilation after the first short.
  host.getSourceFile = (path, language) =>
    (path === CONTRACT ? undefined : previous?.getSourceFile(path)) ?? getSourceFile(path, language);
  const program = ts.createProgram([SUBJECT], options, host, previous);
  const subject = program.getSourceFile(SUBJECT);
  const lines = program.getSemanticDiagnostics(subject).map(({ file, start }) => {
    if (file !== subject || subject === undefined || start === undefined) return "other";
    const { line } = subject.getLineAndCharacterOfPosition(start);
    return subject.text.split("\n")[line] ?? "other";
  });
  return { lines, program };
}

describe("the type test", () => {
  const text = readFileSync(CONTRACT, "utf8");
  const unaltered = complaints(text);

  it("holds for the library as it stands", () => {
    expect(unaltered.lines).toEqual([]);
  });

  it.each([
    { drift: "a result", from: "iovaToPhys(iova: Iova): Paddr | null;", to: "iovaToPhys(iova: Iova): Paddr;" },
    {
      drift: "a method's parameter",
      from: "map(iova: Iova, paddr: Paddr,",
      to: "map(iova: Iova | string, paddr: Paddr,",
    },
    {
      drift: "a new method",
      from: "trim(gather?: Gather): number;",
      to: "trim(gather?: Gather): number; shrink(): void;",
    },
    {
      drift: "a name",
      from: "export declare const Access",
      to: "export declare const Novelty: 1; export declare const Access",
    },
    { drift: "a flag's value", from: "readonly NOEXEC: 8", to: "readonly NOEXEC: 16" },
    { drift: "a step", from: "kept: boolean }", to: "kept: boolean | null }" },
    { drift: "an object's mapping", from: "period?: number; phase?: number;", to: "period?: number; phase?: bigint;" },
    {
      drift: "a method of an address space",
      from: "find(iova: Iova): GpuMapping | null;",
      to: "find(iova: Iova): GpuMapping;",
    },
    { drift: "a format's parameter", from: "startLevels?: number;", to: "startLevels?: number | bigint;" },
    {
      drift: "registers",
      from: "Format<{ root: bigint; mode: number }>",
      to: "Format<{ root: bigint; mode: bigint }>",
    },
    { drift: "an error code", from: '| "EFAULT" | "EBUSY"', to: '| "EFAULT"' },
    { drift: "an option", from: "strictProtection?: boolean;", to: "strictProtection?: boolean | 1;" },
    {
      drift: "a static",
      from: "bookkeepingBytes(tableBytes: number)",
      to: "bookkeepingBytes(tableBytes: number | bigint)",
    },
    {
      drift: "an allocator's member",
      from: "free(offset: number, bytes: number, level: number)",
      to: "free(offset: bigint)",
    },
  ])("fails when $drift drifts", ({ from, to }) => {
    const altered = text.replace(from, to);
    expect(altered).not.toBe(text);
    expect(complaints(altered, unaltered.program).lines).not.toEqual([]);
  });
});
