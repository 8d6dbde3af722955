// map, unmap, replace, protect and coalesce in random order, against a Map of pages: what every address maps to, what was flushed, and that a table coalesced as
// a whole is the one that mapping each run at once makes. The worst device watches every second sequence; the calls of a table that nobody watches take
// shorter ways.
import { describe, expect, test } from "vitest";
import {
  AdversarialTlb,
  amdV1,
  appleDart,
  armLpaeS1,
  armLpaeS2,
  armV7s,
  type FlushOps,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";

const RW = Prot.READ | Prot.WRITE;
const PROTS = [RW, Prot.READ, RW | Prot.CACHE, Prot.READ | Prot.CACHE];
const SEQUENCES = Number(process.env.IO_PGTABLE_RUNS ?? 1);
const STEPS = 120;
const SPACE = 2 ** 32;

const hint = { ias: 39, oas: 40, contiguousHint: true } as const;
const FORMATS: Record<string, () => Format> = {
  "ARM stage 1": () => armLpaeS1({ ias: 39, oas: 40 }),
  "ARM with the contiguous hint": () => armLpaeS1(hint),
  "ARM, sizes changed live": () => armLpaeS1({ ...hint, breakBeforeMake: "bbm2" }),
  "ARM, all changed live": () => armLpaeS1({ ...hint, breakBeforeMake: "never" }),
  "ARM 16K": () => armLpaeS1({ ias: 36, oas: 40, pageSizes: [2 ** 14, 2 ** 25], contiguousHint: true }),
  "ARM stage 2": () => armLpaeS2({ ias: 40, oas: 40 }),
  AMDv1: () => amdV1({ ias: 39, oas: 40 }),
  "VT-d": () => vtdSecondStage({ ias: 39, oas: 40 }),
  "RISC-V with Svnapot": () => riscv({ ias: 39, oas: 40, svnapot: true }),
  "x86-64": () => x86_64({ ias: 48, oas: 40 }),
  v7s: () => armV7s({ ias: 32, oas: 32 }),
  "DART with four roots": () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] }),
};

interface Page {
  readonly paddr: number;
  readonly prot: number;
}

class Session {
  readonly memory = TableMemory.create({ bytes: 2 ** 24 });
  readonly flushed: [number, number][] = [];
  readonly tlb = new AdversarialTlb();
  readonly table: IoPageTable;
  readonly pages = new Map<number, Page>();
  readonly page: number;
  readonly log: string[] = [];

  constructor(
    readonly format: () => Format,
    readonly random: (below: number) => number,
    readonly watched: boolean,
  ) {
    const note = (iova: number, size: number) => this.flushed.push([iova, iova + size]);
    const flush: FlushOps = {
      flushAll: () => this.tlb.flush.flushAll(),
      flushWalk: (iova, size, granule) => {
        note(iova, size);
        this.tlb.flush.flushWalk(iova, size, granule);
      },
      flushRange: (iova, size, granule) => {
        note(iova, size);
        this.tlb.flush.flushRange(iova, size, granule);
      },
    };
    this.table = new IoPageTable(this.memory, { format: format(), flush });
    this.page = this.table.pageSizes[0] ?? 0;
    if (watched) this.tlb.watch(this.table);
  }

  /** What the format makes of a protection. */
  readsAs(prot: number): number {
    const memory = TableMemory.create({ bytes: 2 ** 20 });
    const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
    using table = new IoPageTable(memory, { format: this.format(), flush });
    table.map(0, 0, this.page, prot);
    return [...table.mappings()][0]?.prot ?? -1;
  }

  range(): { iova: number; size: number } {
    const { page, random } = this;
    const bases = [0, 2 ** 30 - 2 ** 21, 2 ** 31 - page * 2048].map((base) => base - (base % page));
    const alignment = [1, 1, 1, 2, 4, 16, 256, 512][random(8)] ?? 1;
    const index = random(2048);
    const iova = (bases[random(3)] ?? 0) + (index - (index % alignment)) * page;
    const size = ([1, 2, 3, 16, 17, 32, 128, 512, 600, 1024][random(10)] ?? 1) * page;
    return { iova, size: Math.min(size, SPACE - iova) };
  }

  output(iova: number): number {
    const { page, random } = this;
    const kind = random(3);
    const at = kind === 0 ? iova : kind === 1 ? random(2 ** 16) * page : random(8) * 2 ** 25 + (iova % 2 ** 21);
    return (at - (at % page)) % (2 ** 32 - 2 ** 26);
  }

  each(iova: number, size: number, act: (page: number) => void): void {
    for (let at = iova; at < iova + size; at += this.page) act(at);
  }

  /** Every page of the range whose translation changed must have been flushed. */
  expectFlushed(before: ReadonlyMap<number, Page>, iova: number, size: number, differs: (a: Page, b: Page) => boolean) {
    this.each(iova, size, (at) => {
      const old = before.get(at);
      const now = this.pages.get(at);
      if (old === undefined || now === undefined || !differs(old, now)) return;
      const covered = this.flushed.some(([start, end]) => at >= start && at < end);
      if (!covered) throw new Error(`${at.toString(16)} changed and was not flushed`);
    });
  }

