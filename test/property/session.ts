import { expect } from "vitest";
import { AdversarialTlb, type Gather, IoPageTable, TableMemory } from "../../bindings/index.js";
import { outcomeOf } from "../bindings/support/failure.js";
import { type FlushEvent, type FlushJournal, flushJournal } from "../bindings/support/flushJournal.js";
import type { Configuration } from "../configurations/configuration.js";
import type { Expectation } from "./expectation.js";
import {
  addStale,
  checkExactFlushes,
  checkMapped,
  checkMergedAfterSplit,
  checkMergedFlush,
  isFresh,
  nothingStale,
  type Stale,
} from "./flushLedger.js";
import type { LeafModel } from "./leafModel.js";
import { checkAddresses, checkWhole, sampleAddresses } from "./reading.js";
import { readDump, sameSlot, type TableDump, type TableSlot, unlinkedSlots } from "./tableDump.js";

export interface SessionOptions {
  gatherRanges: "merge" | "exact";
  /** Listen for `mapped`. */
  mapped: boolean;
  /** Look after it as a device would; the calls of a table that nobody watches take shorter ways. */
  watched: boolean;
}

/** A table under test, with what its gather has not flushed yet. */
export class Session {
  readonly memory = TableMemory.create({ bytes: 2 ** 27 });
  readonly table: IoPageTable;
  readonly gather: Gather;
  private readonly journal: FlushJournal;
  private readonly tlb = new AdversarialTlb();
  private stale: Stale = nothingStale();
  private early: FlushEvent[] = [];

  constructor(
    private readonly configuration: Configuration,
    private readonly options: SessionOptions,
  ) {
    this.journal = flushJournal({ mapped: options.mapped, device: this.tlb.flush });
    const { gatherRanges } = options;
    this.table = new IoPageTable(this.memory, {
      format: configuration.format(),
      flush: this.journal.flush,
      gatherRanges,
    });
    if (options.watched) this.tlb.watch(this.table);
    this.gather = this.table.gather();
    expect([this.table.ias, this.table.oas]).toEqual([configuration.ias, configuration.oas]);
    expect(this.table.pageSizes.map(BigInt).sort(ascending)).toEqual([...configuration.pageSizes]);
  }

  dump(): TableDump {
    return readDump(this.configuration, this.table);
  }

  /** Makes one call and checks all that it did against `expected`. */
  call(
    model: LeafModel,
    expected: Expectation,
    before: TableDump,
    { act, gathered, places }: { act: () => unknown; gathered: boolean; places: readonly bigint[] },
  ): void {
    expect(outcomeOf(act)).toEqual(expected.outcome);
    const after = this.dump();
    if ("code" in expected.outcome) expect(after.text).toBe(before.text);
    const freed = unlinkedSlots(this.configuration, before, after);
    checkTables(model, expected, before, after);
    model.apply(expected.change);
    checkNewTables(model, before, after);
    checkWhole(model, this, after);
    checkAddresses(model, this, sampleAddresses(model, places), after);
    this.checkFlushes(expected, freed, gathered);
    this.checkPagesInUse(after);
    this.checkDevice();
  }

  private checkDevice(): void {
    if (this.options.watched) this.tlb.check();
  }

  private checkFlushes(expected: Expectation, freed: readonly TableSlot[], gathered: boolean): void {
    const events = this.journal.take();
    const flushes = events.filter((event) => event.kind !== "mapped");
    if (this.options.mapped) checkMapped(events, expected.change);
    if (gathered) {
      addStale(this.stale, expected.change, freed);
      // A gather waits, but for a leaf that is split (its break-before-make) and for an "exact" one that must make room.
      const mayComeEarly = this.options.gatherRanges === "exact" || expected.change.split.length > 0;
      if (!mayComeEarly) expect(flushes).toEqual([]);
      this.early.push(...flushes);
    } else {
      const stale = nothingStale();
      addStale(stale, expected.change, freed);
      checkExactFlushes(this.configuration, flushes, stale, expected);
    }
  }

  sync(): void {
    this.gather.sync();
    const flushes = this.journal.take();
    const all = [...this.early, ...flushes];
    if (this.options.gatherRanges === "exact") {
      checkExactFlushes(this.configuration, all, this.stale, { exactGranule: false });
    } else if (this.early.length > 0) checkMergedAfterSplit(this.configuration, all, this.stale);
    else checkMergedFlush(this.configuration, flushes, this.stale);
    this.stale = nothingStale();
    this.early = [];
    this.checkPagesInUse(this.dump());
    this.checkDevice();
  }

  /** Table pages: those that the dump shows, and those that wait for the gather's flush. */
  private checkPagesInUse(dump: TableDump): void {
    const inUse = this.memory.stats().tablePagesInUse;
    const linked = dump.roots + dump.slots.length;
    if (this.options.gatherRanges === "merge") expect(inUse).toBe(linked + this.stale.freed.length);
    else if (isFresh(this.stale)) expect(inUse).toBe(linked);
  }

  destroy(): void {
    this.sync();
    this.table.destroy();
    this.checkDevice();
    expect(this.journal.take().at(-1)).toEqual({ kind: "all" });
    expect(this.memory.stats().tablePagesInUse).toBe(0);
  }
}

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** The table pages that had to go are gone, and the others stand. */
function checkTables(model: LeafModel, expected: Expectation, before: TableDump, after: TableDump): void {
  for (const slot of before.slots) {
    const frees = expected.frees(slot);
    if (frees === undefined) continue;
    const name = `table under the entry of level ${slot.level} at 0x${slot.iova.toString(16)}`;
    expect(after.slots.some(sameSlot(slot)), `${name} stands in ${model.configuration.name}`).toBe(!frees);
  }
}

/** A table page that was not there before holds a leaf; but growth links the old root even when it is empty. */
function checkNewTables(model: LeafModel, before: TableDump, after: TableDump): void {
  const grew = before.rootLevel !== after.rootLevel;
  for (const slot of after.slots) {
    if (before.slots.some(sameSlot(slot)) || (grew && slot.iova === 0n)) continue;
    const leaves = model.inside(slot);
    expect(leaves.length, `leaves in the new table at 0x${slot.iova.toString(16)}`).toBeGreaterThan(0);
  }
}
