import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface DocExample {
  /** The file and the line. */
  readonly place: string;
  readonly code: string;
}

const PROJECT = fileURLToPath(new URL("../../", import.meta.url));
/** Its code is tested by test/adding-a-format. */
const ELSEWHERE = "adding-a-format.md";

/** The examples of the docstrings in bindings/, of docs/, and those of the README that are no programs (test/pack runs those). */
export function docExamples(): DocExample[] {
  const sources = readdirSync(join(PROJECT, "bindings"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.startsWith("cli") && !name.startsWith("generated"))
    .map((name) => `bindings/${name}`);
  const pages = readdirSync(join(PROJECT, "docs"))
    .filter((name) => name.endsWith(".md") && name !== ELSEWHERE)
    .map((name) => `docs/${name}`);
  return [...sources, ...pages, "README.md"].sort().flatMap((path) => fencesOf(path));
}

function fencesOf(path: string): DocExample[] {
  const text = readFileSync(join(PROJECT, path), "utf8");
  return [...text.matchAll(/^([ *]*)```ts\n([\s\S]*?)^[ *]*```$/gm)].map((fence) => ({
    place: `${path}:${text.slice(0, fence.index).split("\n").length}`,
    code: (fence[2] ?? "")
      .split("\n")
      .map((line) => line.slice(fence[1]?.length ?? 0))
      .join("\n"),
  }));
}

/** What an example says about a line of its own becomes a check: `call; // => value` and `call; // throws CODE`. */
export function withChecks(code: string): string {
  return code.replace(/^(.+); \/\/ (=>|throws) (.+)$/gm, (_, call: string, kind: string, says: string) => {
    if (kind === "=>") return `assert.deepStrictEqual(${call}, ${says});`;
    const error = /^[A-Z]+$/.test(says) ? `{ name: "IoPgtableError", code: "${says}" }` : `{ name: "${says}" }`;
    return `assert.throws(() => ${call}, ${error});`;
  });
}
