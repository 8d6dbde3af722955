// Every operation, with each call that it makes to the outside throwing in turn: flushes, write-backs, changeTop, `mapped`, the allocator's alloc and free.
// The table is then as it was or as it was to be, never between; what could still be remembered is owed; and in the end nothing is lost.
import { describe, expect, it } from "vitest";
import { AdversarialTlb, type FlushOps, type Gather, IoPageTable, TableMemory } from "../../bindings/index.js";
import { type Scenario, scenarios } from "./support/failureScenarios.js";
import { type GuestMemory, guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

type Kind = "flushAll" | "flushWalk" | "flushRange" | "mapped" | "syncForDevice" | "changeTop" | "alloc" | "free";

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
  readonly memory: TableMemory;
  /** The caller's, where there is one. */
  readonly pages: PageAllocator | undefined;
  readonly outside = new Outside();
  readonly tlb = new AdversarialTlb();
  readonly table: IoPageTable;
  readonly gather: Gather;

  constructor(readonly scenario: Scenario) {
    const { outside, tlb } = this;
    const guest = scenario.allocates ? guestMemory({ reach: 40 }) : undefined;
    this.memory = guest?.memory ?? TableMemory.create({ bytes: 2 ** 24 });
    this.pages = guest && this.#allocatorIn(guest);
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
    const allocator = this.pages;
    this.table = new IoPageTable(this.memory, { format, flush, ...(allocator && { allocator }) });
    tlb.watch(this.table);
    this.gather = this.table.gather();
    scenario.prepare(this.table, this.gather);
    if (scenario.write !== undefined) this.#deviceWrites(scenario.write);
    tlb.check();
  }

  #allocatorIn(guest: GuestMemory): PageAllocator {
    const pages = new PageAllocator(guest);
    // What may still be walked is for the worst TLB to find.
    pages.watchesFrees = false;
    pages.onAlloc = () => this.outside.enter("alloc");
    pages.onFree = () => this.outside.enter("free");
    return pages;
  }

  /** Through the first page. */
  #deviceWrites(write: (entry: bigint) => bigint): void {
    const at = ((this.table.walk(0).at(-1)?.entryPaddr ?? 0) - this.memory.physBase) / 8;
    const words = new BigUint64Array(this.memory.buffer);
    words[at] = write(words[at] ?? 0n);
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
    expect(this.pages?.live.size ?? 0).toBe(0);
  }
}

/** A map refuses before it has changed anything to speak of; what it undid is flushed even so. */
interface Untroubled {
  readonly before: string;
  readonly after: string;
  /** As before, without its empty tables: a mapRepeat frees those before it asks for pages. */
  readonly trimmed: string;
  readonly calls: readonly Kind[];
}

function trimmedDump(scenario: Scenario): string {
  const stage = new Stage(scenario);
  stage.gather.sync();
  stage.table.trim();
  const dump = stage.dump();
  stage.finish();
  return dump;
}

function untroubled(scenario: Scenario): Untroubled {
  const stage = new Stage(scenario);
  const before = stage.dump();
  const trimmed = trimmedDump(scenario);
  const thrown = stage.act();
  expect(thrown === undefined ? undefined : (thrown as { code?: string }).code).toBe(scenario.code);
  const { calls } = stage.outside;
  if (stage.isDestroyed) return { before, after: "", trimmed, calls };
  const after = stage.dump();
  stage.tlb.check();
  stage.recover();
  stage.finish();
  return { before, after, trimmed, calls };
}

/** An alloc or a changeTop that throws leaves all as before, a flush or a free as after. */
function allowed(kind: Kind, { before, after, trimmed }: Untroubled): string[] {
  if (kind === "alloc") return [before, trimmed];
  if (kind === "changeTop") return [before];
  return kind === "syncForDevice" ? [before, after] : [after];
}

function fail(scenario: Scenario, expected: Untroubled, from: number, fails: (call: number) => boolean): void {
  const kind = expected.calls[from] ?? "flushAll";
  const stage = new Stage(scenario);
  expect(stage.act(fails), `${kind}, call ${from}`).toBe(stage.outside.error);
  if (stage.isDestroyed) {
    // A free that throws does not keep the other pages; a flush keeps all until it is done.
    if (kind === "free") expect(stage.pages?.live.size).toBe(0);
    else expect(stage.memory.stats().tablePagesInUse).toBeGreaterThan(0);
    if (kind !== "free") stage.finish();
    expect(stage.memory.stats().tablePagesInUse).toBe(0);
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
