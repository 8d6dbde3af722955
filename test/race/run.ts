// Realms that map and unmap one table at once:
//
//   npm run test:race -- --rounds 3 --seed 1 --steps 200
import { parseArgs } from "node:util";
import { type RaceResult, race } from "./arena.js";
import { CORES, compileRace } from "./compiled.js";
import { scenarios } from "./scenarios.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "150" },
  },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const scripts = compileRace(process.cwd());
const rounds = Number(values.rounds);
for (const core of CORES) {
  const sum: RaceResult = { maps: 0, unmaps: 0, refused: 0, lost: null };
  let races = 0;
  for (let round = 0; round < rounds; round++) {
    for (const scenario of scenarios(Number(values.seed) + 100 * round, Number(values.steps))) {
      const { maps, unmaps, refused, lost } = await race(scenario, scripts[core]);
      races++;
      sum.maps += maps;
      sum.unmaps += unmaps;
      sum.refused += refused;
      if (lost !== null) sum.lost = (sum.lost ?? 0) + lost;
    }
  }
  const installs = sum.lost === null ? "not counted" : `lost to another realm ${sum.lost} times`;
  say(
    `core ${core}: ${races} races, ${sum.maps} maps, ${sum.unmaps} unmaps, ${sum.refused} maps refused by an empty pool`,
  );
  say(`  installs of a table: ${installs}`);
  say("  each ended as one realm alone ends, with no table page lost or had twice");
  if (core === "forced" && (sum.lost ?? 0) === 0) {
    say("  NOT SHOWN: no install was lost");
    process.exitCode = 1;
  }
}
