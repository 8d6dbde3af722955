// An IOMMU's own TLB: with exactly the flushes that the library asks for nothing stale is left; without them, or with the first granule of each left out, it is.
import { afterAll, beforeAll, describe, expect, onTestFailed, test } from "vitest";
import type { DmaProber } from "../qemu/dmaProber.js";
import { hasQemu } from "../qemu/qemuProcess.js";
import { CHANGES } from "../tables/changes.js";
import { GuestTables } from "../tables/guestTables.js";
import { SEED } from "../tables/random.js";
import { printLine } from "../tables/tally.js";
import type { Walker } from "../walkers/walker.js";
import { roundsOf } from "./length.js";
import { Counts, MODES, type Mode, type TlbPlan, TlbRound } from "./tlbRound.js";

/** Where flushes are missing, rounds are made until something is stale; by chance that is not in the first. */
const MOST_ROUNDS = 20;

/** What to change, and the flushes that are issued. */
function casesOf(dropsRanges: boolean): (readonly [change: string, mode: Mode])[] {
  return Object.entries(CHANGES).flatMap(([change, { unseen, wide }]) =>
    MODES.filter((mode) => mode !== "none" || unseen === undefined)
      .filter((mode) => mode !== "short" || (dropsRanges && unseen === undefined && wide === undefined))
      .map((mode) => [change, mode] as const),
  );
}

async function runCase<W extends Walker & { dma: DmaProber }, R>(
  plan: TlbPlan<W, R>,
  walker: W,
  change: string,
  mode: Mode,
): Promise<Counts> {
  const counts = new Counts();
  const area = walker.areas.tables[0];
  if (area === undefined) throw new Error("the walker has no room for tables");
  const rounds = mode === "asked" ? roundsOf(plan.rounds) : MOST_ROUNDS;
  const memories = plan.configurations.map((configuration) => [configuration, new GuestTables(area)] as const);
  for (let round = 0; round < rounds && counts.stale === 0; round++) {
    for (const [configuration, tables] of memories) {
      const purpose = `${plan.walker}, ${configuration.name}, ${change}, ${round}`;
      await new TlbRound(plan, walker, tables, configuration, counts, purpose).run(change, mode);
    }
  }
  return counts;
}

export function tlbSuite<W extends Walker & { dma: DmaProber }, R>(plan: TlbPlan<W, R>): void {
  const name = `${plan.walker}, TLB`;
  const present = hasQemu(plan.program);
  if (!present) printLine(`${name}: SKIPPED, ${plan.program} is not installed`);
  describe.skipIf(!present)(name, () => {
    const totals = new Map(MODES.map((mode) => [mode, new Counts()]));
    let walker: W | undefined;
    beforeAll(async () => {
      walker = await plan.start();
    });
    afterAll(async () => {
      for (const [mode, total] of totals) {
        if (total.rounds > 0) printLine(`${name}: in all, flushes ${mode}: ${total}; IO_PGTABLE_SEED=${SEED}`);
      }
      await walker?.close();
    });
    test.each(casesOf(plan.dropsRanges))("%s, flushes: %s", async (change, mode) => {
      onTestFailed(() => printLine(`IO_PGTABLE_SEED=${SEED} repeats this run`));
      if (walker === undefined) throw new Error("the walker has not started");
      const counts = await runCase(plan, walker, change, mode);
      printLine(`${name}, ${change}, flushes ${mode}: ${counts}`);
      totals.get(mode)?.add(counts);
      if (mode !== "asked") expect(counts.stale, "what is stale without flushes").toBeGreaterThan(0);
    });
  });
}
