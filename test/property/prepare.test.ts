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
  IoPgtableError,
  Prot,
  riscv,
  TableMemory,
  type TableOp,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";

const RW = Prot.READ | Prot.WRITE;
const PROTS = [RW, Prot.READ];
const STEPS = 60;
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

/** A table with the journal of its flushes. */
class Subject {
  readonly memory = TableMemory.create({ bytes: 2 ** 24 });
  readonly flushed: [number, number][] = [];
  readonly table: IoPageTable;
  constructor(format: Format) {
    const note = (iova: number, size: number) => void this.flushed.push([iova, iova + size]);
    this.table = new IoPageTable(this.memory, {
      format,
      flush: { flushAll: () => undefined, flushWalk: note, flushRange: note },
    });
  }

  /** Page by page, what is mapped. */
  pages(page: number): Map<number, string> {
    const pages = new Map<number, string>();
    for (const run of this.table.mappings()) {
      for (let at = 0; at < run.size; at += page) pages.set(Number(run.iova) + at, `${run.paddr + at} ${run.prot}`);
    }
    return pages;
  }
}

class Generator {
  constructor(
    readonly random: Random,
    readonly page: number,
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
    switch (random(9)) {
      case 0:
      case 1:
        return { op: "map", iova, paddr, size, prot };
      case 2:
        return { op: "mapList", iova, pages: this.list(Math.min(size / page, 300)), pageSize: page, prot };
      case 3:
        return { op: "mapRepeat", iova, size, source: { paddr, size: (1 + random(5)) * page }, prot, phase: random(3) * page };
      case 4:
        return this.segments(iova, Math.min(size / page, 300), prot);
      case 5:
        return { op: "replace", iova, paddr, size, prot };
      case 6:
        return { op: "protect", iova, size, prot };
      default:
        return { op: "unmap", iova, size };
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
  switch (op.op) {
    case "map":
      return table.map(op.iova, op.paddr, op.size, op.prot);
    case "mapList":
      return table.mapList(op.iova, op.pages, op.pageSize, op.prot);
    case "mapSegments":
      return table.mapSegments(op.iova, op.segments, op.prot, op.part);
    case "mapRepeat":
      return table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
    case "replace":
      return table.replace(op.iova, op.paddr, op.size, op.prot);
    case "protect":
      return void table.protect(op.iova, op.size, op.prot);
    default:
      return void table.unmap(op.iova, op.size);
  }
}

function codeOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof IoPgtableError) return error.code;
    throw error;
  }
}

function bytesOf(op: TableOp): number {
  if (op.op === "mapList") return op.pages.length * op.pageSize;
  return op.op === "mapSegments" ? (op.part?.size ?? 0) : op.size;
}

/** One update, and what happens meanwhile, on both tables. */
function step(one: Subject, whole: Subject, make: Generator, log: (text: string) => void): void {
  const ops = Array.from({ length: 1 + make.random(6) }, () => make.op());
  log(JSON.stringify(ops, (_key, value) => (value instanceof Float64Array ? [...value.slice(0, 4)] : value)));
  const before = { dump: whole.table.dump(), pages: whole.memory.stats().tablePagesInUse };
  // Operations that cannot follow those before them are left out.
  const good: TableOp[] = [];
  for (const op of ops) {
    const trial = [...good, op];
    let update: { abort(): void } | undefined;
    const code = codeOf(() => {
      update = whole.table.prepare(trial);
    });
    update?.abort();
    expect(whole.table.dump()).toBe(before.dump);
    expect(whole.memory.stats().tablePagesInUse).toBe(before.pages);
    if (code === undefined) good.push(op);
    else expect([code, codeOf(() => applyTrial(one, good, op))]).toEqual(["EEXIST", "EEXIST"]);
  }
  const update = whole.table.prepare(good);
  expect(whole.table.dump()).toBe(before.dump);
  elsewhere(one, whole, make, good, log);
  const [inUse, flushes] = [whole.memory.stats().tablePagesInUse, whole.flushed.length];
  const old = whole.pages(make.page);
  update.commit();
  const now = whole.pages(make.page);
  for (const op of good) call(one.table, op);
  expect(now).toEqual(one.pages(make.page));
  expectFlushed(old, now, whole.flushed.slice(flushes));
  void inUse;
  expect(whole.memory.stats().tablePagesInUse).toBe(whole.table.stats().tablePages);
}

/** On a copy of the reference: what calling the operations one after another answers to the last. */
function applyTrial(one: Subject, good: readonly TableOp[], op: TableOp): void {
  const copy = new Subject(formatOf(one));
  for (const run of one.table.mappings()) copy.table.map(run.iova, run.paddr, run.size, run.prot);
  for (const each of good) call(copy.table, each);
  call(copy.table, op);
}

const formats = new WeakMap<Subject, () => Format>();
function formatOf(subject: Subject): Format {
  const make = formats.get(subject);
  if (make === undefined) throw new Error("no format");
  return make();
}

/** Calls on other ranges between prepare and commit; those that touch a held one are refused. */
function elsewhere(one: Subject, whole: Subject, make: Generator, held: readonly TableOp[], log: (text: string) => void) {
  for (let i = make.random(4); i > 0; i--) {
    const op = make.op();
    const [first, end] = [Number(op.iova), Number(op.iova) + bytesOf(op)];
    const touches = held.some((h) => first < Number(h.iova) + bytesOf(h) && Number(h.iova) < end);
    log(`meanwhile ${op.op} ${first.toString(16)}..${end.toString(16)}`);
    const code = codeOf(() => call(whole.table, op));
    if (touches) expect(code).toBe("EBUSY");
    else expect(code).toBe(codeOf(() => call(one.table, op)));
    if (make.random(3) === 0) for (const { table } of [one, whole]) table.trim();
  }
}

/** Whatever was mapped and reads otherwise now must have been flushed. */
function expectFlushed(old: ReadonlyMap<number, string>, now: ReadonlyMap<number, string>, flushed: [number, number][]) {
  for (const [at, was] of old) {
    if (now.get(at) === was) continue;
    if (!flushed.some(([start, end]) => at >= start && at < end)) {
      throw new Error(`${at.toString(16)} changed and was not flushed`);
    }
  }
}

describe.each(Object.entries(FORMATS))("%s", (_name, format) => {
  const start = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
  const seeds = Array.from({ length: Number(process.env.IO_PGTABLE_RUNS ?? 1) }, (_, i) => start + i);
  test.each(seeds)("commits what calling one after another does, seed %i", (seed) => {
    const [one, whole] = [new Subject(format()), new Subject(format())];
    formats.set(one, format);
    const make = new Generator(randomFrom(seed), one.table.pageSizes[0] ?? 0);
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
