import { writeFileSync } from "node:fs";
import { TableMemory } from "../bindings/index.js";
import { operationPlans } from "./cases/plans.js";
import { SEED } from "./cases/random.js";
import { type Baseline, readBaseline, type Slower, slowerText, slowerThan } from "./harness/baseline.js";
import type { Operation, OperationPlan } from "./harness/case.js";
import { describeMachine } from "./harness/machine.js";
import { type BenchOptions, readOptions, USAGE } from "./harness/options.js";
import { makeRecord } from "./harness/record.js";
import { headerText, operationText, verdictsText } from "./harness/report.js";
import { measureOperation, type OperationResult } from "./harness/rounds.js";
import { judge, type Verdict } from "./harness/verdict.js";
import { LIMITS } from "./limits.js";
import { LINUX_MISSING, linuxBuilds } from "./peers/linux/linuxPeer.js";

/** Ample for the tables and arrays of any one operation. */
const MEMORY_BYTES = 2 ** 29;

/** @returns the exit status */
async function runBench(options: BenchOptions): Promise<number> {
  const startedAt = new Date().toISOString();
  const machine = describeMachine();
  process.stdout.write(headerText(machine, SEED));
  if (linuxBuilds.length === 0) process.stdout.write(LINUX_MISSING);
  // One memory for all: with two wasm instances in the process every call into either costs more.
  const memory = TableMemory.create({ bytes: MEMORY_BYTES });
  const wanted = options.filter.toLowerCase();
  const all = operationPlans(memory);
  refuseStrayLimits(all);
  const plans = all.filter(({ name }) => name.toLowerCase().includes(wanted));
  if (plans.length === 0) throw new Error(`no operation has "${options.filter}" in its name`);
  const baseline = options.baseline === null ? null : readBaseline(options.baseline, options.failAbove, machine);
  const slower: Slower[] = [];
  const operations: OperationResult[] = [];
  const verdicts: Verdict[] = [];
  for (const plan of plans) {
    const operation = plan.prepare();
    const result = await measureOperation(operation, options.schedule);
    if (baseline !== null) slower.push(...(await confirm(baseline, operation, result, options)));
    operation.dispose();
    const judged = judge(result, LIMITS);
    process.stdout.write(operationText(result, judged));
    operations.push(result);
    verdicts.push(...judged);
  }
  process.stdout.write(verdictsText(verdicts));
  if (baseline !== null) process.stdout.write(slowerText(slower, baseline));
  if (options.json !== null) {
    const record = makeRecord({ startedAt, machine, seed: SEED, options, operations, verdicts });
    writeFileSync(options.json, `${JSON.stringify(record)}\n`);
  }
  return slower.length > 0 || (options.check && verdicts.some(({ held }) => !held)) ? 1 : 0;
}

/** The cases that stay slower than in the baseline when the operation is measured again. */
async function confirm(
  baseline: Baseline,
  operation: Operation,
  result: OperationResult,
  options: BenchOptions,
): Promise<Slower[]> {
  let slower = slowerThan(baseline, result);
  for (let again = 0; again < 2 && slower.length > 0; again++) {
    const names = new Set(slower.map(({ name }) => name));
    const repeated = slowerThan(baseline, await measureOperation(operation, options.schedule));
    slower = repeated.filter(({ name }) => names.has(name));
  }
  return slower;
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
  else process.exitCode = await runBench(options);
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
