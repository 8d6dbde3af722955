// One source over and over, its tables shared: how many tables it takes, that the table reads as one made page by page, and what later changes do to it.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  SegmentList,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const FORMATS: [string, () => Format, number][] = [
  ["ARM LPAE", () => armLpaeS1({ ias: 48, oas: 48 }), K4],
  ["ARM LPAE with the contiguous hint", () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }), K4],
  ["ARM LPAE 16K", () => armLpaeS1({ ias: 47, oas: 48, pageSizes: [2 ** 14, 2 ** 25] }), 2 ** 14],
  ["AMDv1", () => amdV1({ ias: 48, oas: 48 }), K4],
  ["VT-d", () => vtdSecondStage({ ias: 48, oas: 48 }), K4],
  ["x86-64", () => x86_64({ ias: 48, oas: 48 }), K4],
  ["RISC-V with Svnapot", () => riscv({ ias: 48, oas: 48, svnapot: true }), K4],
  ["v7s", () => armV7s({ ias: 32, oas: 32 }), K4],
  ["DART", () => appleDart({ ias: 32, oas: 36, pageSizes: [K4] }), K4],
];

function tableOf(format: Format, bytes = 2 ** 25) {
  const memory = TableMemory.create({ bytes });
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format, flush: journal.flush });
  const roots = memory.stats().tablePagesInUse;
  const finish = (): void => {
    table.unmap(0, 2 ** 32);
    expect(memory.stats().tablePagesInUse).toBe(roots);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { memory, journal, table, finish, roots };
}

interface Repeat {
  iova: number;
  size: number;
  source: { paddr: number; size: number }[];
  phase?: number;
}

/** The same without sharing: each contiguous part of each period by a map of its own. */
function mapEach(table: IoPageTable, { iova, size, source, phase = 0 }: Repeat): void {
  const period = source.reduce((sum, part) => sum + part.size, 0);
  for (let done = 0; done < size; ) {
    let offset = (done + phase) % period;
    for (const part of source) {
      if (offset < part.size) {
        const bytes = Math.min(part.size - offset, size - done);
        table.map(iova + done, part.paddr + offset, bytes, RW);
        done += bytes;
        break;
      }
      offset -= part.size;
    }
  }
}

describe("the number of tables", () => {
  it.each([
    { says: "one page over 16 GiB", iova: G1, size: 16 * G1, source: K4, tables: 2 + 2 },
    { says: "one page over 1 GiB and ragged ends", iova: G1 - K4, size: G1 + 2 * K4, source: K4, tables: 2 + 3 + 3 },
    { says: "three pages over 16 GiB", iova: G1, size: 16 * G1, source: 3 * K4, tables: 2 + 3 + 3 },
    { says: "2 MiB over 4 GiB are blocks", iova: 0, size: 4 * G1, source: M2, tables: 2 + 1 },
    { says: "3 MiB over 3 GiB", iova: 0, size: 3 * G1, source: 3 * 2 ** 20, tables: 2 + 3 + 2 },
  ])("$says", ({ iova, size, source, tables }) => {
    const { table, memory } = tableOf(vtdSecondStage({ ias: 48, oas: 48 }));
    table.mapRepeat(iova, size, { paddr: 0x4000_0000, size: source }, RW);
    expect(memory.stats().tablePagesInUse).toBe(tables);
    const stats = table.stats();
    expect(stats).toMatchObject({ tablePages: tables, mappedBytes: size });
    expect(table.unmap(iova, size)).toBe(size);
    expect(memory.stats().tablePagesInUse).toBe(1);
    table.destroy();
  });
});

