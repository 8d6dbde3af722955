import { parseArgs } from "node:util";
import type { Schedule } from "./rounds.js";

export const USAGE = `npm run bench -- [options]
  --quick           fewer and shorter rounds
  --filter TEXT     only operations with this in their name
  --check           exit status 1 where a limit is missed
  --json FILE       write everything measured
  --baseline FILE   compare with what --json wrote before, on such a processor with such a Node
  --fail-above X    exit status 1 where one of ours takes more than X times the baseline, in each of four measurements; default 1.3
  --publish FILE    measure nothing: draw the plots of docs/ and fill the tables of docs/benchmarks.md from what --json wrote
`;

const FULL: Schedule = { warmUp: 3, rounds: 21, seconds: 0.05 };
const QUICK: Schedule = { warmUp: 3, rounds: 7, seconds: 0.02 };
const FAIL_ABOVE = 1.3;

export interface BenchOptions {
  readonly quick: boolean;
  readonly check: boolean;
  readonly filter: string;
  readonly json: string | null;
  readonly baseline: string | null;
  readonly failAbove: number;
  readonly publish: string | null;
  readonly help: boolean;
  readonly schedule: Schedule;
}

export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      check: { type: "boolean", default: false },
      filter: { type: "string", default: "" },
      json: { type: "string" },
      baseline: { type: "string" },
      "fail-above": { type: "string" },
      publish: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const { quick, check, filter, json = null, baseline = null, publish = null, help } = values;
  const failAbove = readFactor(values["fail-above"], baseline);
  return { quick, check, filter, json, baseline, failAbove, publish, help, schedule: quick ? QUICK : FULL };
}

function readFactor(text: string | undefined, baseline: string | null): number {
  if (text === undefined) return FAIL_ABOVE;
  if (baseline === null) throw new Error("--fail-above goes with --baseline");
  const factor = Number(text);
  if (!(factor > 0 && factor < Number.POSITIVE_INFINITY)) {
    throw new Error(`--fail-above takes a factor, such as 1.3: "${text}"`);
  }
  return factor;
}
