import { parseArgs } from "node:util";
import type { Schedule } from "./rounds.js";

export const USAGE = `npm run bench -- [options]
  --quick         fewer and shorter rounds: under a minute
  --filter TEXT   only operations with this in their name
  --check         exit status 1 where a limit is missed
  --json FILE     write everything measured
  --baseline FILE --fail-above X
                  exit status 1 where a case takes more than X times (1.3) as long as in a record
                  of the same machine that --json wrote, three times in a row
`;

const FULL: Schedule = { warmUp: 3, rounds: 21, seconds: 0.05 };
const QUICK: Schedule = { warmUp: 2, rounds: 7, seconds: 0.02 };

export interface BenchOptions {
  readonly quick: boolean;
  readonly check: boolean;
  readonly filter: string;
  readonly json: string | null;
  readonly baseline: string | null;
  readonly failAbove: number;
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
      "fail-above": { type: "string", default: "1.3" },
      help: { type: "boolean", default: false },
    },
  });
  const { quick, check, filter, json, baseline, help } = values;
  const failAbove = Number(values["fail-above"]);
  if (!(failAbove >= 1)) throw new Error(`--fail-above is ${values["fail-above"]}; give a ratio of 1 or more`);
  const schedule = quick ? QUICK : FULL;
  return { quick, check, filter, json: json ?? null, baseline: baseline ?? null, failAbove, help, schedule };
}