describe.each(FORMATS)("%s", (_name, format, page) => {
  const sources = [
    [{ paddr: 0x40_0000, size: page }],
    [{ paddr: 0x40_0000, size: 3 * page }],
    [{ paddr: 0x40_0000, size: 2 ** 25 }],
    [
      { paddr: 0x40_0000, size: 2 * page },
      { paddr: 0x80_0000, size: page },
      { paddr: 0x80_0000 + page, size: 13 * page },
    ],
  ];
  it.each([0, 1, 2, 3])("reads as the same made part by part, source %i", (index) => {
    for (const { iova, periods, phase } of [
      { iova: 0, periods: 2 ** 27 / page, phase: 0 },
      { iova: 2 ** 25 - page, periods: 2 ** 26 / page + 5, phase: 0 },
      { iova: 5 * page, periods: 2 ** 25 / page + 1, phase: 2 * page },
    ]) {
      const repeat = { iova, size: periods * page, source: sources[index] ?? [], phase };
      const [shared, each] = [tableOf(format()), tableOf(format())];
      shared.table.mapRepeat(iova, repeat.size, new SegmentList(repeat.source), RW, phase);
      mapEach(each.table, repeat);
      if (index < 3) expect(shared.table.dump()).toBe(each.table.dump());
      for (let at = iova; at < iova + repeat.size; at += 97 * page) {
        expect(shared.table.iovaToPhys(at)).toBe(each.table.iovaToPhys(at));
      }
      expect(shared.memory.stats().tablePagesInUse).toBeLessThanOrEqual(each.memory.stats().tablePagesInUse);
      shared.finish();
      each.finish();
    }
  });

  it("unmapPages of all that a shared table maps leaves the others that share it alone", () => {
    const { table, finish } = tableOf(format());
    const size = 2 ** 28;
    table.mapRepeat(0, size, { paddr: 0x40_0000, size: page }, RW);
    const removed = table.unmapPages(0, page, 2 ** 13);
    expect(removed).toBeGreaterThan(0);
    const still = Array.from({ length: size / page }, (_, i) => i * page).filter((at) => table.iovaToPhys(at) !== null);
    expect(still).toEqual(Array.from({ length: (size - removed) / page }, (_, i) => removed + i * page));
    expect(table.stats().mappedBytes).toBe(size - removed);
    finish();
  });

  it("unmapRange of what several tables share, and of a part of one, leaves the others alone", () => {
    const { table, finish } = tableOf(format());
    const size = 2 ** 28;
    table.mapRepeat(0, size, { paddr: 0x40_0000, size: page }, RW);
    const [from, bytes] = [2 ** 25 - page, 2 ** 27];
    expect(table.unmapRange(from, bytes)).toBe(bytes);
    const still = Array.from({ length: size / page }, (_, i) => i * page).filter((at) => table.iovaToPhys(at) !== null);
    const outside = (at: number) => at < from || at >= from + bytes;
    expect(still).toEqual(Array.from({ length: size / page }, (_, i) => i * page).filter(outside));
    expect(table.stats().mappedBytes).toBe(size - bytes);
    finish();
  });

  // A table that two entries point to must not become the one that the next calls for single pages go to without a descent.
  it.each([512, 1024, 4096])(
    "unmap of a page after a map that it was in the way of leaves the rest of %i pages alone",
    (pages) => {
      const { table, finish } = tableOf(format());
      const size = pages * page;
      const source = { paddr: 0x40_0000, size: page };
      table.mapRepeat(0, size, source, RW);
      failureOf(() => table.map(page, 0x60_0000, page, RW), "EEXIST");
      expect(table.unmap(page, page)).toBe(page);
      const addresses = Array.from({ length: pages }, (_, i) => i * page);
      expect(addresses.filter((iova) => table.iovaToPhys(iova) !== source.paddr)).toEqual([page]);
      expect(table.stats().mappedBytes).toBe(size - page);
      finish();
    },
  );

  it("changes in one place only what is there", () => {
    const { table, memory, finish } = tableOf(format());
    const size = 2 ** 28;
    const source = { paddr: 0x40_0000, size: page };
    table.mapRepeat(0, size, source, RW);
    const before = memory.stats().tablePagesInUse;
    const model = new Map<number, number | null>();
    const at = [0, 2 ** 26 + 3 * page, size - page, 2 ** 27];
    table.unmap(at[0] ?? 0, page);
    model.set(at[0] ?? 0, null);
    table.replace(at[1] ?? 0, 0x60_0000, page, RW);
    model.set(at[1] ?? 0, 0x60_0000);
    table.protect(at[2] ?? 0, page, Prot.READ);
    table.unmapPages(at[3] ?? 0, page, 2);
    model.set(at[3] ?? 0, null).set((at[3] ?? 0) + page, null);
    for (let iova = 0; iova < size; iova += page) {
      const expected = model.has(iova) ? model.get(iova) : source.paddr;
      if (table.iovaToPhys(iova) !== expected) expect([iova, table.iovaToPhys(iova)]).toEqual([iova, expected]);
    }
    expect([...table.mappings(at[2], page)].at(-1)?.prot).not.toBe([...table.mappings(page, page)][0]?.prot);
    expect(memory.stats().tablePagesInUse).toBeGreaterThanOrEqual(before);
    finish();
  });
});

describe("flushes", () => {
  it("of a copy say that the walk of its span changed, and the copied table is freed with its last entry", () => {
    const { table, journal, memory } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
    table.mapRepeat(0, 2 * G1, { paddr: 0x4000_0000, size: K4 }, RW);
    expect(journal.take()).toEqual([]);
    expect(memory.stats().tablePagesInUse).toBe(4);
    table.unmap(G1 + M2, K4);
    expect(memory.stats().tablePagesInUse).toBe(6);
    expect(journal.take()).toEqual([
      { kind: "walk", iova: BigInt(G1), size: BigInt(G1), granule: 4096n },
      { kind: "walk", iova: BigInt(G1 + M2), size: BigInt(M2), granule: 4096n },
      { kind: "range", iova: BigInt(G1 + M2), size: 4096n, granule: 4096n },
    ]);
    expect(table.unmap(0, G1)).toBe(G1);
    expect(memory.stats().tablePagesInUse).toBe(5);
    expect(table.unmap(0, 2 * G1)).toBe(G1 - K4);
    expect(memory.stats().tablePagesInUse).toBe(1);
    table.destroy();
  });
});

