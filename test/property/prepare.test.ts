// Updates of several operations against the same operations called one after another, with other work between prepare and commit: the same translations, the
// pages that were counted, and no trace of an update that is aborted.
import { describe, expect, test } from "vitest";
import {
  amdV1,
  appleDart,
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  type TableOp,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { guestMemory } from "../bindings/support/guestMemory.js";
import { codeOf } from "../conformance/golden/errorCode.js";

const RW = Prot.READ | Prot.WRITE;
const PROTS = [RW, Prot.READ];
const STEPS = 10;
const SPACE = 2 ** 32;
const FORMATS: Record<string, () => Format> = {
  "ARM stage 1": () => armLpaeS1({ ias: 39, oas: 40 }),
  "ARM with the contiguous hint": () => armLpaeS1({ ias: 39, oas: 40, contiguousHint: true }),
  "ARM, all changed live": () => armLpaeS1({ ias: 39, oas: 40, breakBeforeMake: "never" }),
  AMDv1: () => amdV1({ ias: 39, oas: 40 }),
  "VT-d": () => vtdSecondStage({ ias: 39, oas: 40 }),
  "RISC-V with Svnapot": () => riscv({ ias: 39, oas: 40, svnapot: true }),
  "x86-64": () => x86_64({ ias: 48, oas: 40 }),
  v7s: () => armV7s({ ias: 32, oas: 32 }),
  "DART with four roots": () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] }),
};
type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let x = (seed * 7919) >>> 0 || 1;
  return (below) => {
    x = (x ^ (x << 13)) >>> 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    return x % below;
  };
}

/** Pages of a guest's memory, given and taken back; what was asked of it is counted. */
class CountingPages {
  allocated = 0;
  freed = 0;
  readonly #free = new Map<number, number[]>();
  readonly #next: number[];

  constructor(readonly windows: readonly { offset: number; bytes: number }[]) {
    this.#next = windows.map(({ offset }) => offset);
  }

