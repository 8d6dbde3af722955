import { TableMemory } from "../../index.js";
import { Op, type OperationLog } from "./operationLog.js";
import { PlainReplay } from "./plainReplay.js";
import type { ReplayTarget } from "./target.js";

/** Nanoseconds per call, medians over the rounds; null where the record has no such call. */
export interface Timing {
  readonly rounds: number;
  readonly map: number | null;
  readonly mapPerPage: number | null;
  readonly unmap: number | null;
  readonly lookUp: number | null;
  readonly sync: number | null;
}

const TIMED = [Op.MAP, Op.UNMAP, Op.LOOKUP, Op.SYNC] as const;
const ROUNDS = 5;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}

/** Milliseconds by kind of call, with what the loop and the clock cost: the clock is read only where the kind changes. */
function round(log: OperationLog, step: (index: number) => void): number[] {
  const { kind } = log.columns;
  const spent = new Array<number>(TIMED.length).fill(0);
  let current = 0;
  let since = performance.now();
  for (let index = 0; index < log.length; index++) {
    const next = kind[index] ?? 0;
    if (next > Op.SYNC) continue;
    if (next !== current) {
      const now = performance.now();
      spent[current] = (spent[current] ?? 0) + now - since;
      since = now;
      current = next;
    }
    step(index);
  }
  spent[current] = (spent[current] ?? 0) + performance.now() - since;
  return spent;
}

/** Times the record once more on fresh tables. `pages` = leaves that its maps write; `started` hears of each round. */
export function timeReplay(
  target: ReplayTarget,
  log: OperationLog,
  domains: number,
  pages: number,
  started: (round: number, rounds: number) => void,
): Timing {
  const memory = TableMemory.create();
  const rounds: number[][] = [];
  // The first round warms the compiler and the pool of table pages.
  for (let number = 0; number <= ROUNDS; number++) {
    started(number, ROUNDS);
    const replay = new PlainReplay(memory, target, log, domains);
    const overhead = round(log, () => {});
    const spent = round(log, (index) => replay.step(index));
    replay.destroy();
    if (number > 0) rounds.push(spent.map((time, kind) => time - (overhead[kind] ?? 0)));
  }
  const total = (kind: number): number => Math.max(0, median(rounds.map((spent) => spent[kind] ?? 0))) * 1e6;
  const perCall = (kind: (typeof TIMED)[number]): number | null =>
    log.callsOf(kind) > 0 ? total(kind) / log.callsOf(kind) : null;
  return {
    rounds: ROUNDS,
    map: perCall(Op.MAP),
    mapPerPage: pages > 0 ? total(Op.MAP) / pages : null,
    unmap: perCall(Op.UNMAP),
    lookUp: perCall(Op.LOOKUP),
    sync: target.call !== "map" ? perCall(Op.SYNC) : null,
  };
}
