// replace, protect and coalesce: what is cleared first and what is not, what is flushed, and what a failure leaves.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, IoPageTable, Prot, type TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";
import { tableOf, watched } from "./support/watchedTable.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;
const range = (iova: number, size: number, granule: number) => ({
  kind: "range",
  iova: BigInt(iova),
  size: BigInt(size),
  granule: BigInt(granule),
});
const walk = (iova: number, size: number) => ({ kind: "walk", iova: BigInt(iova), size: BigInt(size), granule: 4096n });

const arm = (breakBeforeMake: "always" | "bbm2" | "never") => () => armLpaeS1({ ias: 48, oas: 48, breakBeforeMake });

describe("break-before-make", () => {
  it.each<{ mode: "always" | "bbm2" | "never"; says: string; change: (t: IoPageTable) => unknown; broken: boolean }>([
    { mode: "always", says: "another address", change: (t) => t.replace(0, 0x9000, K4, RW), broken: true },
    { mode: "bbm2", says: "another address", change: (t) => t.replace(0, 0x9000, K4, RW), broken: true },
    { mode: "never", says: "another address", change: (t) => t.replace(0, 0x9000, K4, RW), broken: false },
    { mode: "always", says: "fewer rights", change: (t) => t.protect(0, K4, Prot.READ), broken: false },
    { mode: "always", says: "another memory type", change: (t) => t.protect(0, K4, RW | Prot.CACHE), broken: true },
    { mode: "bbm2", says: "another memory type", change: (t) => t.protect(0, K4, RW | Prot.CACHE), broken: true },
    { mode: "never", says: "another memory type", change: (t) => t.protect(0, K4, RW | Prot.CACHE), broken: false },
  ])("$mode: a page with $says is invalid at its flush: $broken", ({ mode, change, broken }) => {
    const { table, seen, finish } = watched(arm(mode), [0, K4]);
    table.map(0, 0x4000, K4, RW);
    table.map(K4, 0x8000, K4, RW);
    change(table);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen[0]?.[0] === null).toBe(broken);
    for (const [, neighbour] of seen) expect(neighbour, "an address that does not change").toBe(0x8000);
    finish();
  });

  it.each([
    { mode: "always", broken: true },
    { mode: "bbm2", broken: false },
    { mode: "never", broken: false },
  ] as const)("$mode: the rest of a block that is split is invalid at the flush: $broken", ({ mode, broken }) => {
    const { table, seen, finish } = watched(arm(mode), [M2 + 0x5000, M2 + 0x8000]);
    table.map(M2, M2, M2, RW);
    table.protect(M2 + 0x8000, K4, Prot.READ);
    expect(seen).toEqual([broken ? [null, null] : [M2 + 0x5000, M2 + 0x8000]]);
    expect(table.iovaToPhys(M2 + 0x8000)).toBe(M2 + 0x8000);
    finish();
  });

  it("between read-only pages another address needs none", () => {
    const { table, seen, finish } = watched(arm("always"), [0]);
    table.map(0, 0x4000, K4, Prot.READ);
    table.replace(0, 0x9000, K4, Prot.READ);
    expect(seen).toEqual([[0x9000]]);
    finish();
  });

  it("is flushed at once, also with a gather", () => {
    const { table, journal, finish } = tableOf(arm("always")());
    table.map(0, 0x4000, 4 * K4, RW);
    const gather = table.gather();
    table.replace(0, 0x9000, 2 * K4, RW, gather);
    expect(journal.take()).toEqual([range(0, 2 * K4, K4)]);
    gather.sync();
    expect(journal.take()).toEqual([]);
    finish();
  });

  it("is carried through when its flush throws; the flush is owed and the error passes on", () => {
    const calls: number[] = [];
    let fails = false;
    const flush = {
      flushAll() {},
      flushWalk() {},
      flushRange(iova: number) {
        calls.push(iova);
        if (fails) throw new Error("no answer");
      },
    };
    const { table, finish } = tableOf(arm("always")(), flush);
    table.map(0, 0x4000, 2 * K4, RW);
    fails = true;
    expect(() => table.replace(0, 0x9000, K4, RW)).toThrow("no answer");
    expect(table.iovaToPhys(0)).toBe(0x9000);
    fails = false;
    calls.length = 0;
    table.unmap(K4, K4);
    expect(calls).toEqual([0, K4]);
    finish();
  });
});

