// Compiles the core in this process, from sources in memory: two seconds when the compiler is warm.
import { readFileSync } from "node:fs";
import asc from "assemblyscript/asc";
import type { Sources } from "./choices.js";

/** What the compiler refuses: where in a source, and why. */
export interface Refusal {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly why: string;
}

export type Compiled =
  | { readonly kind: "compiled"; readonly wasm: Uint8Array<ArrayBuffer> }
  | { readonly kind: "refused"; readonly refusals: readonly Refusal[] };

/** The parts of an option of asconfig.json on the command line. */
function flags(): string[] {
  const { options } = JSON.parse(readFileSync("asconfig.json", "utf8")) as { options: Record<string, unknown> };
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === true) return [`--${name}`];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [`--${name}`, String(one)]);
  });
}

/** Without optimizations, which take most of the time. Each entry is a source; what they export is exported. */
export async function compile(sources: Sources, entries: readonly string[], level = "-O0"): Promise<Compiled> {
  let wasm: Uint8Array | undefined;
  const refusals: Refusal[] = [];
  const { error, stderr } = await asc.main([...entries, ...flags(), level, "--outFile", "core.wasm"], {
    readFile: (name) => withPowers(sources.get(name)),
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
    reportDiagnostic: ({ category, message, range }) => {
      if (category !== ERROR) return;
      refusals.push({
        file: range?.source.normalizedPath ?? "",
        start: range?.start ?? 0,
        end: range?.end ?? 0,
        why: message,
      });
    },
  });
  if (error === null && wasm !== undefined) return { kind: "compiled", wasm: withoutData(wasm) };
  if (refusals.length === 0) throw new Error(`asc: ${error?.message ?? "wrote nothing"}\n${stderr.toString()}`);
  return { kind: "refused", refusals };
}

/** Without optimizations a power is computed at instantiation, from tables in data. */
function withPowers(text: string | undefined): string | null {
  const value = (base: string, power: string): string => `${BigInt(Number(base) ** Number(power))}.0`;
  return text?.replaceAll(/(\d+\.\d+) \*\* (\d+)/g, (_, base, power) => value(base, power)) ?? null;
}

/** A diagnostic's category. */
const ERROR = 3;

/** The sections of data and their count. */
const DATA = new Set([11, 12]);

/** Without optimizations the core has data that nothing reads, and that would overwrite its records at each instantiation. */
function withoutData(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const kept = [wasm.subarray(0, 8)];
  for (let at = 8; at < wasm.length; ) {
    const [bytes, from] = leb(wasm, at + 1);
    if (!DATA.has(wasm[at] ?? 0)) kept.push(wasm.subarray(at, from + bytes));
    at = from + bytes;
  }
  return new Uint8Array(Buffer.concat(kept));
}

/** An unsigned number, and where what follows it begins. */
function leb(bytes: Uint8Array, from: number): readonly [number, number] {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
  }
}
