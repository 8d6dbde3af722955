// What is done before mutants are judged, and kept for the next run: the builds, the compiled tests, and what each test takes and reaches.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import type { Numbered, Sources } from "./choices.js";
import { compileTests } from "./compiledTests.js";
import { Imports } from "./imports.js";
import { Judge } from "./judges.js";
import type { Measured } from "./judgeTasks.js";
import { buildSchemata, type Schemata } from "./schemata.js";
import { testFiles } from "./tests.js";

/** What is known of a test, and since when: of everything before that it is another test. */
export type Known = Measured & { readonly since: number };

export interface Prepared {
  readonly schemata: Schemata;
  /** The tests by number. */
  readonly tests: readonly Known[];
  /** The compiled tests, and the files there. */
  readonly folder: string;
  readonly files: readonly string[];
}

interface Kept {
  /** Of the core, and of what breaks and measures it. */
  readonly fingerprint: string;
  readonly schemata: Schemata;
  /** Of each test file, with all that it imports, the fingerprint; and its tests. */
  readonly files: Map<string, { readonly fingerprint: string; readonly tests: readonly Known[] }>;
}

const EXPLANATIONS = join("test", "mutants", "explained", "");

type Say = (line: string) => void;

export async function prepare(
  folder: string,
  sources: Sources,
  mutants: readonly Numbered[],
  say: Say,
): Promise<Prepared> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "prepared");
  const kept = readKept(file) ?? (await begin(sources, mutants, say));
  const compiled = join(folder, "tests");
  compileTests(compiled, kept.schemata.choosing);
  const files = testFiles(compiled);
  const imports = new Imports(compiled);
  const changed = files.filter((name) => kept.files.get(name)?.fingerprint !== imports.fingerprint(name));
  if (changed.length > 0) {
    say(`measuring the tests of ${changed.length} files`);
    const judge = new Judge(compiled, changed);
    const measured = await judge.measure(kept.schemata.noting, (mutants.length >> 6) + 1, say);
    await judge.end();
    const since = Date.now();
    for (const name of changed) {
      const own = measured.filter((test) => test.name.startsWith(`${name} > `));
      kept.files.set(name, { fingerprint: imports.fingerprint(name), tests: own.map((test) => ({ ...test, since })) });
    }
    writeFileSync(file, serialize(kept));
  }
  const tests = files.flatMap((name) => kept.files.get(name)?.tests ?? []);
  return { schemata: kept.schemata, tests, folder: compiled, files };
}

function readKept(file: string): Kept | undefined {
  if (!existsSync(file)) return undefined;
  const kept = deserialize(readFileSync(file)) as Kept;
  return kept.fingerprint === fingerprintNow() ? kept : undefined;
}

async function begin(sources: Sources, mutants: readonly Numbered[], say: Say): Promise<Kept> {
  const fingerprint = fingerprintNow();
  say(`building the core with ${mutants.length} mutants in it`);
  const schemata = await buildSchemata(sources, mutants);
  say(`${schemata.apart.size} have to be built by themselves`);
  return { fingerprint, schemata, files: new Map() };
}

/** A text for the core, and for what breaks and measures it: it changes with any of their files but the one that changes nothing for a test. */
function fingerprintNow(): string {
  const hash = createHash("sha256");
  for (const folder of ["assembly", "test/mutants", "test/data"]) {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => join(folder, name));
    const counts = (name: string): boolean => !name.startsWith(EXPLANATIONS) && !name.endsWith(".test.ts");
    const files = names.filter((name) => counts(name) && statSync(name).isFile());
    for (const name of files.sort()) hash.update(name).update(readFileSync(name));
  }
  return hash.digest("hex");
}
