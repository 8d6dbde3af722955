// Hostile tables of all configurations by turns, for as long as there is time.
import type { Configuration } from "../configurations/configuration.js";
import { HostileGuest } from "./openedTables.js";
import { CorruptedTables, newOwnTally, type OwnTally } from "./ownTables.js";
import { newTally, type Tally } from "./readings.js";

/** Tables of the library's own for each memory of hostile words. */
const OWN_ROUNDS = 4;

export interface Outcome {
  rounds: number;
  configurations: number;
  readonly opened: Tally;
  readonly own: OwnTally;
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
  const outcome: Outcome = { rounds: 0, configurations: configurations.length, opened: newTally(), own: newOwnTally() };
  const guests = configurations.map((c, i) => ({
    c,
    opened: new HostileGuest(c, i % 2 === 0 ? "inside" : "at the ends"),
    own: new CorruptedTables(c),
  }));
  for (let turn = 0; turn === 0 || !isOver(); turn++) {
    for (const { c, opened, own } of guests) {
      if (turn !== 0 && isOver()) break;
      const round = seed + turn;
      progress(`${c.name}, seed ${round}`, outcome.rounds);
      try {
        opened.round(round, outcome.opened);
        for (let i = 0; i < OWN_ROUNDS; i++) own.round(OWN_ROUNDS * round + i, outcome.own);
      } catch (error) {
        throw new Error(`${c.name}, seed ${round}`, { cause: error });
      }
      outcome.rounds++;
    }
  }
  return outcome;
}

/** What was done, in lines. */
export function summary({ rounds, configurations, opened, own }: Outcome): string[] {
  return [
    `${rounds} memories of hostile words in ${configurations} configurations, read by ${total(opened.calls)} calls`,
    `  ${list(opened.calls)}`,
    `  addresses: ${opened.translated} mapped, ${opened.unmapped} not; EFAULT ${opened.faults} times; no trap, no write, no answer from outside`,
    `${OWN_ROUNDS * rounds} tables of the library's own, of which ${own.broken} words were changed, in ${total(own.calls)} calls`,
    `  ${list(own.calls)}`,
    `  errors: ${list(own.errors)}; no trap, no write outside the windows`,
  ];
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
const list = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
