import { describe, expect, it } from "vitest";
import { amdV1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const GIB = 2 ** 30;

function growing(options: { ias?: number; startLevels?: number; bytes?: number } = {}) {
  const { ias = 64, startLevels = 2, bytes = 2 ** 22 } = options;
  const tops: { root: bigint; mode: number }[] = [];
  const changeTop = (root: bigint, mode: number) => {
    tops.push({ root, mode });
  };
  const memory = TableMemory.create({ bytes });
  const table = new IoPageTable(memory, {
    format: amdV1({ ias, oas: 52, startLevels, changeTop }),
    flush: flushJournal().flush,
  });
  const finish = () => {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { table, memory, tops, finish };
}

describe("AMDv1 growth", () => {
  it("starts with the levels that were asked for", () => {
    const { table, tops, finish } = growing();
    expect(table.registers.mode).toBe(2);
    expect(table.ias).toBe(64);
    expect(table.dump()).toBe("R 0 1 512\n");
    table.map(GIB - 0x1000, 0x1000, 0x1000, RW);
    expect(tops).toEqual([]);
    finish();
  });

  it.each([
    { iova: BigInt(GIB), mode: 3 },
    { iova: 2n ** 39n, mode: 4 },
    { iova: 2n ** 48n, mode: 5 },
    { iova: 2n ** 57n, mode: 6 },
    { iova: 2n ** 64n - 0x1000n, mode: 6 },
  ])("tells the device once, with the last root: $iova", ({ iova, mode }) => {
    const { table, tops, finish } = growing();
    table.map(0x5000, 0x9000, 0x1000, RW);
    table.map(iova, 0x1000, 0x1000, RW);
    expect(tops).toHaveLength(1);
    expect(tops[0]).toEqual({ root: table.registers.root, mode });
    expect(table.registers.mode).toBe(mode);
    expect(BigInt(table.walk(0)[0]?.entryPaddr ?? 0)).toBe(table.registers.root);
    expect(table.iovaToPhys(0x5123)).toBe(0x9123);
    expect(table.iovaToPhys64(iova + 5n)).toBe(0x1005n);
    finish();
  });

  it.each([
    { name: "mapPages", grow: (table: IoPageTable) => table.mapPages(GIB, 0x1000, 0x1000, 2, RW) },
    { name: "mapRange", grow: (table: IoPageTable) => table.mapRange(GIB - 0x1000, 0x1000, 0x2000, RW) },
    { name: "map", grow: (table: IoPageTable) => table.map(GIB - 0x1000, 0x1000, 0x2000, RW) },
  ])("comes with $name too", ({ grow }) => {
    const { table, tops, finish } = growing();
    grow(table);
    expect(tops.map(({ mode }) => mode)).toEqual([3]);
    expect(table.iovaToPhys(GIB)).not.toBeNull();
    finish();
  });

  it("links the old root at index 0, even when it is empty", () => {
    const { table, finish } = growing();
    table.map(GIB, 0x1000, 0x1000, RW);
    expect(table.dump().split("\n").slice(0, 2)).toEqual(["R 0 2 512", "T 2 0 0 6000000000000401"]);
    table.trim();
    expect(table.dump().split("\n")[1]).toBe("T 2 1 40000000 6000000000000401");
    finish();
  });

  it("stays when the mapping goes", () => {
    const { table, tops, finish } = growing();
    table.map(GIB, 0x1000, 0x1000, RW);
    table.unmap(GIB, 0x1000);
    table.trim();
    expect(table.dump()).toBe("R 0 2 512\n");
    expect(tops).toHaveLength(1);
    finish();
  });

  it("does not come with a map that fails", () => {
    const { table, memory, tops, finish } = growing({ ias: 48 });
    table.map(0, 0x1000, 0x2000, RW);
    const before = [table.dump(), memory.stats().tablePagesInUse];
    failureOf(() => table.map(0x1000, 0x1000, 4 * GIB, RW), "EEXIST");
    failureOf(() => table.map(2 ** 48 - 0x1000, 0x1000, 0x2000, RW), "ERANGE");
    failureOf(() => table.map(2 ** 40, 0x1000, 0x1000, 0), "EINVAL");
    failureOf(() => table.map(2 ** 40, 2 ** 52, 0x1000, RW), "ERANGE");
    expect(table.mapPages(2 ** 48, 0x1000, 0x1000, 1, RW)).toEqual({ mapped: 0, error: "ERANGE" });
    expect(tops).toEqual([]);
    expect([table.dump(), memory.stats().tablePagesInUse]).toEqual(before);
    expect(table.registers.mode).toBe(2);
    finish();
  });

  it.each([
    { name: "a leaf above the root", size: GIB, paddr: 0 },
    { name: "more than the root spans", size: 3 * GIB, paddr: 0x1000 },
  ])("leaves what stands in the way of mapRange: $name", ({ size, paddr }) => {
    const { table, memory, tops, finish } = growing();
    table.map(0, 0x9000, 0x2000, RW);
    const before = [table.dump(), memory.stats().tablePagesInUse];
    expect(table.mapRange(0, paddr, size, RW)).toEqual({ mapped: 0, error: "EEXIST" });
    expect(tops).toEqual([]);
    expect([table.dump(), memory.stats().tablePagesInUse]).toEqual(before);
    finish();
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    "leaves no table behind when changeTop throws and %i pages were free",
    (free) => {
      const memory = TableMemory.create({ bytes: 65536 });
      const tableOf = (changeTop: () => void) =>
        new IoPageTable(memory, {
          format: amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop }),
          flush: flushJournal().flush,
        });
      const table = tableOf(() => {
        throw new Error("the device is gone");
      });
      const others: IoPageTable[] = [];
      failureOf(() => {
        for (;;) others.push(tableOf(() => undefined));
      }, "ENOMEM");
      for (const other of others.splice(0, free)) other.destroy();
      const before = [table.dump(), memory.stats().tablePagesInUse];
      // The last page below one entry of the new root, and the first below the next one: a prefix may succeed.
      const map = () => table.mapRange(2 ** 39 - 0x1000, 0x1000, 0x2000, RW);
      if (free < 4) expect(map()).toEqual({ mapped: 0, error: "ENOMEM" });
      else expect(map).toThrow("the device is gone");
      expect([table.dump(), memory.stats().tablePagesInUse]).toEqual(before);
      for (const each of [table, ...others]) each.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    },
  );

  it("does not come without the pages for it", () => {
    const { table, memory, tops, finish } = growing({ bytes: 65536 });
    let page = 0;
    failureOf(() => {
      for (; page < 100; page++) table.map(page * 2 ** 21, 0x1000, 0x1000, RW);
    }, "ENOMEM");
    const before = [table.dump(), memory.stats().tablePagesInUse];
    failureOf(() => table.map(2n ** 60n, 0x1000, 0x1000, RW), "ENOMEM");
    expect(tops).toEqual([]);
    expect([table.dump(), memory.stats().tablePagesInUse]).toEqual(before);
    finish();
  });

  it("is not needed to look: beyond the root nothing is mapped", () => {
    const { table, tops, finish } = growing();
    expect(table.iovaToPhys(2n ** 60n)).toBeNull();
    expect(table.access(2 ** 50, 1)).toBeLessThan(0);
    expect(table.unmap(2n ** 60n, GIB)).toBe(0);
    expect(table.unmapPages(2n ** 60n, 0x1000, 4)).toBe(0);
    expect([...table.mappings(2n ** 60n, GIB)]).toEqual([]);
    expect(tops).toEqual([]);
    finish();
  });

  it("does not happen without changeTop: the range is what the levels hold", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    using table = new IoPageTable(memory, { format: amdV1({ ias: 39, oas: 52 }), flush: flushJournal().flush });
    expect(table.registers.mode).toBe(3);
    failureOf(() => table.map(2 ** 39, 0x1000, 0x1000, RW), "ERANGE");
    table.map(2 ** 39 - 0x1000, 0x1000, 0x1000, RW);
    expect(table.iovaToPhys(2 ** 39 - 1)).toBe(0x1fff);
  });
});

