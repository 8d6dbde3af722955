// A thread that runs tests on mutants, without an end: the next one is as quick as the code has become by then.
import { parentPort, workerData } from "node:worker_threads";
import { type Case, collectFile, runCase, type Unit } from "./collector.js";
import { Cores } from "./cores.js";
import type { Answer, JudgeData, Task } from "./judgeTasks.js";

const { files, progress } = workerData as JudgeData;
const cores = new Cores();

/** A test: the unit that it is of, and which one there. */
interface Place {
  readonly unit: Unit;
  readonly index: number;
  readonly name: string;
}
const places: Place[] = [];
/** Units that no mutant has run in since they were made. */
const clean = new Set<Unit>();

/** Who waits sees whether something goes on. */
function begin(test: number): void {
  Atomics.store(progress, 0, test);
  Atomics.add(progress, 1, 1);
}

async function collect(): Promise<void> {
  cores.install();
  for (const file of files) {
    for (const unit of await collectFile(file, () => import(new URL(`../../${file}`, import.meta.url).href))) {
      for (const [index, { name }] of unit.cases.entries()) places.push({ unit, index, name });
    }
  }
}

/** Run a test, in a unit that no other mutant has touched. Returns why it failed. */
async function run(test: number): Promise<string | null> {
  begin(test);
  const { unit, index, name } = places[test] ?? missing(test);
  try {
    if (!clean.has(unit)) await unit.collect();
    clean.add(unit);
    const found: Case | undefined = unit.cases[index];
    if (found?.name !== name) return "its name has changed";
    await runCase(found);
    return null;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

function missing(test: number): never {
  throw new Error(`there is no test ${test}`);
}

async function judge(mutant: number, build: Uint8Array<ArrayBuffer> | null, tests: readonly number[]): Promise<Answer> {
  clean.clear();
  cores.use(build);
  cores.choose(mutant);
  let noticed: { test: number; why: string } | null = null;
  for (const test of tests) {
    const why = await run(test);
    if (why === null) continue;
    noticed = { test, why: why.split("\n")[0]?.slice(0, 300) ?? "" };
    break;
  }
  cores.use(null);
  cores.choose(0);
  clean.clear();
  // The mutant may have left something behind: then the test fails without it as well, and nothing is known.
  const sound = noticed === null || (await run(noticed.test)) === null;
  return { kind: "judged", noticed, sound };
}

/** Each test in its place: whether it passes, what it takes, and what it and its unit reach. */
async function measure(build: Uint8Array<ArrayBuffer>, words: number): Promise<Answer> {
  cores.use(build);
  const measured = [];
  const ofUnit = new Map<Unit, BigUint64Array>();
  for (const [test, { name, unit }] of places.entries()) {
    begin(test);
    if (!ofUnit.has(unit)) {
      cores.takeReached(words);
      await unit.collect();
      clean.add(unit);
      ofUnit.set(unit, cores.takeReached(words));
    }
    const begun = performance.now();
    const why = await run(test);
    const milliseconds = performance.now() - begun;
    const reached = cores.takeReached(words).map((bits, word) => bits | (ofUnit.get(unit)?.[word] ?? 0n));
    measured.push({ name, why, milliseconds, reached });
  }
  cores.use(null);
  return { kind: "measured", measured };
}

await collect();
const answer = (what: Answer): void => parentPort?.postMessage(what);
answer({ kind: "ready", names: places.map(({ name }) => name) });
parentPort?.on("message", async (task: Task) => {
  answer(
    task.kind === "measure" ? await measure(task.build, task.words) : await judge(task.mutant, task.build, task.tests),
  );
  begin(-1);
});