describe("tables that give way in a change whose flush throws (their pages were lost)", () => {
  it.each<[string, (t: IoPageTable) => unknown]>([
    ["replace", (t) => t.replace(0, 0, M2, RW)],
    ["coalesce", (t) => t.coalesce(0, M2)],
  ])("%s: are freed with the flush that is owed", (_name, change) => {
    let fails = false;
    const flush = {
      flushAll() {},
      flushRange() {},
      flushWalk() {
        if (fails) throw new Error("no answer");
      },
    };
    const { table, memory, finish } = tableOf(arm("always")(), flush);
    for (let page = 0; page < 512; page++) table.map(page * K4, page * K4, K4, RW);
    const inUse = memory.stats().tablePagesInUse;
    fails = true;
    expect(() => change(table)).toThrow("no answer");
    expect([...table.mappings()]).toMatchObject([{ pageSize: M2 }]);
    expect(memory.stats().tablePagesInUse).toBe(inUse);
    fails = false;
    table.map(M2, 0, K4, RW);
    table.unmap(M2, K4);
    expect(memory.stats().tablePagesInUse).toBe(inUse - 1);
    finish();
  });
});

describe("flushes", () => {
  it("report a leaf that is changed once, at its size, and nothing that stays as it is", () => {
    const { table, journal, finish } = tableOf(vtdSecondStage({ ias: 39, oas: 40 }));
    table.map(0, 0, 4 * M2, RW);
    table.replace(M2 + 0x3000, 0x100000, 0x2000, RW);
    expect(journal.take()).toEqual([range(M2, M2, M2)]);
    table.replace(M2 + 0x3000, 0x100000, 0x2000, RW);
    table.protect(0, M2, RW);
    expect(journal.take()).toEqual([]);
    table.replace(0, 2 ** 30, 2 * M2, RW);
    expect(journal.take()).toEqual([range(0, M2, M2), walk(M2, M2)]);
    finish();
  });

  it("say that a table gave way to a leaf before its page is free", () => {
    const { table, journal, memory, finish } = tableOf(vtdSecondStage({ ias: 39, oas: 40 }));
    for (let page = 0; page < 512; page++) table.map(page * K4, page * K4, K4, RW);
    const gather = table.gather();
    const pooled = memory.stats().tablePagesPooled;
    expect(table.coalesce(0, M2, gather)).toBe(1);
    expect(journal.take()).toEqual([]);
    expect(memory.stats().tablePagesPooled).toBe(pooled);
    gather.sync();
    expect(journal.take()).toEqual([walk(0, M2)]);
    expect(memory.stats().tablePagesPooled).toBe(pooled + 1);
    expect(table.dump()).toBe("R 0 2 512\nT 2 0 0 3\nT 1 0 0 3\n".replace("T 1 0 0 3\n", "P 1 0 0 83\n"));
    finish();
  });

  it("tell of what was mapped where nothing was", () => {
    const mapped: [number, number][] = [];
    const { flush } = flushJournal();
    const { table, finish } = tableOf(vtdSecondStage({ ias: 39, oas: 40 }), {
      ...flush,
      mapped: (iova, size) => void mapped.push([iova, size]),
    });
    table.map(2 * K4, 0, K4, RW);
    mapped.length = 0;
    table.replace(0, 0x8000, 5 * K4, RW);
    expect(mapped).toEqual([
      [0, 2 * K4],
      [3 * K4, 2 * K4],
    ]);
    finish();
  });
});

