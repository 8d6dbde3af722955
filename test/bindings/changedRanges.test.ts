// Where a change begins and ends, and what it needs below tables that are used twice.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, type IoPageTable, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;

const protections = (table: IoPageTable): number[] => [...table.mappings()].map(({ prot }) => prot & RW);

describe("protect", () => {
  it.each([1, 2, 7])("of %i pages that are not mapped leaves the page behind them as it is", (pages) => {
    useTable(armLpaeS1({ ias: 39, oas: 48 }), ({ table }) => {
      table.map(pages * PAGE, PAGE, PAGE, RW);
      expect(table.protect(0, pages * PAGE, Prot.READ)).toBe(0);
      expect(protections(table)).toEqual([RW]);
    });
  });

  it("of what is not mapped copies no shared table behind it", () => {
    useTable(armLpaeS1({ ias: 39, oas: 48, pageSizes: [PAGE] }), ({ table, memory }) => {
      table.mapRepeat(MIB2, 2 * MIB2, { paddr: 16 * PAGE, size: 2 * PAGE }, RW);
      expect(memory.stats().tablePagesInUse).toBe(3);
      expect(table.protect(0, MIB2, Prot.READ)).toBe(0);
      expect(memory.stats().tablePagesInUse).toBe(3);
    });
  });

  it("of the leaves at the end of all 64 bits leaves the first one in their table as it is", () => {
    const leaf = 2 ** 48;
    const first = 2n ** 64n - 2n ** 57n;
    const last = 2n ** 64n - 2n ** 49n;
    useTable(amdV1({ ias: 64, oas: 52, pageSizes: [PAGE, leaf] }), ({ table }) => {
      table.map(first, 0, leaf, RW);
      table.map(last, 0, 2 * leaf, RW);
      expect(table.protect(last, 2 * leaf, Prot.READ)).toBe(2 * leaf);
      expect(protections(table)).toEqual([RW, Prot.READ]);
    });
  });
});

describe("below a table that two entries share, with pages of an allocator", () => {
  it.each<[string, (table: IoPageTable) => unknown, number]>([
    ["protect", (table) => table.protect(MIB2, PAGE, Prot.READ), Prot.READ],
    ["replace", (table) => table.replace(MIB2, 64 * PAGE, PAGE, Prot.READ), Prot.READ],
  ])("%s of a page takes a copy", (_, change, prot) => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const source = { paddr: 16 * PAGE, size: 2 * PAGE };
    useTable(
      armLpaeS1({ ias: 39, oas: 48, pageSizes: [PAGE] }),
      ({ table }) => {
        table.mapRepeat(0, 2 * MIB2, source, RW);
        const before = allocator.requests.length;
        change(table);
        expect(allocator.requests.slice(before).map(({ level }) => level)).toEqual([3]);
        expect(table.stats().mappedBytes).toBe(2 * MIB2);
        const changed = [...table.mappings()].filter((leaf) => (leaf.prot & RW) === prot);
        expect(changed.map(({ iova }) => iova)).toEqual([BigInt(MIB2)]);
        allocator.watchesFrees = false;
      },
      { memory: guest.memory, allocator },
    );
    expect([...allocator.live.keys()]).toEqual([]);
  });
});

describe("replace of a leaf that a device has written through", () => {
  it.each([
    ["by the same address leaves it dirty", 0, 1],
    ["by another address leaves it clean", 8 * PAGE, 0],
  ])("%s", (_, by, dirty) => {
    useTable(amdV1({ ias: 39, oas: 48, pageSizes: [PAGE] }), ({ table, memory }) => {
      table.map(PAGE, 16 * PAGE, PAGE, RW);
      const entry = (table.walk(PAGE).at(-1)?.entryPaddr ?? 0) - memory.physBase;
      const words = new BigUint64Array(memory.buffer);
      words[entry / 8] = (words[entry / 8] ?? 0n) | (1n << 6n);
      table.replace(PAGE, 16 * PAGE + by, PAGE, Prot.READ);
      expect(table.readDirty(0, 4 * PAGE, new Uint8Array(1))).toBe(dirty);
    });
  });
});