describe("a repeat over all of a wide space", () => {
  const whole = 2 ** 57;
  const removals: [string, (table: IoPageTable) => unknown, unknown][] = [
    ["unmap", (table) => table.unmap(0, whole), whole],
    ["unmapRange", (table) => table.unmapRange(0, whole), whole],
    ["trim and destroy", (table) => table.trim(), 0],
  ];
  it.each(removals)("%s looks into a table once, and not once for each way to it", (_, remove, answer) => {
    const { table, memory } = tableOf(riscv({ ias: 57, oas: 50 }));
    table.mapRepeat(0, whole, { paddr: 0x8000_0000, size: 3 * K4 }, RW);
    expect(remove(table)).toBe(answer);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

it("unmapRange of a table that stays elsewhere says that the walk of its span changed", () => {
  const { table, journal, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
  table.mapRepeat(0, 4 * M2, { paddr: 0x4000_0000, size: K4 }, RW);
  expect(table.unmapRange(M2, M2)).toBe(M2);
  expect(journal.take()).toEqual([{ kind: "walk", iova: BigInt(M2), size: BigInt(M2), granule: 4096n }]);
  finish();
});

describe("dirty state of a shared leaf", () => {
  it("is reported at every address, and kept by a read that clears", () => {
    const { table, memory } = tableOf(amdV1({ ias: 39, oas: 40, pageSizes: [K4, M2, G1] }));
    table.mapRepeat(0, 8 * M2, { paddr: 0x4000_0000, size: K4 }, RW);
    const words = new BigUint64Array(memory.buffer);
    const at = ((table.walk(5 * K4).at(-1)?.entryPaddr ?? 0) - memory.physBase) / 8;
    words[at] = (words[at] ?? 0n) | (1n << 6n);
    const bitmap = new Uint8Array((8 * M2) / K4 / 8);
    expect(table.readDirty(0, 8 * M2, bitmap, { clear: true })).toBe(8);
    expect(table.readDirty(M2, M2, new Uint8Array(64))).toBe(1);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("all or nothing", () => {
  it("with something mapped in the way", () => {
    const { table, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
    table.map(G1 + 5 * M2, 0, K4, RW);
    const before = table.dump();
    const failure = failureOf(() => table.mapRepeat(0, 2 * G1, { paddr: 0, size: K4 }, RW), "EEXIST");
    expect(failure.iova).toBe(BigInt(G1 + 5 * M2));
    expect(table.dump()).toBe(before);
    finish();
  });

  it("with no page at the k-th request", () => {
    for (let k = 0; k < 8; k++) {
      const guest = guestMemory();
      const allocator = new PageAllocator(guest);
      const { flush } = flushJournal();
      const table = new IoPageTable(guest.memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush, allocator });
      const asked = allocator.requests.length;
      allocator.answer = (request) => (request === asked + k ? null : undefined);
      const map = () => table.mapRepeat(G1 - K4, 2 * G1, { paddr: 0x4000_0000, size: 3 * K4 }, RW);
      if (allocator.requests.length + k < asked + 8) failureOf(map, "ENOMEM");
      expect(table.dump()).toBe("R 0 0 512\n");
      expect(allocator.live.size).toBe(1);
      allocator.answer = () => undefined;
      allocator.watchesFrees = false;
      table.destroy();
      expect(allocator.live.size).toBe(0);
    }
  });

  it.each<[string, (t: IoPageTable) => unknown, "EINVAL" | "ERANGE"]>([
    ["an empty source", (t) => t.mapRepeat(0, K4, [], RW), "EINVAL"],
    ["a source of half a page", (t) => t.mapRepeat(0, K4, { paddr: 0, size: 0x800 }, RW), "EINVAL"],
    ["a misaligned source", (t) => t.mapRepeat(0, K4, { paddr: 0x800, size: K4 }, RW), "EINVAL"],
    ["a source beyond the output space", (t) => t.mapRepeat(0, K4, { paddr: 2 ** 48, size: K4 }, RW), "ERANGE"],
    ["a phase of half a page", (t) => t.mapRepeat(0, K4, { paddr: 0, size: K4 }, RW, 0x800), "EINVAL"],
    ["a range beyond", (t) => t.mapRepeat(2 ** 48 - K4, 2 * K4, { paddr: 0, size: K4 }, RW), "ERANGE"],
    ["no protection", (t) => t.mapRepeat(0, K4, { paddr: 0, size: K4 }, 0), "EINVAL"],
  ])("with %s", (_name, map, code) => {
    const { table, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
    failureOf(() => map(table), code);
    expect(table.dump()).toBe("R 0 0 512\n");
    finish();
  });
});
