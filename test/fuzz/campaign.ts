// Hostile tables of all configurations by turns, for as long as there is time.
import type { Configuration } from "../configurations/configuration.js";
import { HostileGuest } from "./openedTables.js";
import { newTally, type Tally } from "./readings.js";

export interface Outcome {
  rounds: number;
  configurations: number;
  readonly opened: Tally;
}

/** Told before each round, so that a hang has a name. */
export type Progress = (what: string, rounds: number) => void;

/** Rounds until `isOver`, at least one for each configuration. @throws Error with the configuration and the seed that repeats the round */
export function campaign(
  configurations: readonly Configuration[],
  seed: number,
  isOver: () => boolean,
  progress: Progress,
): Outcome {
  const outcome: Outcome = { rounds: 0, configurations: configurations.length, opened: newTally() };
  const guests = configurations.map((c, i) => ({
    c,
    opened: new HostileGuest(c, i % 2 === 0 ? "inside" : "at the ends"),
  }));
  for (let turn = 0; turn === 0 || !isOver(); turn++) {
    for (const { c, opened } of guests) {
      if (turn !== 0 && isOver()) break;
      const round = seed + turn;
      progress(`${c.name}, seed ${round}`, outcome.rounds);
      try {
        opened.round(round, outcome.opened);
      } catch (error) {
        throw new Error(`${c.name}, seed ${round}`, { cause: error });
      }
      outcome.rounds++;
    }
  }
  return outcome;
}

/** What was done, in lines. */
export function summary({ rounds, configurations, opened }: Outcome): string[] {
  const calls = [...opened.calls].map(([name, count]) => `${name} ${count}`);
  const total = [...opened.calls.values()].reduce((sum, count) => sum + count, 0);
  return [
    `${rounds} memories of hostile words in ${configurations} configurations, read by ${total} calls`,
    `  ${calls.join(", ")}`,
    `  addresses: ${opened.translated} mapped, ${opened.unmapped} not; EFAULT ${opened.faults} times; no trap, no write, no answer from outside`,
  ];
}
