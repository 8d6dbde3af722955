// Breaks each constant and each comparison of the formats and the core, one at a time, and shows that the tests notice.
//
//   npm run test:mutants -- --sample 60 --seed 1    a sample of all mutants
//   npm run test:mutants -- --file core/map         those of the files whose path contains this
//   npm run test:mutants -- --list                  their names only
//   npm run test:mutants -- --again                 also those whose result is known from an earlier run
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { shuffled } from "../programs/random.js";
import { EXPLAINED } from "./explained.js";
import { type Mutation, mutate, mutationsOf, nameOf } from "./mutations.js";
import { type Result, Results } from "./results.js";
import { STAGES } from "./stages.js";
import { Workshop } from "./workshop.js";

const PROJECT = process.cwd();
const FOLDER = join(PROJECT, "build/mutants");
const FOLDERS = ["assembly/format", "assembly/core", "assembly/memory"];

const UNBROKEN = "no mutant";

const { values } = parseArgs({
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    file: { type: "string", default: "" },
    list: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const read = (file: string): string => readFileSync(join(PROJECT, file), "utf8");

function allMutations(): Mutation[] {
  const files = FOLDERS.flatMap((folder) => readdirSync(join(PROJECT, folder)).map((name) => `${folder}/${name}`));
  return files.filter((file) => file.includes(values.file)).flatMap((file) => mutationsOf(file, read(file)));
}

function explanationOf(mutation: Mutation): string | undefined {
  const { file, text, old } = mutation;
  return EXPLAINED.find((e) => e.file === file && e.text === text && e.old === old && e.new === mutation.new)?.why;
}

/** The name of the first test that failed. */
function firstFailure(output: string): string {
  const line = output.split("\n").find((text) => /^\s*FAIL\s/.test(text));
  return line?.trim().replace(/^FAIL\s+/, "") ?? output.trim().split("\n").at(-1) ?? "";
}

async function judge(workshop: Workshop, mutation: Mutation): Promise<Result> {
  const { file, text } = mutation;
  const known = { name: nameOf(mutation), text };
  workshop.write(file, mutate(read(file), mutation));
  try {
    const built = await workshop.build();
    if (built.status !== 0) return { ...known, noticed: "does not compile", how: built.output.split("\n")[0] ?? "" };
    for (const stage of STAGES) {
      const ended = await workshop.test(stage);
      if (ended.late) return { ...known, noticed: stage.name, how: `not done after ${stage.seconds} s` };
      if (ended.status !== 0) return { ...known, noticed: stage.name, how: firstFailure(ended.output) };
    }
    return { ...known, noticed: null, how: "" };
  } finally {
    workshop.restore(file);
  }
}

/** The core as it is has to pass what its mutants are put through; once, as long as no file changes. */
async function checkStages(workshop: Workshop, results: Results): Promise<void> {
  const text = workshop.fingerprint();
  if (results.of(UNBROKEN, text) !== undefined) return;
  const built = await workshop.build();
  if (built.status !== 0) throw new Error(`the core does not compile:\n${built.output}`);
  for (const stage of STAGES) {
    const { status, late, output } = await workshop.test(stage);
    const how = late ? `are not done after ${stage.seconds} s` : `fail:\n${output.slice(-3000)}`;
    if (status !== 0) throw new Error(`without a mutant, the tests of "${stage.name}" ${how}`);
  }
  results.add({ name: UNBROKEN, text, noticed: null, how: "" });
}

function report(all: number, results: readonly Result[], mutations: ReadonlyMap<string, Mutation>): void {
  const counts = new Map<string, number>();
  for (const { noticed } of results) if (noticed !== null) counts.set(noticed, (counts.get(noticed) ?? 0) + 1);
  const survivors = results.filter(({ noticed }) => noticed === null);
  say("");
  say(`${all} mutants in all, ${results.length} tried with seed ${values.seed}`);
  for (const [stage, count] of counts) say(`  noticed by ${stage}: ${count}`);
  say(`  survived: ${survivors.length}`);
  for (const { name, text } of survivors) {
    const mutation = mutations.get(name);
    const why = mutation === undefined ? undefined : explanationOf(mutation);
    say(`    ${name}   in: ${text}`);
    say(`      ${why === undefined ? "NOT EXPLAINED" : `explained: ${why}`}`);
    if (why === undefined) process.exitCode = 1;
  }
}

const everything = allMutations();
const chosen = shuffled(everything, Number(values.seed)).slice(0, Number(values.sample ?? everything.length));
if (values.list) {
  for (const mutation of everything) say(`${nameOf(mutation)}   in: ${mutation.text}`);
  say(`${everything.length} mutants`);
} else {
  mkdirSync(FOLDER, { recursive: true });
  const results = new Results(join(FOLDER, "results.json"));
  const workshop = new Workshop(PROJECT, join(FOLDER, "copy"));
  await checkStages(workshop, results);
  const judged: Result[] = [];
  for (const [i, mutation] of chosen.entries()) {
    const earlier = values.again ? undefined : results.of(nameOf(mutation), mutation.text);
    const result = earlier ?? (await judge(workshop, mutation));
    if (earlier === undefined) results.add(result);
    judged.push(result);
    say(`${i + 1}/${chosen.length} ${result.name}: ${result.noticed ?? "SURVIVED"} ${result.how}`);
  }
  report(everything.length, judged, new Map(chosen.map((mutation) => [nameOf(mutation), mutation])));
}
