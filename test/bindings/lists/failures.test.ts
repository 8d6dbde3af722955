// All or nothing: whatever stops a list, at whichever entry, the table is what it was, and no page is lost.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  riscv,
  TableMemory,
  x86_64,
} from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { MIB, useTable } from "../support/fixture.js";
import { flushJournal } from "../support/flushJournal.js";
import { guestMemory } from "../support/guestMemory.js";
import { PageAllocator } from "../support/pageAllocator.js";
import { callsFor, type ListCase, RW, randomFrom } from "./listCase.js";

const PAGE = 4096;
const FORMATS: [string, () => Format, number][] = [
  ["ARM", () => armLpaeS1({ ias: 48, oas: 48 }), PAGE],
  ["ARM, pages of 2M", () => armLpaeS1({ ias: 48, oas: 48 }), 2 * MIB],
  ["ARM with the contiguous hint", () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }), PAGE],
  ["ARM with the contiguous hint, pages of 64K", () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }), 2 ** 16],
  ["AMDv1", () => amdV1({ ias: 48, oas: 48 }), PAGE],
  ["v7s", () => armV7s({ ias: 32, oas: 32 }), PAGE],
  ["RISC-V", () => riscv({ ias: 39, oas: 50 }), PAGE],
  ["x86-64", () => x86_64({ ias: 47, oas: 52 }), PAGE],
];

/** Scattered pages and two short runs, across the end of a table of pages. */
function listAcross(pageSize: number): ListCase {
  const random = randomFrom(7);
  const pages = Array.from({ length: 20 }, () => (16 + random(60)) * pageSize);
  for (let i = 0; i < 4; i++) pages.push((100 + i) * pageSize);
  for (let i = 0; i < 16; i++) pages.push((112 + i) * pageSize);
  return { iova: BigInt(2 ** 30 - 18 * pageSize), pageSize, pages };
}

const at = (list: ListCase, index: number): number => Number(list.iova) + index * list.pageSize;

