// The builds of the core in which mutants are chosen at run time, and which mutants have to be built by themselves.
import { readdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { type Numbered, type Sources, type Writing, withChoices, withMutation } from "./choices.js";
import { type Compiled, compile, type Refusal } from "./compile.js";
import { type Mutation, mutationsOf } from "./mutations.js";

const ENTRIES = ["assembly/index.ts", "assembly/mutant.ts"];

/** Whose constants and comparisons are broken. */
const FOLDERS = ["assembly/format/", "assembly/core/", "assembly/memory/"];

export function readSources(): Map<string, string> {
  const names = readdirSync("assembly", { recursive: true, encoding: "utf8" }).map((name) => `assembly/${name}`);
  const files = names.filter((name) => name.endsWith(".ts")).sort();
  return new Map(files.map((file) => [file, readFileSync(file, "utf8")]));
}

/** Every mutation, numbered from 1. */
export function numbered(sources: Sources): Numbered[] {
  const broken = [...sources].filter(([file]) => FOLDERS.some((folder) => file.startsWith(folder)));
  return broken.flatMap(([file, text]) => mutationsOf(file, text)).map((mutation, i) => ({ id: i + 1, mutation }));
}

/** Chosen by writing its number to the exported global `mutant`. */
const CHOOSING: Writing = {
  chosen: (id) => `mutant == ${id}`,
  header: 'import { mutant } from "../mutant";',
};

/** Chosen never: what is reached of each mutant is remembered as one bit. */
const NOTING: Writing = {
  chosen: (id) => `(Reached.word${id >> 6} |= ${noted(id)}) == 0`,
  header: 'import { Reached } from "../mutant";',
};

export function noted(id: number): string {
  return `0x${(1n << BigInt(id & 63)).toString(16)}`;
}

function notingModule(last: number): string {
  const words = Array.from({ length: (last >> 6) + 1 }, (_, i) => i);
  return [
    "export class Reached {",
    ...words.map((word) => `  static word${word}: u64 = 0;`),
    "}",
    "export function hasReached(): bool {",
    `  return (${words.map((word) => `Reached.word${word}`).join(" | ")}) != 0;`,
    "}",
    "/** Read a word and begin anew. */",
    "export function takeReached(word: u32): u64 {",
    "  let bits: u64 = 0;",
    "  switch (word) {",
    ...words.map((word) => `    case ${word}: bits = Reached.word${word}; Reached.word${word} = 0; break;`),
    "  }",
    "  return bits;",
    "}",
  ].join("\n");
}

export interface Schemata {
  /** With the exported global `mutant`. */
  readonly choosing: Uint8Array<ArrayBuffer>;
  /** With the exported functions `hasReached` and `takeReached`. */
  readonly noting: Uint8Array<ArrayBuffer>;
  /** The mutants that these builds do not hold. */
  readonly apart: ReadonlySet<number>;
}

export async function buildSchemata(sources: Sources, mutants: readonly Numbered[]): Promise<Schemata> {
  const apart = new Set(mutants.filter(({ mutation }) => isCompileTime(sources, mutation)).map(({ id }) => id));
  const write = (writing: Writing, module: string): Sources => {
    const held = mutants.filter(({ id }) => !apart.has(id));
    return withChoices(sources, held, writing).set("assembly/mutant.ts", module);
  };
  while (true) {
    const texts = write(CHOOSING, "export let mutant: i32 = 0;");
    const compiled = await compile(texts, ENTRIES);
    if (compiled.kind === "compiled") {
      const noting = await compile(write(NOTING, notingModule(mutants.length)), ENTRIES);
      if (noting.kind === "refused") throw new Error(`no build that notes: ${words(noting.refusals)}`);
      return { choosing: compiled.wasm, noting: noting.wasm, apart };
    }
    const blamed = compiled.refusals.flatMap((refusal) => idsIn(texts, refusal));
    if (blamed.length === 0) throw new Error(`no build of all mutants: ${words(compiled.refusals)}`);
    for (const id of blamed) apart.add(id);
  }
}

/** One mutant by itself. */
export function buildApart(sources: Sources, { mutation }: Numbered): Promise<Compiled> {
  const texts = withMutation(sources, mutation).set("assembly/mutant.ts", "export let mutant: i32 = 0;");
  return compile(texts, ENTRIES);
}

function words(refusals: readonly Refusal[]): string {
  return refusals.map(({ file, start, why }) => `${file}, at ${start}: ${why}`).join("\n");
}

/** The choices in the lines that were refused. */
function idsIn(texts: Sources, { file, start, end }: Refusal): number[] {
  const text = texts.get(file) ?? texts.get(`${file}.ts`) ?? "";
  const lines = text.slice(text.lastIndexOf("\n", start) + 1, (text.indexOf("\n", end) + 1 || text.length + 1) - 1);
  return [...lines.matchAll(/\(mutant == (\d+) \?/g)].map(([, id]) => Number(id));
}

/** What a mutant is part of is evaluated when the core is compiled: the first value of a variable, an offset or a lane of an instruction, `while (true)`. */
function isCompileTime(sources: Sources, { file, from }: Mutation): boolean {
  const tree = ts.createSourceFile(file, sources.get(file) ?? "", ts.ScriptTarget.Latest, true);
  let found = false;
  const visit = (node: ts.Node): void => {
    if (from < node.pos || from >= node.end) return;
    if (ts.isCallExpression(node)) found ||= IMMEDIATE.has(placeOf(node, from));
    // At run time a power is looked up in tables, which are data.
    else if (ts.isBinaryExpression(node)) found ||= node.operatorToken.kind === ts.SyntaxKind.AsteriskAsteriskToken;
    // Whether a function can end is decided by it.
    else if (ts.isWhileStatement(node))
      found ||= node.expression.kind === ts.SyntaxKind.TrueKeyword && from < node.expression.end;
    else if (ts.isVariableStatement(node) && node.parent === tree) {
      found ||= (node.declarationList.flags & ts.NodeFlags.Const) === 0;
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** The name of a called instruction and which of its arguments is at a place. */
function placeOf({ expression, arguments: args }: ts.CallExpression, at: number): string {
  const name = expression.getText().replace(/^v128\.|[if]\d+x\d+\./, "");
  return `${name} ${args.findIndex(({ pos, end }) => pos <= at && at < end)}`;
}

const IMMEDIATE = new Set(["load 1", "store 2", "load64_zero 1", "extract_lane 1", "replace_lane 1"]);
