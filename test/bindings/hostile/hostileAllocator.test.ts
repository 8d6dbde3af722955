// A hostile allocator under every operation of the corpus: whatever it answers, at whichever call, there is a clear error, nothing has changed, no page is
// lost, and the next call with a good allocator does its work.
import { describe, expect, it } from "vitest";
import { armLpaeS1, type ErrorCode, IoPageTable, Prot } from "../../../bindings/index.js";
import { flushJournal } from "../support/flushJournal.js";
import { BOOKKEEPING_AT } from "../support/guestMemory.js";
import { CORPUS, type CorpusOperation, isLinuxCall } from "./corpus.js";
import { outcomeOf, Stage } from "./stage.js";

const MIB = 2 ** 20;
const RW = Prot.READ | Prot.WRITE;

/** Other tables in the same memory: one of 64K pages, one of 4K with a root of 512 bytes. */
class Neighbours {
  readonly tables: IoPageTable[] = [];
  /** Offsets by table, root first. */
  readonly pages: number[][] = [[], []];

  constructor(readonly stage: Stage) {
    let next = (stage.guest.windows[0]?.offset ?? 0) + 6 * MIB;
    for (const [i, config] of [
      { ias: 42, oas: 48, pageSizes: [2 ** 16] },
      { ias: 36, oas: 48 },
    ].entries()) {
      const alloc = (bytes: number): number => {
        const offset = Math.ceil(next / bytes) * bytes;
        next = offset + bytes;
        this.pages[i]?.push(offset);
        return offset;
      };
      const allocator = { alloc, free: () => undefined };
      const table = new IoPageTable(stage.guest.memory, {
        format: armLpaeS1(config),
        flush: flushJournal().flush,
        allocator,
      });
      table.map(0, 0, 2 ** 16, RW);
      this.tables.push(table);
    }
  }

  get inUse(): number {
    return this.pages.flat().length;
  }

  page(table: number, index: number): number {
    return this.pages[table]?.[index] ?? -1;
  }
}

interface Hostility {
  says: string;
  codes: readonly (ErrorCode | "refused")[];
  answer(stage: Stage, others: Neighbours): unknown;
}

const nonsense = (says: string, value: unknown): Hostility => ({ says, codes: ["EINVAL"], answer: () => value });
const HOSTILITIES: readonly Hostility[] = [
  // unmapPages and unmapRange answer with what they unmapped: nothing.
  { says: "null", codes: ["ENOMEM", "refused"], answer: () => null },
  nonsense("a string", "none"),
  nonsense("a bigint", 0n),
  nonsense("an object", {}),
  nonsense("NaN", Number.NaN),
  nonsense("infinity", Number.POSITIVE_INFINITY),
  nonsense("a fraction", 8 * MIB + 0.5),
  nonsense("a negative offset", -4096),
  nonsense("an offset beyond 4 GiB", 2 ** 32),
  nonsense("an offset beyond the memory", 33 * MIB * 1024),
  nonsense("an offset in no window", 0),
  nonsense("an offset inside the bookkeeping", BOOKKEEPING_AT),
  nonsense("the end of a window", 16 * MIB),
  nonsense("a misaligned offset", 12 * MIB + 8),
  nonsense("an offset aligned to 512 bytes only", 12 * MIB + 512),
  {
    says: "its root",
    codes: ["EINVAL"],
    answer: ({ pages }) => [...pages.live.keys()][0],
  },
  {
    says: "a page that stands in the table",
    codes: ["EINVAL"],
    answer: ({ pages }) => [...pages.live.keys()][Math.min(1, pages.live.size - 1)],
  },
  { says: "the last page once more", codes: ["EINVAL"], answer: ({ pages }) => [...pages.live.keys()].at(-1) },
  { says: "a page of another table", codes: ["EINVAL"], answer: (_, others) => others.page(1, 1) },
  { says: "the root of another table", codes: ["EINVAL"], answer: (_, others) => others.page(0, 0) },
  {
    says: "the page around a small root of another table",
    codes: ["EINVAL"],
    answer: (_, others) => Math.floor(others.page(1, 0) / 4096) * 4096,
  },
  {
    says: "a part of a larger page of another table",
    codes: ["EINVAL"],
    answer: (_, others) => others.page(0, 1) + 2 ** 15,
  },
];