describe("dirty state", () => {
  const touch = (table: IoPageTable, memory: TableMemory, iova: number): void => {
    const words = new BigUint64Array(memory.buffer);
    const at = ((table.walk(iova).at(-1)?.entryPaddr ?? 0) - memory.physBase) / 8;
    words[at] = (words[at] ?? 0n) | (1n << 6n);
  };
  const dirtyPages = (table: IoPageTable, size: number): number =>
    table.readDirty(0, size, new Uint8Array(size / K4 / 8));

  it("is kept by protect, also in the parts of a leaf that is split", () => {
    const { table, memory, finish } = tableOf(amdV1({ ias: 39, oas: 40 }));
    table.map(0, 0, 0x10000, RW);
    touch(table, memory, 0);
    table.protect(0x4000, 0x2000, Prot.READ);
    expect(dirtyPages(table, 0x10000)).toBe(16);
    table.protect(0, 0x8000, Prot.WRITE);
    expect(dirtyPages(table, 0x10000)).toBe(16);
    finish();
  });

  it("of one part becomes that of the leaf that coalesce makes", () => {
    const { table, memory, finish } = tableOf(amdV1({ ias: 39, oas: 40 }));
    for (let page = 0; page < 16; page++) table.map(page * K4, page * K4, K4, RW);
    touch(table, memory, 3 * K4);
    expect(dirtyPages(table, 0x10000)).toBe(1);
    table.coalesce(0, 0x10000);
    expect([...table.mappings()]).toMatchObject([{ pageSize: 0x10000 }]);
    expect(dirtyPages(table, 0x10000)).toBe(16);
    finish();
  });
});

describe("a failure changes nothing", () => {
  const CHANGES: [string, (table: IoPageTable) => unknown][] = [
    ["replace in the middle of a 1G block", (t) => t.replace(2 ** 30 + M2 + K4, 0x8000, 0x3000, RW)],
    ["replace across two blocks", (t) => t.replace(2 ** 30 - K4, 0x8000, 2 * K4, RW)],
    ["protect inside a block", (t) => t.protect(2 ** 30 + 0x5000, K4, Prot.READ)],
    ["replace where nothing is", (t) => t.replace(2 ** 39 + K4, 0, K4, RW)],
  ];
  it.each(CHANGES)("%s, with no page at the k-th request", (_name, change) => {
    for (let k = 0; ; k++) {
      const guest = guestMemory();
      const allocator = new PageAllocator(guest);
      const journal = flushJournal();
      const format = armLpaeS1({ ias: 48, oas: 48 });
      const table = new IoPageTable(guest.memory, { format, flush: journal.flush, allocator });
      table.map(0, 0, 2 ** 31, RW);
      const before = table.dump();
      const [inUse, asked] = [allocator.live.size, allocator.requests.length];
      allocator.answer = (request) => (request === asked + k ? null : undefined);
      let failed = true;
      try {
        change(table);
        failed = false;
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOMEM" });
        expect(table.dump()).toBe(before);
        expect(journal.take()).toEqual([]);
        expect(allocator.live.size).toBe(inUse);
      }
      allocator.answer = () => undefined;
      allocator.watchesFrees = false;
      table.destroy();
      expect(allocator.live.size).toBe(0);
      expect(guest.memory.stats().tablePagesInUse).toBe(0);
      if (!failed) {
        expect(k, "at least one page was asked for").toBeGreaterThan(0);
        return;
      }
    }
  });

  it.each<[string, (t: IoPageTable) => unknown, "EINVAL" | "ERANGE"]>([
    ["a misaligned replace", (t) => t.replace(0x800, 0, K4, RW), "EINVAL"],
    ["an output beyond", (t) => t.replace(0, 2 ** 48 - K4, 2 * K4, RW), "ERANGE"],
    ["an input beyond", (t) => t.replace(2 ** 48, 0, K4, RW), "ERANGE"],
    ["protect without READ and WRITE", (t) => t.protect(0, K4, Prot.NOEXEC), "EINVAL"],
    ["protect of nothing", (t) => t.protect(0, 0, RW), "EINVAL"],
    ["coalesce beyond", (t) => t.coalesce(2 ** 48 - K4, 2 * K4), "ERANGE"],
  ])("%s", (_name, change, code) => {
    const { table, journal, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
    table.map(0, 0, M2, RW);
    const before = table.dump();
    failureOf(() => change(table), code);
    expect(table.dump()).toBe(before);
    expect(journal.take()).toEqual([]);
    finish();
  });
});
