// Breaks each constant and each comparison of the formats and the core, one at a time, and shows that the tests notice.
//
//   npm run test:mutants                            all of them, as far as they are not known from an earlier run
//   npm run test:mutants -- --sample 60 --seed 1    a sample of all mutants
//   npm run test:mutants -- --file core/map         those of the files whose path contains this
//   npm run test:mutants -- --list                  their names only
//   npm run test:mutants -- --unexplained           without those that are explained
//   npm run test:mutants -- --again                 also those whose result is known from an earlier run
//   npm run test:mutants -- --seconds 60            put a mutant through tests of this many seconds at most, the quickest first; default 10
//   npm run test:mutants -- --tests test/property   only tests of files whose path contains this; who passes these is known as before
//   npm run test:mutants -- --threads 2             how many are judged at the same time; default 1
import { join } from "node:path";
import { parseArgs } from "node:util";
import { shuffled } from "../programs/random.js";
import type { Numbered } from "./choices.js";
import { explanationOf } from "./explained/index.js";
import { Judge } from "./judges.js";
import { keyOf, nameOf } from "./mutations.js";
import { Order } from "./order.js";
import { prepare } from "./preparation.js";
import { report } from "./report.js";
import { type Result, Results } from "./results.js";
import { numbered, readSources } from "./schemata.js";
import { Trial } from "./trial.js";

const FOLDER = join(process.cwd(), "build/mutants");

const { values } = parseArgs({
  options: {
    sample: { type: "string" },
    seed: { type: "string", default: "1" },
    file: { type: "string", default: "" },
    tests: { type: "string", default: "" },
    list: { type: "boolean", default: false },
    unexplained: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    seconds: { type: "string", default: "10" },
    threads: { type: "string", default: "1" },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const sources = readSources();
const everything = numbered(sources);
const isMeant = ({ mutation }: Numbered): boolean =>
  mutation.file.includes(values.file) && !(values.unexplained && explanationOf(mutation) !== undefined);
const meant = everything.filter(isMeant);
const chosen = shuffled(meant, Number(values.seed)).slice(0, Number(values.sample ?? meant.length));

async function judgeAll(): Promise<void> {
  const prepared = await prepare(FOLDER, sources, everything, say);
  for (const { name, why } of prepared.tests) {
    if (why !== null) say(`left out, since it fails without a mutant: ${name}: ${why}`);
  }
  const results = new Results(join(FOLDER, "results.json"));
  const order = new Order(prepared.tests, everything, prepared.schemata.apart, sources, values.tests);
  order.haveNoticed(results.all().map(({ test }) => test));
  const judged: (readonly [Numbered["mutation"], Result])[] = [];
  const next = chosen[Symbol.iterator]();
  const judgeSome = async (): Promise<void> => {
    const judge = new Judge(prepared.folder, prepared.files);
    const trial = new Trial(judge, order, sources, prepared, Number(values.seconds) * 1000);
    for (const mutant of next) {
      const { mutation } = mutant;
      const earlier = values.again ? undefined : results.of(keyOf(mutation));
      const result = await trial.of(mutant, earlier);
      judged.push([mutation, result]);
      if (result === earlier) continue;
      results.add(result);
      say(`${judged.length}/${chosen.length} ${nameOf(mutation)}: ${result.ending} ${result.test ?? ""}`);
    }
    await judge.end();
  };
  await Promise.all(Array.from({ length: Number(values.threads) }, judgeSome));
  results.write();
  say(`\n${everything.length} mutants in all, ${judged.length} tried`);
  if (!report(judged, say)) process.exitCode = 1;
}

if (values.list) {
  for (const { mutation } of everything) say(`${nameOf(mutation)}   in: ${mutation.text}`);
  say(`${everything.length} mutants`);
} else {
  await judgeAll();
}
