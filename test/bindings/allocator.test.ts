import { describe, expect, it } from "vitest";
import {
  amdV1,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  type FlushOps,
  type Format,
  IoPageTable,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });

function guestTable<R>(format: Format<R>, flush: FlushOps = flushJournal().flush) {
  const guest = guestMemory();
  const allocator = new PageAllocator(guest);
  const table = new IoPageTable(guest.memory, { format, flush, allocator });
  return { guest, allocator, table, memory: guest.memory };
}

function finish({
  table,
  memory,
  allocator,
}: {
  table: IoPageTable;
  memory: TableMemory;
  allocator: PageAllocator;
}): void {
  allocator.answer = () => undefined;
  allocator.watchesFrees = false;
  table.destroy();
  expect([...allocator.live.values()]).toEqual([]);
  expect(memory.stats().tablePagesInUse).toBe(0);
}

describe("the root comes first", () => {
  it.each<{ says: string; format: Format; bytes: number; level: number }>([
    { says: "a whole page", format: stage1(), bytes: 4096, level: 0 },
    { says: "shorter than a page", format: armLpaeS1({ ias: 36, oas: 36 }), bytes: 512, level: 1 },
    { says: "never below 64 bytes", format: armMaliLpae({ ias: 33, oas: 36 }), bytes: 64, level: 0 },
    { says: "two tables", format: armLpaeS2({ ias: 40, oas: 40 }), bytes: 8192, level: 1 },
    { says: "64K", format: armLpaeS1({ ias: 42, oas: 48, pageSizes: [2 ** 16] }), bytes: 65536, level: 2 },
    { says: "AMDv1", format: amdV1({ ias: 48, oas: 52 }), bytes: 4096, level: 3 },
  ])("$says", ({ format, bytes, level }) => {
    const made = guestTable(format);
    expect(made.allocator.requests.map((page) => [page.bytes, page.level])).toEqual([[bytes, level]]);
    finish(made);
  });
});

describe("pages of the caller's", () => {
  it("are asked for by level, and their rubbish never shows", () => {
    const made = guestTable(stage1());
    made.table.map(0x1000, 0x5000, 0x1000, RW);
    expect(made.allocator.requests.map((page) => page.level)).toEqual([0, 1, 2, 3]);
    const lines = made.table.dump().trim().split("\n");
    expect(lines).toEqual(["R 0 0 512", "T 0 0 0 3", "T 1 0 0 3", "T 2 0 0 3", "P 3 1 1000 5e43"]);
    expect(made.table.iovaToPhys(0)).toBeNull();
    finish(made);
  });

  it("stand in any window: every entry has the page's own physical address", () => {
    const made = guestTable(stage1());
    for (let i = 0; i < 8; i++) made.table.map(i * 2 * MIB, 0x10000000 + i * 4096, 4096, RW);
    const roots = made.allocator.requests.slice(0, 1).map(({ offset }) => offset);
    for (const { offset } of made.allocator.live.values()) {
      expect(made.allocator.referrers(offset)).toBe(roots.includes(offset) ? 0 : 1);
    }
    for (let i = 0; i < 8; i++) expect(made.table.iovaToPhys(i * 2 * MIB + 5)).toBe(0x10000000 + i * 4096 + 5);
    finish(made);
  });

  it("are all fetched before the first entry is written", () => {
    const made = guestTable(stage1());
    made.table.map(0, 0, 0x1000, RW);
    const before = made.allocator.contents();
    let asked = 0;
    made.allocator.onAlloc = () => {
      asked++;
      for (const [offset, bytes] of before) expect(made.allocator.contents().get(offset)).toBe(bytes);
    };
    made.table.map(2 ** 21 - 0x1000, 2 ** 30, 8 * MIB, RW);
    expect(asked).toBeGreaterThan(1);
    made.allocator.onAlloc = () => undefined;
    finish(made);
  });

  it("come back only after the flush that covers them has returned", () => {
    const events: string[] = [];
    const note = (what: string) => (iova?: number, size?: number) => {
      events.push(iova === undefined ? what : `${what} ${iova.toString(16)} ${size?.toString(16)}`);
    };
    const flush = { flushAll: note("all"), flushWalk: note("walk"), flushRange: note("range") };
    const made = guestTable(stage1(), flush);
    made.allocator.onFree = note("free");
    made.table.map(0x200000, 0x1000, 0x3000, RW);
    made.table.unmap(0x200000, 0x3000);
    const frees = events.filter((event) => event === "free").length;
    expect(frees).toBe(3);
    expect(events.indexOf("free")).toBe(events.length - frees);
    expect(events.some((event) => event.startsWith("walk"))).toBe(true);
    events.length = 0;
    made.table.map(0, 0x1000, 0x1000, RW);
    finish(made);
    expect(events.indexOf("free")).toBeGreaterThan(events.indexOf("all"));
  });

  it("wait on a gather for its sync", () => {
    const made = guestTable(stage1());
    const gather = made.table.gather();
    made.table.map(0, 0x1000, 0x1000, RW);
    made.table.unmap(0, 0x1000, { gather });
    expect(made.allocator.live.size).toBe(4);
    gather.sync();
    expect(made.allocator.live.size).toBe(1);
    finish(made);
  });
});

describe("the page at offset 0 is one like any other (it was lost, and its bytes never freed)", () => {
  it.each(["the root", "the first table below it", "the last table"])("as %s", (place) => {
    const wasm = new WebAssembly.Memory({ initial: 32, maximum: 32, shared: true });
    const bookkeeping = { offset: MIB, bytes: TableMemory.bookkeepingBytes(MIB) };
    const memory = TableMemory.over(wasm, { windows: [{ offset: 0, bytes: MIB, physBase: MIB }], bookkeeping });
    const first = { "the root": 0, "the first table below it": 1, "the last table": 3 }[place];
    const live = new Map<number, number>();
    let asked = 0;
    const allocator = {
      alloc(bytes: number, level: number): number {
        const offset = ((asked++ + 64 - (first ?? 0)) % 64) * 4096;
        live.set(offset, level);
        expect(bytes).toBe(4096);
        return offset;
      },
      free(offset: number, _bytes: number, level: number): void {
        expect(live.get(offset)).toBe(level);
        live.delete(offset);
      },
    };
    const table = new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush, allocator });
    table.map(2 * MIB - 0x2000, 0x5000, 0x2000, RW);
    expect(live.has(0)).toBe(true);
    expect(table.iovaToPhys(2 * MIB - 1)).toBe(0x6fff);
    const before = table.dump();
    expect(() => table.map(0, 0, 2 * MIB, RW)).toThrow(/EEXIST/);
    expect(table.dump()).toBe(before);
    table.unmap(2 * MIB - 0x1000, 0x1000);
    expect(table.map(2 * MIB - 0x1000, 0x9000, 0x1000, RW)).toBeUndefined();
    expect(table.iovaToPhys(2 * MIB - 0x1000)).toBe(0x9000);
    const gather = table.gather();
    table.unmap(2 * MIB - 0x2000, 0x2000, { gather });
    gather.sync();
    expect([...live.keys()]).toEqual([((64 - (first ?? 0)) % 64) * 4096]);
    table.destroy();
    expect([...live.keys()]).toEqual([]);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