  step(reads: ReadonlyMap<number, number>): void {
    const { table, random, pages } = this;
    const { iova, size } = this.range();
    const prot = PROTS[random(4)] ?? RW;
    const before = new Map(pages);
    this.flushed.length = 0;
    const note = (...words: (string | number)[]) => this.log.push(words.map((w) => w.toString(16)).join(" "));
    const kind = random(7);
    if (kind === 0) {
      const paddr = this.output(iova);
      note("map", iova, paddr, size, prot);
      let taken = false;
      this.each(iova, size, (at) => {
        taken ||= pages.has(at);
      });
      if (taken) {
        expect(() => table.map(iova, paddr, size, prot)).toThrow("EEXIST");
        return;
      }
      table.map(iova, paddr, size, prot);
      this.each(iova, size, (at) => void pages.set(at, { paddr: paddr + at - iova, prot }));
    } else if (kind === 1) {
      note("unmap", iova, size);
      let bytes = 0;
      this.each(iova, size, (at) => {
        if (pages.delete(at)) bytes += this.page;
      });
      expect(table.unmap(iova, size)).toBe(bytes);
    } else if (kind <= 3) {
      const paddr = this.output(iova);
      note("replace", iova, paddr, size, prot);
      table.replace(iova, paddr, size, prot);
      this.each(iova, size, (at) => void pages.set(at, { paddr: paddr + at - iova, prot }));
      this.expectFlushed(before, iova, size, (a, b) => a.paddr !== b.paddr || reads.get(a.prot) !== reads.get(b.prot));
    } else if (kind === 4) {
      note("protect", iova, size, prot);
      let bytes = 0;
      this.each(iova, size, (at) => {
        const mapped = pages.get(at);
        if (mapped === undefined) return;
        bytes += this.page;
        pages.set(at, { ...mapped, prot });
      });
      expect(table.protect(iova, size, prot)).toBe(bytes);
      this.expectFlushed(before, iova, size, (a, b) => reads.get(a.prot) !== reads.get(b.prot));
    } else if (kind === 5) {
      note("coalesce", iova, size);
      const inUse = this.memory.stats().tablePagesInUse;
      const freed = table.coalesce(iova, size);
      expect(inUse - this.memory.stats().tablePagesInUse).toBe(freed);
    } else {
      note("coalesce all");
      table.coalesce(0, SPACE);
      expect(table.dump()).toBe(this.freshDump(reads));
    }
  }

  /** The dump of a table in which each run of pages was mapped at once. */
  freshDump(reads: ReadonlyMap<number, number>): string {
    const memory = TableMemory.create({ bytes: 2 ** 24 });
    const flush = { flushAll() {}, flushWalk() {}, flushRange() {} };
    using table = new IoPageTable(memory, { format: this.format(), flush });
    const sorted = [...this.pages].sort(([a], [b]) => a - b);
    for (let i = 0; i < sorted.length; ) {
      const [iova, first] = sorted[i] ?? [0, { paddr: 0, prot: RW }];
      let size = 0;
      for (let next = sorted[i]; next !== undefined; next = sorted[i]) {
        const [at, { paddr, prot }] = next;
        const continues =
          at === iova + size && paddr === first.paddr + size && reads.get(prot) === reads.get(first.prot);
        if (!continues) break;
        size += this.page;
        i++;
      }
      table.map(iova, first.paddr, size, first.prot);
    }
    return table.dump();
  }

  check(reads: ReadonlyMap<number, number>): void {
    if (this.watched) this.tlb.check();
    let mapped = 0;
    for (const run of this.table.mappings()) {
      this.each(0, run.size, (at) => {
        const page = this.pages.get(Number(run.iova) + at);
        mapped++;
        if (page?.paddr !== run.paddr + at || reads.get(page.prot) !== run.prot) {
          throw new Error(
            `${(Number(run.iova) + at).toString(16)} maps ${(run.paddr + at).toString(16)} as ${run.prot}`,
          );
        }
      });
    }
    expect(mapped).toBe(this.pages.size);
    expect(this.memory.stats().tablePagesInUse).toBe(this.table.stats().tablePages);
  }
}

function randomFrom(seed: number): (below: number) => number {
  let x = (seed * 7919) >>> 0 || 1;
  return (below) => {
    x = (x ^ (x << 13)) >>> 0;
    x ^= x >>> 17;
    x = (x ^ (x << 5)) >>> 0;
    return x % below;
  };
}

describe.each(Object.entries(FORMATS).map(([name, format], index) => ({ name, format, index })))(
  "$name",
  ({ format, index }) => {
    const start = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
    test.each(Array.from({ length: SEQUENCES }, (_, i) => start + i))("changes as the model does, seed %i", (seed) => {
      const session = new Session(format, randomFrom(seed), (index + seed) % 2 === 0);
      const reads = new Map(PROTS.map((prot) => [prot, session.readsAs(prot)]));
      try {
        for (let step = 0; step < STEPS; step++) {
          session.step(reads);
          session.check(reads);
        }
      } catch (error) {
        throw new Error(`IO_PGTABLE_SEED=${seed}, step ${session.log.length}: ${session.log.at(-1)}`, { cause: error });
      }
      session.table.unmap(0, SPACE);
      session.pages.clear();
      session.check(reads);
      session.table.destroy();
      expect(session.memory.stats().tablePagesInUse).toBe(0);
    });
  },
);
