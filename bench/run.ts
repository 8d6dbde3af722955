import { writeFileSync } from "node:fs";
import { TableMemory } from "../bindings/index.js";
import { operationPlans } from "./cases/plans.js";
import { SEED } from "./cases/random.js";
import { refuseOtherMachine, type Slowdown, slowdowns, slowdownsText } from "./harness/baseline.js";
import type { OperationPlan } from "./harness/case.js";
import { describeMachine } from "./harness/machine.js";
import { type BenchOptions, readOptions, USAGE } from "./harness/options.js";
import { readRecord } from "./harness/readRecord.js";
import { type BenchRecord, makeRecord } from "./harness/record.js";
import { headerText, operationText, verdictsText } from "./harness/report.js";
import { measureOperation, type OperationResult } from "./harness/rounds.js";
import { judge, type Verdict } from "./harness/verdict.js";
import { LIMITS } from "./limits.js";
import { isPeer } from "./peers/isPeer.js";
import { LINUX_MISSING, linuxBuilds } from "./peers/linux/linuxPeer.js";
import { publish } from "./plots/publish.js";

/** Ample for the tables and arrays of any one operation. */
const MEMORY_BYTES = 2 ** 29;
/** How often what seems slower than the baseline is measured again. */
const SECOND_LOOKS = 3;

/** @returns the exit status */
async function runBench(options: BenchOptions): Promise<number> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  const baseline = options.baseline === null ? null : readRecord(options.baseline);
  if (baseline !== null) refuseOtherMachine(baseline, machine);
  process.stdout.write(headerText(machine, SEED));
  if (linuxBuilds.length === 0) process.stdout.write(LINUX_MISSING);
  // One memory for all: with two wasm instances in the process every call into either costs more.
  const memory = TableMemory.create({ bytes: MEMORY_BYTES });
  const operations: OperationResult[] = [];
  const verdicts: Verdict[] = [];
  const slower: Slowdown[] = [];
  for (const plan of chosenPlans(memory, options.filter)) {
    const result = await measurePlan(plan, options);
    const judged = judge(result, LIMITS);
    process.stdout.write(operationText(result, judged));
    operations.push(result);
    verdicts.push(...judged);
    if (baseline !== null) slower.push(...(await slowerThan(baseline, plan, result, options)));
  }
  process.stdout.write(verdictsText(verdicts));
  if (baseline !== null) process.stdout.write(slowdownsText(slower, options.failAbove));
  if (options.json !== null) {
    const record = makeRecord({ startedAt, machine, seed: SEED, options, operations, verdicts });
    writeFileSync(options.json, `${JSON.stringify(record)}\n`);
  }
  const missed = options.check && verdicts.some(({ held }) => !held);
  return missed || slower.length > 0 ? 1 : 0;
}

function chosenPlans(memory: TableMemory, filter: string): OperationPlan[] {
  const wanted = filter.toLowerCase();
  const all = operationPlans(memory);
  refuseStrayLimits(all);
  const plans = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (plans.length === 0) throw new Error(`no operation has "${filter}" in its name`);
  return plans;
}

async function measurePlan(plan: OperationPlan, { schedule }: BenchOptions): Promise<OperationResult> {
  const operation = plan.prepare();
  try {
    return await measureOperation(operation, schedule);
  } finally {
    operation.dispose();
  }
}

/** What is slower in this measurement and in each of the next few: a busy spell of the machine is over by then. */
async function slowerThan(
  baseline: BenchRecord,
  plan: OperationPlan,
  result: OperationResult,
  options: BenchOptions,
): Promise<Slowdown[]> {
  let found = slowdowns(baseline, result, options.failAbove, isPeer);
  for (let look = 0; look < SECOND_LOOKS && found.length > 0; look++) {
    const again = slowdowns(baseline, await measurePlan(plan, options), options.failAbove, isPeer);
    found = again.filter(({ name }) => found.some((before) => before.name === name));
  }
  return found;
}

/** A limit on an operation that does not exist would never be missed. */
function refuseStrayLimits(plans: readonly OperationPlan[]): void {
  for (const { operation } of LIMITS) {
    if (!plans.some(({ name }) => name === operation))
      throw new Error(`a limit is set for "${operation}", which is never run`);
  }
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(USAGE);
  else if (options.publish !== null) publish(readRecord(options.publish));
  else process.exitCode = await runBench(options);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