describe.each(FORMATS)("%s", (_name, format, pageSize) => {
  const list = listAcross(pageSize);

  it("EEXIST at each entry", () => {
    useTable(format(), ({ table, memory, journal }) => {
      const calls = callsFor(memory, list);
      table.mapList(list.iova, list.pages, pageSize, RW);
      const leaves = list.pages.map((_, index) => table.walk(at(list, index)).at(-1)?.iova);
      table.unmap(list.iova, list.pages.length * pageSize);
      for (const index of list.pages.keys()) {
        table.map(at(list, index), 0, PAGE, RW);
        const before = table.dump();
        const { tablePagesInUse } = memory.stats();
        for (const [says, call] of calls) {
          const failure = failureOf(() => call(table), "EEXIST");
          expect(failure.iova, says).toBe(leaves[index]);
          expect(failure.operation).toMatch(/^map(List|Frames|Segments)$/);
          expect(table.dump(), says).toBe(before);
          expect(memory.stats().tablePagesInUse, says).toBe(tablePagesInUse);
        }
        table.unmap(at(list, index), PAGE);
      }
      journal.take();
    });
  });

  it.each([
    { says: "NaN", bad: () => Number.NaN, code: "EINVAL" },
    { says: "infinite", bad: () => Number.POSITIVE_INFINITY, code: "EINVAL" },
    { says: "negative", bad: (page: number) => -page, code: "EINVAL" },
    { says: "a fraction", bad: (page: number) => page + 0.5, code: "EINVAL" },
    { says: "hardly a fraction", bad: (page: number) => page * (1 + Number.EPSILON), code: "EINVAL" },
    { says: "tiny", bad: () => Number.MIN_VALUE, code: "EINVAL" },
    { says: "a tiny negative", bad: () => -1e-200, code: "EINVAL" },
    { says: "misaligned", bad: (page: number, size: number) => page + size / 2, code: "EINVAL" },
    { says: "misaligned by a byte", bad: (page: number) => page + 1, code: "EINVAL" },
    { says: "outside", bad: () => 2 ** 52, code: "ERANGE" },
    { says: "far outside", bad: () => 2 ** 63, code: "ERANGE" },
    { says: "beyond 64 bits", bad: () => 2 ** 70, code: "ERANGE" },
  ] as const)("$says at each entry: nothing is touched", ({ bad, code }) => {
    useTable(format(), ({ table, memory, journal }) => {
      table.map(at(list, 40), 0, pageSize, RW);
      journal.take();
      const inside = memory.float64Array(list.pages.length);
      const before = { dump: table.dump(), stats: memory.stats() };
      for (const index of list.pages.keys()) {
        inside.set(list.pages);
        inside[index] = bad(list.pages[index] ?? 0, pageSize);
        for (const pages of [inside, Float64Array.from(inside), [...inside]]) {
          const failure = failureOf(() => table.mapList(list.iova, pages, pageSize, RW), code);
          expect(failure.iova).toBe(BigInt(at(list, index)));
          expect(failure.message).toContain(`pages[${index}]`);
        }
      }
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
      expect(journal.take()).toEqual([]);
    });
  });

  it.each([
    { says: "NaN", bad: () => Number.NaN, code: "EINVAL" },
    { says: "negative", bad: () => -1, code: "EINVAL" },
    { says: "a fraction", bad: (frame: number) => frame + 2 ** -12, code: "EINVAL" },
    { says: "hardly a fraction", bad: (frame: number) => frame * (1 + Number.EPSILON), code: "EINVAL" },
    { says: "outside", bad: () => 2 ** 52 / pageSize, code: "ERANGE" },
    { says: "far outside", bad: () => 2 ** 60, code: "ERANGE" },
  ] as const)("a frame number that is $says at each entry: nothing is touched", ({ bad, code }) => {
    useTable(format(), ({ table, memory, journal }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      for (const index of list.pages.keys()) {
        const frames = Float64Array.from(list.pages, (page) => page / pageSize);
        frames[index] = bad(frames[index] ?? 0);
        const failure = failureOf(() => table.mapFrames(list.iova, frames, pageSize, RW), code);
        expect(failure.message).toContain(`frames[${index}]`);
      }
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
      expect(journal.take()).toEqual([]);
    });
  });

  it("bigints and 32-bit frames outside or misaligned, at each entry", () => {
    useTable(format(), ({ table, memory }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      for (const index of list.pages.keys()) {
        const wide = BigUint64Array.from(list.pages, BigInt);
        wide[index] = 2n ** 64n - BigInt(pageSize);
        failureOf(() => table.mapList(list.iova, wide, pageSize, RW), "ERANGE");
        wide[index] = 2n ** 63n + 1n;
        failureOf(() => table.mapList(list.iova, wide, pageSize, RW), "EINVAL");
        const narrow = Uint32Array.from(list.pages, (page) => page / pageSize);
        narrow[index] = 2 ** 32 - 1;
        if ((2 ** 32 - 1) * pageSize < 2 ** table.oas) continue;
        failureOf(() => table.mapFrames(list.iova, narrow, pageSize, RW), "ERANGE");
      }
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
    });
  });
});

