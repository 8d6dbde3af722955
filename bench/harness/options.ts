import { parseArgs } from "node:util";
import type { Schedule } from "./rounds.js";

export const USAGE = `npm run bench -- [options]
  --quick         fewer and shorter rounds: under a minute
  --filter TEXT   only operations with this in their name
  --check         exit status 1 where a limit is missed
  --json FILE     write everything measured
`;

const FULL: Schedule = { warmUp: 3, rounds: 21, seconds: 0.05 };
const QUICK: Schedule = { warmUp: 2, rounds: 7, seconds: 0.02 };

export interface BenchOptions {
  readonly quick: boolean;
  readonly check: boolean;
  readonly filter: string;
  readonly json: string | null;
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
      help: { type: "boolean", default: false },
    },
  });
  const { quick, check, filter, json, help } = values;
  return { quick, check, filter, json: json ?? null, help, schedule: quick ? QUICK : FULL };
}