type Attempt = { stage: Stage; before: unknown; operation: CorpusOperation };

function failsAtEach({ stage, before, operation }: Attempt, hostility: Hostility, others: Neighbours): void {
  const { call, pages } = operation;
  for (let k = 0; k < pages; k++) {
    const first = stage.pages.requests.length;
    stage.pages.answer = (request) => (request === first + k ? hostility.answer(stage, others) : undefined);
    const says = `${hostility.says} at call ${k}`;
    expect(hostility.codes, says).toContain(outcomeOf(() => call(stage.table)));
    expect(stage.state(), says).toEqual(before);
    stage.pages.answer = () => undefined;
  }
}

function throwsAtEach({ stage, before, operation }: Attempt): void {
  const { call, pages } = operation;
  for (let k = 0; k < pages; k++) {
    const thrown = new Error("the caller's own");
    const first = stage.pages.requests.length;
    stage.pages.onAlloc = () => {
      if (stage.pages.requests.length === first + k) throw thrown;
    };
    const outcome = outcomeOf(() => call(stage.table));
    expect(outcome, `throwing at call ${k}`).toEqual({ thrown });
    expect(stage.state(), `throwing at call ${k}`).toEqual(before);
    stage.pages.onAlloc = () => undefined;
  }
}

/** No page at the k-th call, and giving those before it back throws: they are given back all the same, each once. */
function throwsInFree({ stage, before, operation }: Attempt): void {
  for (let k = 1; k < operation.pages; k++) {
    const first = stage.pages.requests.length;
    stage.pages.answer = (request) => (request === first + k ? null : undefined);
    stage.device.onFree = () => {
      throw new Error("the caller's own");
    };
    const outcome = outcomeOf(() => operation.call(stage.table));
    expect(["ENOMEM", "refused"], `null at call ${k}, the frees throw`).toContain(outcome);
    expect(stage.state(), `null at call ${k}, the frees throw`).toEqual(before);
    stage.pages.answer = () => undefined;
    stage.device.onFree = () => undefined;
  }
}

/** Linux's calls say that there is no page; they do not throw it. */
function answersAtEach({ stage, operation }: Attempt): void {
  for (let k = 0; k < operation.pages && isLinuxCall(operation); k++) {
    const first = stage.pages.requests.length;
    stage.pages.answer = (request) => (request === first + k ? null : undefined);
    expect([0, { mapped: 0, error: "ENOMEM" }]).toContainEqual(operation.call(stage.table));
    stage.pages.answer = () => undefined;
  }
}

/** What the operation makes of a table when nothing goes wrong. */
function untroubled({ machine, before, call, pages }: CorpusOperation): { dump: string } {
  const stage = new Stage(machine);
  before(stage.table);
  const asked = stage.pages.requests.length;
  expect(outcomeOf(() => call(stage.table))).toBeNull();
  expect(stage.pages.requests.length - asked, "pages asked for").toBe(pages);
  const dump = stage.table.dump();
  stage.finish();
  return { dump };
}

describe.each(CORPUS.map((operation) => [operation.machine, operation.says, operation] as const))(
  "%s: %s",
  (_machine, _says, operation) => {
    it("asks for the pages that it needs, neither more nor less", () => {
      untroubled(operation);
    });

    it("leaves all as it was, whatever the allocator does", () => {
      const { dump } = untroubled(operation);
      const stage = new Stage(operation.machine);
      operation.before(stage.table);
      const others = new Neighbours(stage);
      const attempt = { stage, before: stage.state(), operation };
      for (const hostility of HOSTILITIES) failsAtEach(attempt, hostility, others);
      throwsAtEach(attempt);
      throwsInFree(attempt);
      answersAtEach(attempt);
      expect(outcomeOf(() => operation.call(stage.table))).toBeNull();
      expect(stage.table.dump()).toBe(dump);
      stage.finish(others.inUse);
      for (const table of others.tables) table.destroy();
      expect(stage.guest.memory.stats().tablePagesInUse).toBe(0);
    });
  },
);
