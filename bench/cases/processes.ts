// What can be measured only in a process of its own.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchCase, OperationPlan } from "../harness/case.js";
import * as names from "./names.js";

const PAGES_PER_GIB = 2 ** 18;
/** As in processes/workers.ts; and what no worker can be faster than. */
const WORKER_WORKS = [
  [names.WORKERS_PAGES, "pages", 4 * PAGES_PER_GIB, "fill", names.MEMORY_FILL],
  [names.WORKERS_LIST, "list", PAGES_PER_GIB, "copy", names.MEMORY_COPY],
  [names.WORKERS_PAIR, "pair", PAGES_PER_GIB],
] as const;

/** @returns the numbers that the program prints */
function run(program: string, args: readonly string[]): number[] {
  const file = fileURLToPath(new URL(`../processes/${program}.js`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  return stdout.trim().split("\n").map(Number);
}

function processCase(name: string, program: string, args: readonly string[]): BenchCase {
  return { name, step: () => {}, answer: () => "", measured: () => run(program, args) };
}

const floorCase = (...how: Parameters<typeof processCase>): BenchCase => ({ ...processCase(...how), floor: true });

function workerCases(kind: string, floor?: string): BenchCase[] {
  return [names.ONE_WORKER, names.TWO_WORKERS].map((name, i) => {
    const args = [kind, String(i + 1)];
    return floor === undefined ? processCase(name, "workers", args) : floorCase(`${name}: ${floor}`, "workers", args);
  });
}

function plan(name: string, unit: string, unitsPerStep: number, cases: readonly BenchCase[]): OperationPlan {
  return { name, prepare: () => ({ name, unit, unitsPerStep, cases, dispose: () => {} }) };
}

export function processPlans(): OperationPlan[] {
  return [
    plan(names.FIRST_TOUCH, "page", PAGES_PER_GIB, [
      processCase(names.COLD, "firstTouch", ["cold"]),
      processCase(names.TOUCHED, "firstTouch", ["touched"]),
      processCase(names.USED, "firstTouch", ["used"]),
    ]),
    plan(names.IMPORT, "start", 1, [
      processCase(names.OURS, "importTime", []),
      floorCase(names.PARSED, "importTime", ["parse"]),
    ]),
    ...WORKER_WORKS.map(([name, kind, units, floorKind, floor]) =>
      plan(name, "page", units, [
        ...workerCases(kind),
        ...(floorKind === undefined ? [] : workerCases(floorKind, floor)),
      ]),
    ),
  ];
}