describe("a list too long to be checked first", () => {
  const LENGTH = 10_000;
  const scattered = (random: (below: number) => number) =>
    Float64Array.from({ length: LENGTH }, () => (1 + random(2 ** 20)) * PAGE);

  it.each([
    { says: "in the first table", index: 3 },
    { says: "in the middle of a table", index: 5000 },
    { says: "at the end", index: LENGTH - 1 },
  ])("is taken back whole when an entry $says is none, and what was visible is flushed", ({ index }) => {
    for (const value of [Number.NaN, -PAGE, 4096.5, 2 ** 49, PAGE * (1 + Number.EPSILON)]) {
      useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
        table.map(2 ** 31 + LENGTH * PAGE, 0, PAGE, RW);
        const before = table.dump();
        const { tablePagesInUse } = memory.stats();
        const pages = scattered(randomFrom(index));
        pages[index] = value;
        const failure = failureOf(() => table.mapList(2 ** 31, pages, PAGE, RW), "EINVAL", "ERANGE");
        expect(failure.iova).toBe(BigInt(2 ** 31 + index * PAGE));
        expect(table.dump()).toBe(before);
        expect(memory.stats().tablePagesInUse).toBe(tablePagesInUse);
        const flushed = journal.take();
        const visible = Math.floor(index / 512) * 512;
        for (let page = 0; page < visible; page += 37) {
          const iova = BigInt(2 ** 31 + page * PAGE);
          expect(flushed.some((f) => f.kind === "walk" && iova >= f.iova && iova < f.iova + f.size)).toBe(true);
        }
      });
    }
  });

  it("is taken back whole when its last page is in the way of another", () => {
    useTable(
      armLpaeS1({ ias: 48, oas: 48, coherentWalk: false, syncForDevice: () => undefined }),
      ({ table, memory }) => {
        const pages = memory.float64Array(200_000);
        const random = randomFrom(3);
        for (let i = 0; i < pages.length; i++) pages[i] = random(2 ** 24) * PAGE;
        table.map(pages.length * PAGE - PAGE, 0, PAGE, RW);
        const before = { dump: table.dump(), inUse: memory.stats().tablePagesInUse };
        const failure = failureOf(() => table.mapList(0, pages, PAGE, RW), "EEXIST");
        expect(failure.iova).toBe(BigInt(pages.length * PAGE - PAGE));
        expect({ dump: table.dump(), inUse: memory.stats().tablePagesInUse }).toEqual(before);
      },
    );
  });
});

function guestTable(format: Format) {
  const guest = guestMemory();
  const allocator = new PageAllocator(guest);
  const table = new IoPageTable(guest.memory, { format, flush: flushJournal().flush, allocator });
  return { guest, allocator, table };
}

/** Tables of the short descriptors do not reach the second window of the guest. */
const ANYWHERE = FORMATS.filter(([name]) => name !== "v7s");

describe.each(ANYWHERE)("%s with a caller's allocator", (_name, format, pageSize) => {
  const list = listAcross(pageSize);

  it("asks for exactly the pages that it needs, before anything changes", () => {
    const { guest, allocator, table } = guestTable(format());
    for (const [says, call] of callsFor(guest.memory, list)) {
      const asked = allocator.requests.length;
      const freed = allocator.live.size;
      call(table);
      expect(allocator.requests.length - asked, says).toBe(guest.memory.stats().tablePagesInUse - freed);
      expect(allocator.live.size, says).toBe(guest.memory.stats().tablePagesInUse);
      table.unmap(list.iova, list.pages.length * pageSize);
    }
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
  });

  it("no page at the k-th request, for each k: nothing changed, nothing lost", () => {
    const { guest, allocator, table } = guestTable(format());
    table.map(Number(list.iova) - pageSize, 0, pageSize, RW);
    for (const [says, call] of callsFor(guest.memory, list)) {
      const before = { dump: table.dump(), live: [...allocator.live.keys()].sort() };
      let refusals = 0;
      for (let failed = true; failed; refusals++) {
        const refused = allocator.requests.length + refusals;
        allocator.answer = (request) => (request === refused ? null : undefined);
        failed = attempt(() => call(table));
        if (failed) expect({ dump: table.dump(), live: [...allocator.live.keys()].sort() }, says).toEqual(before);
      }
      expect(refusals, says).toBeGreaterThan(1);
      allocator.answer = () => undefined;
      table.unmap(list.iova, list.pages.length * pageSize);
      expect(table.dump(), says).toBe(before.dump);
    }
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
  });

  it("an entry that is none: no page is asked for", () => {
    const { guest, allocator, table } = guestTable(format());
    const asked = allocator.requests.length;
    for (const length of [40, 9000]) {
      const pages = new Float64Array(length).map((_, i) => (i % 40) * 2 * pageSize);
      pages[length - 1] = Number.NaN;
      const iova = 2 ** 31 - 2 ** 30;
      const room = (2 ** 31 - iova) / pageSize;
      if (length > room) continue;
      failureOf(() => table.mapList(iova, pages, pageSize, RW), "EINVAL");
    }
    expect(allocator.requests.length).toBe(asked);
    allocator.watchesFrees = false;
    table.destroy();
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });
});

