// The short form of `npm run test:fuzz`: each configuration once or twice.
import { expect, test } from "vitest";
import { CONFIGURATIONS } from "../configurations/list.js";
import { campaign } from "./campaign.js";

const seed = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);

test(`hostile words trap nothing, hang nothing, and lead nowhere, seed ${seed}`, () => {
  const { rounds, opened } = campaign(
    CONFIGURATIONS,
    seed,
    () => true,
    () => undefined,
  );
  expect(rounds).toBe(CONFIGURATIONS.length);
  // The walks went somewhere: to leaves, to nothing, and out of the memory.
  for (const outcome of [opened.translated, opened.unmapped, opened.faults]) expect(outcome).toBeGreaterThan(1000);
});
