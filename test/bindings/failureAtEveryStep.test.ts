// Every operation, with each call that it makes to the outside throwing in turn: flushes, write-backs, changeTop, `mapped`. The table is then as it was or as
// it was to be, never between; what could still be remembered is owed; and in the end nothing is lost.
import { describe, expect, it } from "vitest";
import { AdversarialTlb, type FlushOps, type Gather, IoPageTable, TableMemory } from "../../bindings/index.js";
import { type Scenario, scenarios } from "./support/failureScenarios.js";

type Kind = "flushAll" | "flushWalk" | "flushRange" | "mapped" | "syncForDevice" | "changeTop";

/** Counts the calls of the table to the outside, and throws at those that `fails` says. */
class Outside {
  readonly calls: Kind[] = [];
  readonly error = new Error("the caller's own");
  fails: (call: number) => boolean = () => false;
  counts = false;

  enter(kind: Kind): void {
    if (!this.counts) return;
    this.calls.push(kind);
    if (this.fails(this.calls.length - 1)) throw this.error;
  }
}

class Stage {
  readonly memory = TableMemory.create({ bytes: 2 ** 24 });
  readonly outside = new Outside();
  readonly tlb = new AdversarialTlb();
  readonly table: IoPageTable;
  readonly gather: Gather;

  constructor(readonly scenario: Scenario) {
    const { outside, tlb } = this;
    const flush: FlushOps = {
      flushAll: () => {
        outside.enter("flushAll");
        tlb.flush.flushAll();
      },
      flushWalk: (...range) => {
        outside.enter("flushWalk");
        tlb.flush.flushWalk(...range);
      },
      flushRange: (...range) => {
        outside.enter("flushRange");
        tlb.flush.flushRange(...range);
      },
      mapped: () => outside.enter("mapped"),
    };
    const format = scenario.format({
      syncForDevice: () => outside.enter("syncForDevice"),
      changeTop: () => outside.enter("changeTop"),
    });
    this.table = new IoPageTable(this.memory, { format, flush });
    tlb.watch(this.table);
    this.gather = this.table.gather();
    scenario.prepare(this.table, this.gather);
    tlb.check();
  }

  /** Make the call that the scenario is about. Returns what it threw. */
  act(fails: (call: number) => boolean = () => false): unknown {
    this.outside.counts = true;
    this.outside.fails = fails;
    try {
      this.scenario.act(this.table, this.gather);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.outside.counts = false;
    }
  }

  get isDestroyed(): boolean {
    return this.scenario.destroys === true;
  }

  dump(): string {
    return this.table.dump();
  }

  /** What is owed is done with the next flush; then no page is in use that the table does not have. */
  recover(): void {
    this.gather.sync();
    this.table.map(2 ** 25, 0x1000, 0x1000, 1);
    this.table.unmap(2 ** 25, 0x1000);
    this.tlb.check();
    expect(this.memory.stats().tablePagesInUse).toBe(this.table.stats().tablePages);
  }

  finish(): void {
    this.table.destroy();
    this.tlb.check();
    expect(this.memory.stats().tablePagesInUse).toBe(0);
  }
}

/** A map refuses before it has changed anything to speak of; what it undid is flushed even so. */
interface Untroubled {
  readonly before: string;
  readonly after: string;
  readonly calls: readonly Kind[];
}

function untroubled(scenario: Scenario): Untroubled {
  const stage = new Stage(scenario);
  const before = stage.dump();
  const thrown = stage.act();
  expect(thrown === undefined ? undefined : (thrown as { code?: string }).code).toBe(scenario.code);
  const { calls } = stage.outside;
  if (stage.isDestroyed) return { before, after: "", calls };
  const after = stage.dump();
  stage.tlb.check();
  stage.recover();
  stage.finish();
  return { before, after, calls };
}

/** A changeTop that throws leaves all as before, a flush as after. */
function allowed(kind: Kind, { before, after }: Untroubled): string[] {
  if (kind === "changeTop") return [before];
  return kind === "syncForDevice" ? [before, after] : [after];
}

function fail(scenario: Scenario, expected: Untroubled, from: number, fails: (call: number) => boolean): void {
  const kind = expected.calls[from] ?? "flushAll";
  const stage = new Stage(scenario);
  expect(stage.act(fails), `${kind}, call ${from}`).toBe(stage.outside.error);
  if (stage.isDestroyed) {
    expect(stage.memory.stats().tablePagesInUse).toBeGreaterThan(0);
    stage.finish();
    return;
  }
  const state = stage.dump();
  expect(allowed(kind, expected), `${kind}, call ${from}`).toContain(state);
  stage.tlb.check();
  stage.recover();
  if (state === expected.before && expected.before !== expected.after) {
    expect(stage.act()).toBeUndefined();
    expect(stage.dump()).toBe(expected.after);
  }
  stage.finish();
}

let cases = 0;

describe.each(scenarios)("$name", (scenario) => {
  const expected = untroubled(scenario);

  it("calls the outside", () => {
    expect(expected.calls.length).toBeGreaterThan(0);
  });

  it.each(expected.calls.map((kind, call) => ({ kind, call })))("$kind throws, call $call", ({ call }) => {
    fail(scenario, expected, call, (at) => at === call);
    cases++;
  });

  it.each(expected.calls.map((kind, call) => ({ kind, call })))(
    "all from call $call on throw, first $kind",
    ({ call }) => {
      fail(scenario, expected, call, (at) => at >= call);
      cases++;
    },
  );
});

it("was a number of cases worth the name", () => {
  process.stdout.write(`failure at every step: ${scenarios.length} scenarios, ${cases} failures\n`);
  expect(cases).toBeGreaterThan(300);
});