describe("AMDv1 growth with a caller's allocator", () => {
  const format = () => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined });

  it("writes nothing outside its pages and the bookkeeping, wherever the root lies", () => {
    const guest = guestMemory();
    const [first, second] = guest.windows.map(({ offset }) => offset);
    // The root is the only page of its window.
    const offsets = Array.from({ length: 16 }, (_, page) => (page === 0 ? first : (second ?? 0) + page * 0x1000));
    const allocator = { alloc: () => offsets.shift() ?? null, free: () => undefined };
    const before = new Uint8Array(guest.wasm.buffer, 0, 2 ** 20).slice();
    const table = new IoPageTable(guest.memory, { format: format(), flush: flushJournal().flush, allocator });
    table.map(2 ** 50, 0x1000, 0x1000, RW);
    expect(table.registers.mode).toBe(5);
    expect(Buffer.compare(new Uint8Array(guest.wasm.buffer, 0, 2 ** 20), before)).toBe(0);
    table.destroy();
  });

  it("clears the new root, and not the table behind it", () => {
    const guest = guestMemory();
    const window = guest.windows[0] ?? { offset: 0, bytes: 0 };
    // Each page stands before the one of the request before it.
    let next = window.offset + window.bytes;
    const allocator = { alloc: (bytes: number) => (next -= bytes), free: () => undefined };
    const table = new IoPageTable(guest.memory, { format: format(), flush: flushJournal().flush, allocator });
    table.map(0x5000, 0x9000, 0x1000, RW);
    table.map(GIB, 0x1000, 0x1000, RW);
    expect(table.registers.mode).toBe(3);
    expect(table.iovaToPhys(0x5000)).toBe(0x9000);
    table.destroy();
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });

  it("leaves every page fit for another table", () => {
    const guest = guestMemory();
    for (let round = 0; round < 3; round++) {
      const allocator = new PageAllocator(guest);
      allocator.watchesFrees = false;
      const table = new IoPageTable(guest.memory, { format: format(), flush: flushJournal().flush, allocator });
      for (const iova of [0, 2 ** 40, 2 ** 50 + round * GIB]) table.map(iova + 0x1000, 0x1000, 0x1000, RW);
      table.destroy();
      expect(allocator.live.size).toBe(0);
      expect(guest.memory.stats().tablePagesInUse).toBe(0);
    }
  });
});