function attempt(act: () => void): boolean {
  try {
    act();
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOMEM" });
    return true;
  }
}

describe("the pool runs out", () => {
  it("in the middle of a list: all of it is taken back", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: flushJournal().flush });
    table.map(0, 0, PAGE, RW);
    const before = { dump: table.dump(), inUse: memory.stats().tablePagesInUse };
    const pages = Float64Array.from({ length: 512 * 400 }, (_, i) => (i % 97) * 3 * PAGE);
    const failure = failureOf(() => table.mapList(2 ** 30, pages, PAGE, RW), "ENOMEM");
    expect(failure.iova).toBeGreaterThan(BigInt(2 ** 30));
    expect({ dump: table.dump(), inUse: memory.stats().tablePagesInUse }).toEqual(before);
    table.mapList(2 ** 30, pages.subarray(0, 512 * 40), PAGE, RW);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("arrays that are gone", () => {
  function detached<T extends Float64Array | BigUint64Array | Uint32Array>(array: T): T {
    structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
    return array;
  }

  it("detached before the call", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      failureOf(() => table.mapList(0, detached(new Float64Array(2)), PAGE, RW), "EINVAL");
      failureOf(() => table.mapList(0, detached(new BigUint64Array(2)), PAGE, RW), "EINVAL");
      failureOf(() => table.mapFrames(0, detached(new Float64Array(2)), PAGE, RW), "EINVAL");
      failureOf(() => table.mapFrames(0, detached(new Uint32Array(2)), PAGE, RW), "EINVAL");
      expect(table.stats().mappedBytes).toBe(0);
    });
  });

  it("by a growth of the memory in the allocator: EINVAL, and no page is lost", () => {
    const guest = guestMemory({ shared: false });
    const allocator = new PageAllocator(guest);
    const format = armLpaeS1({ ias: 48, oas: 48 });
    const table = new IoPageTable(guest.memory, { format, flush: flushJournal().flush, allocator });
    const pages = guest.memory.float64Array(600).fill(0x5000);
    const live = allocator.live.size;
    const before = table.dump();
    allocator.onAlloc = () => {
      guest.wasm.grow(1);
      allocator.onAlloc = () => undefined;
    };
    failureOf(() => table.mapList(0, pages, PAGE, RW), "EINVAL");
    expect(table.dump()).toBe(before);
    expect(allocator.live.size).toBe(live);
    table.mapList(0, guest.memory.float64Array(600).fill(0x5000), PAGE, RW);
    expect(table.iovaToPhys(599 * PAGE + 1)).toBe(0x5001);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
  });

  it("an array of the caller's own stays usable when the memory grows meanwhile", () => {
    const guest = guestMemory({ shared: false });
    const allocator = new PageAllocator(guest);
    const format = armLpaeS1({ ias: 48, oas: 48 });
    const table = new IoPageTable(guest.memory, { format, flush: flushJournal().flush, allocator });
    allocator.onAlloc = () => {
      guest.wasm.grow(1);
      allocator.onAlloc = () => undefined;
    };
    table.mapList(0, new Float64Array(1500).fill(0x5000), PAGE, RW);
    expect(table.stats().mappedBytes).toBe(1500 * PAGE);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
  });
});