  readonly alloc = (bytes: number): number => {
    this.allocated++;
    const reused = this.#free.get(bytes)?.pop();
    if (reused !== undefined) return reused;
    for (const [i, { offset, bytes: room }] of this.windows.entries()) {
      const at = Math.ceil((this.#next[i] ?? 0) / bytes) * bytes;
      if (at + bytes > offset + room) continue;
      this.#next[i] = at + bytes;
      return at;
    }
    throw new Error("no page is left");
  };

  readonly free = (offset: number, bytes: number): void => {
    this.freed++;
    const pages = this.#free.get(bytes) ?? [];
    pages.push(offset);
    this.#free.set(bytes, pages);
  };
}

/** A table with the journal of its flushes. */
class Subject {
  readonly guest = guestMemory();
  readonly memory = this.guest.memory;
  readonly pages = new CountingPages(this.guest.windows);
  readonly flushed: [number, number][] = [];
  readonly table: IoPageTable;
  constructor(readonly format: () => Format) {
    const note = (iova: number, size: number) => void this.flushed.push([iova, iova + size]);
    this.table = new IoPageTable(this.memory, {
      format: format(),
      flush: { flushAll: () => undefined, flushWalk: note, flushRange: note },
      allocator: this.pages,
    });
  }

  /** What is mapped, in runs that have nothing to do with the sizes of leaves. */
  mapped(): Run[] {
    const runs: Run[] = [];
    for (const { iova, paddr, size, prot } of this.table.mappings()) {
      const first = Number(iova);
      const last = runs.at(-1);
      const continues = last !== undefined && last.end === first && last.shift === paddr - first && last.prot === prot;
      if (continues) last.end += size;
      else runs.push({ first, end: first + size, shift: paddr - first, prot });
    }
    return runs;
  }
}

/** Addresses that map to themselves plus `shift`. */
interface Run {
  readonly first: number;
  end: number;
  readonly shift: number;
  readonly prot: number;
}

class Generator {
  constructor(
    readonly random: Random,
    readonly page: number,
    /** Where tables are shared, an update may copy one fewer than it counts. */
    readonly repeats: boolean,
  ) {}

  range(): { iova: number; size: number } {
    const { page, random } = this;
    const bases = [0, 2 ** 30 - 2 ** 21, 2 ** 31 - page * 2048].map((base) => base - (base % page));
    const alignment = [1, 1, 1, 2, 4, 16, 256, 512][random(8)] ?? 1;
    const index = random(2048);
    const iova = (bases[random(3)] ?? 0) + (index - (index % alignment)) * page;
    const size = ([1, 2, 3, 16, 17, 128, 512, 600, 1024, 4096][random(10)] ?? 1) * page;
    return { iova, size: Math.min(size, SPACE - iova) };
  }

  output(iova: number): number {
    const { page, random } = this;
    const at = [iova, random(2 ** 16) * page, random(8) * 2 ** 25 + (iova % 2 ** 21)][random(3)] ?? 0;
    return (at - (at % page)) % (2 ** 32 - 2 ** 27);
  }

  op(): TableOp {
    const { random, page } = this;
    const { iova, size } = this.range();
    const prot = PROTS[random(2)] ?? RW;
    const paddr = this.output(iova);
    switch (random(this.repeats ? 10 : 9)) {
      case 0:
      case 1:
        return { op: "map", iova, paddr, size, prot };
      case 2:
        return { op: "mapList", iova, pages: this.list(Math.min(size / page, 300)), pageSize: page, prot };
      case 3:
        return this.segments(iova, Math.min(size / page, 300), prot);
      case 4:
      case 5:
        return { op: "replace", iova, paddr, size, prot };
      case 6:
        return { op: "protect", iova, size, prot };
      case 7:
      case 8:
        return { op: "unmap", iova, size };
      default:
        return {
          op: "mapRepeat",
          iova,
          size,
          source: { paddr, size: (1 + random(5)) * page },
          prot,
          phase: random(3) * page,
        };
    }
  }

  list(length: number): Float64Array {
    let next = this.output(0);
    return Float64Array.from({ length }, () => {
      next = this.random(4) === 0 ? this.output(0) : next + this.page;
      return next;
    });
  }

  segments(iova: number, pages: number, prot: number): TableOp {
    const segments = Array.from(this.list(pages + 3), (paddr) => ({ paddr, size: this.page }));
    return { op: "mapSegments", iova, segments, prot, part: { start: 2 * this.page, size: pages * this.page } };
  }
}

/** Call what an operation names. */
function call(table: IoPageTable, op: TableOp): void {
  if (op.op === "map") table.map(op.iova, op.paddr, op.size, op.prot);
  else if (op.op === "mapList") table.mapList(op.iova, op.pages, op.pageSize, op.prot);
  else if (op.op === "mapSegments") table.mapSegments(op.iova, op.segments, op.prot, op.part);
  else if (op.op === "mapRepeat") table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
  else if (op.op === "replace") table.replace(op.iova, op.paddr, op.size, op.prot);
  else if (op.op === "protect") table.protect(op.iova, op.size, op.prot);
  else table.unmap(op.iova, op.size);
}

function bytesOf(op: TableOp): number {
  if (op.op === "mapList") return op.pages.length * op.pageSize;
  return op.op === "mapSegments" ? (op.part?.size ?? 0) : op.size;
}

/** One update, and what happens meanwhile, on both tables. */
function step(one: Subject, whole: Subject, make: Generator, log: (text: string) => void): void {
  const good = possible(one, whole, make, log);
  const before = whole.table.dump();
  const { allocated, freed } = whole.pages;
  const update = whole.table.prepare(good);
  expect(whole.pages.allocated - allocated).toBe(update.tablePages);
  expect(whole.pages.freed).toBe(freed);
  expect(whole.table.dump()).toBe(before);
  const alone = !elsewhere(one, whole, make, good, log);
  const old = whole.mapped();
  whole.flushed.length = 0;
  const asked = { ...whole.pages };
  const gather = whole.table.gather();
  update.commit(gather);
  expect(whole.pages.allocated).toBe(asked.allocated);
  const unused = whole.pages.freed - asked.freed;
  if (alone && !make.repeats) expect(unused).toBe(0);
  gather.sync();
  for (const op of good) call(one.table, op);
  const now = whole.mapped();
  expect(now).toEqual(one.mapped());
  expectFlushed(old, now, whole.flushed);
  expect(whole.memory.stats().tablePagesInUse).toBe(whole.table.stats().tablePages);
}

/** Operations that can follow one another; those that cannot are refused as a call would refuse them, with nothing changed. */
function possible(one: Subject, whole: Subject, make: Generator, log: (text: string) => void): TableOp[] {
  const before = whole.table.dump();
  const { tablePagesInUse } = whole.memory.stats();
  const good: TableOp[] = [];
  for (let i = make.random(6); i >= 0; i--) {
    const op = make.op();
    log(JSON.stringify(op, (_key, value) => (value instanceof Float64Array ? [...value.slice(0, 4)] : value)));
    let update: { abort(): void } | undefined;
    const code = codeOf(() => {
      update = whole.table.prepare([...good, op]);
    });
    update?.abort();
    if (code === null) good.push(op);
    else expect([code, codeOf(() => applyTrial(one, good, op))]).toEqual(["EEXIST", "EEXIST"]);
  }
  expect(whole.table.dump()).toBe(before);
  expect(whole.memory.stats().tablePagesInUse).toBe(tablePagesInUse);
  return good;
}

/** On a copy of the reference: what calling the operations one after another answers to the last. */
function applyTrial(one: Subject, good: readonly TableOp[], op: TableOp): void {
  const copy = new Subject(one.format);
  for (const run of one.table.mappings()) copy.table.map(run.iova, run.paddr, run.size, run.prot);
  for (const each of good) call(copy.table, each);
  call(copy.table, op);
}

/** Calls on other ranges between prepare and commit; those that touch a held one are refused. */
function elsewhere(
  one: Subject,
  whole: Subject,
  make: Generator,
  held: readonly TableOp[],
  log: (text: string) => void,
): boolean {
  const calls = make.random(4);
  for (let i = calls; i > 0; i--) {
    const op = make.op();
    const [first, end] = [Number(op.iova), Number(op.iova) + bytesOf(op)];
    const touches = held.some((h) => first < Number(h.iova) + bytesOf(h) && Number(h.iova) < end);
    log(`meanwhile ${op.op} ${first.toString(16)}..${end.toString(16)}`);
    const code = codeOf(() => call(whole.table, op));
    if (touches) expect(code).toBe("EBUSY");
    else expect(code).toBe(codeOf(() => call(one.table, op)));
    if (make.random(3) === 0) for (const { table } of [one, whole]) table.trim();
  }
  return calls !== 0;
}

/** Whatever was mapped and reads otherwise now must have been flushed. */
function expectFlushed(old: readonly Run[], now: readonly Run[], flushed: readonly [number, number][]): void {
  for (const was of old) {
    let at = was.first;
    for (const same of now.filter((run) => run.first < was.end && run.end > was.first)) {
      if (same.shift !== was.shift || same.prot !== was.prot) continue;
      expectCovered(at, Math.max(at, same.first), flushed);
      at = Math.min(was.end, same.end);
    }
    expectCovered(at, was.end, flushed);
  }
}

function expectCovered(first: number, end: number, flushed: readonly [number, number][]): void {
  for (let at = first; at < end; ) {
    const ends = flushed.filter(([start, stop]) => start <= at && stop > at).map(([, stop]) => stop);
    if (ends.length === 0) throw new Error(`${at.toString(16)} changed and was not flushed`);
    at = Math.max(...ends);
  }
}

describe.each(Object.entries(FORMATS))("%s", (_name, format) => {
  const start = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
  const seeds = Array.from({ length: Number(process.env.IO_PGTABLE_RUNS ?? 1) }, (_, i) => start + i);
  const runs = seeds.flatMap((seed) => [true, false].map((repeats) => ({ seed, repeats })));
  test.each(runs)("commits what calling one after another does, seed $seed, repeats $repeats", ({ seed, repeats }) => {
    const [one, whole] = [new Subject(format), new Subject(format)];
    const make = new Generator(randomFrom(seed), one.table.pageSizes[0] ?? 0, repeats);
    let log: string[] = [];
    try {
      for (let i = 0; i < STEPS; i++) {
        log = [];
        step(one, whole, make, (text) => log.push(text));
      }
    } catch (error) {
      throw new Error(`IO_PGTABLE_SEED=${seed}: ${log.join("\n")}`, { cause: error });
    }
    for (const { table, memory } of [one, whole]) {
      table.unmap(0, SPACE);
      expect(memory.stats().tablePagesInUse).toBe(table.stats().tablePages);
      table.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    }
  });
});
