// Leaves that stick out of the range of protect, replace or unmap, at one end or at both: what becomes of each part, what is counted, which of them are invalid
// at the flush, and which pages are asked for and given back.
import { describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";
import { type GuestMemory, guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";
import { RawTables } from "./support/rawTables.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;
const arm = (breakBeforeMake: "always" | "bbm2" | "never" = "always") =>
  armLpaeS1({ ias: 48, oas: 48, breakBeforeMake });

/** What is mapped, in runs of the same protection. */
function runs(table: IoPageTable): [iova: number, size: number, paddr: number, prot: number][] {
  const found: [number, number, number, number][] = [];
  for (const { iova, size, paddr, prot } of table.mappings()) {
    const last = found.at(-1);
    if (last !== undefined && last[0] + last[1] === Number(iova) && last[2] + last[1] === paddr && last[3] === prot) {
      last[1] += size;
    } else found.push([Number(iova), size, paddr, prot]);
  }
  return found;
}

/** The word of guest RAM at a physical address. */
function wordOf({ wasm, windows }: GuestMemory, paddr: number): BigUint64Array {
  const window = windows.find(({ physBase, bytes }) => paddr >= physBase && paddr < physBase + bytes);
  if (window === undefined) throw new Error(`${paddr} is in no window`);
  return new BigUint64Array(wasm.buffer, window.offset + paddr - window.physBase, 1);
}

describe("the parts", () => {
  it("of a leaf at the end of the range: the range is counted once", () => {
    useTable(arm(), ({ table }) => {
      table.map(M2 - K4, G1 + M2 - K4, K4, RW);
      table.map(M2, G1 + M2, M2, RW);
      expect(table.protect(M2 - K4, 2 * K4, Prot.READ)).toBe(2 * K4);
      expect(runs(table)).toEqual([
        [M2 - K4, 2 * K4, G1 + M2 - K4, Prot.READ],
        [M2 + K4, M2 - K4, G1 + M2 + K4, RW],
      ]);
    });
  });

  it("of two leaves beside each other, and then of the first of two", () => {
    useTable(arm(), ({ table }) => {
      table.map(0, G1, 2 * M2, RW);
      expect(table.protect(M2 - K4, 2 * K4, Prot.READ)).toBe(2 * K4);
      expect(runs(table)).toEqual([
        [0, M2 - K4, G1, RW],
        [M2 - K4, 2 * K4, G1 + M2 - K4, Prot.READ],
        [M2 + K4, M2 - K4, G1 + M2 + K4, RW],
      ]);
      table.unmap(0, 2 * M2);
      table.map(0, G1, 2 * M2, RW);
      expect(table.protect(M2 - K4, M2 + K4, Prot.READ)).toBe(M2 + K4);
      expect(runs(table)).toEqual([
        [0, M2 - K4, G1, RW],
        [M2 - K4, M2 + K4, G1 + M2 - K4, Prot.READ],
      ]);
    });
  });

  it.each([
    ["unmap", (t: IoPageTable) => t.unmap(G1 - K4, K4), []],
    ["protect", (t: IoPageTable) => t.protect(G1 - K4, K4, Prot.READ), [[G1 - K4, K4, 3 * G1 - K4, Prot.READ]]],
  ] as const)("of a leaf that ends with the range and with a table: %s", (_, change, end) => {
    useTable(arm(), ({ table, memory }) => {
      table.map(G1 - M2, 3 * G1 - M2, M2, RW);
      const inUse = memory.stats().tablePagesInUse;
      change(table);
      expect(runs(table)).toEqual([[G1 - M2, M2 - K4, 3 * G1 - M2, RW], ...end]);
      expect(memory.stats().tablePagesInUse).toBe(inUse + 1);
    });
  });

  it("of a leaf of several items: its table goes with the last of them", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48, contiguousHint: true }), ({ table, memory }) => {
      table.map(G1, G1, K4, RW);
      const inUse = memory.stats().tablePagesInUse;
      table.map(0, G1, 0x10000, RW);
      table.unmap(0, 0x8000);
      table.unmap(0x8000, 0x8000);
      expect(memory.stats().tablePagesInUse).toBe(inUse);
    });
  });

  it("are asked for where the range begins in a hole", () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const { flush } = flushJournal();
    const table = new IoPageTable(guest.memory, { format: arm(), flush, allocator });
    table.map(M2, M2, M2, RW);
    const inUse = allocator.live.size;
    expect(table.protect(M2 - K4, 2 * K4, Prot.READ)).toBe(K4);
    expect(allocator.live.size).toBe(inUse + 1);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("break-before-make", () => {
  const ADDRESS = M2 + 0x5000;
  /** Whether an address of the leaf that stays as it is translates to nothing at the first flush of `change`. */
  function breaks(
    mode: "always" | "bbm2" | "never",
    before: (t: IoPageTable) => void,
    change: (t: IoPageTable) => void,
  ): boolean {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    let reader: IoPageTable | undefined;
    const seen: (number | null)[] = [];
    const look = () => void (reader !== undefined && seen.push(reader.iovaToPhys(ADDRESS)));
    const flush = { flushAll: look, flushWalk: look, flushRange: look };
    const table = new IoPageTable(memory, { format: arm(mode), flush });
    before(table);
    // Another realm over the same bytes may read while the first one's callbacks run.
    const { ttbr } = table.registers as { ttbr: bigint };
    reader = IoPageTable.open(TableMemory.attach(memory.share()), { format: arm(mode), root: Number(ttbr) });
    change(table);
    reader = undefined;
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
    expect(seen.length).toBeGreaterThan(0);
    return seen[0] === null;
  }

  const block = (t: IoPageTable) => t.map(M2, M2, M2, RW);
  it.each<[string, (t: IoPageTable) => void, boolean[]]>([
    ["unmap", (t) => void t.unmap(M2 + K4, K4), [true, false, false]],
    ["fewer rights", (t) => void t.protect(M2 + K4, K4, Prot.READ), [true, false, false]],
    ["another address", (t) => t.replace(M2 + K4, 0, K4, RW), [true, true, false]],
    ["another memory type", (t) => void t.protect(M2 + K4, K4, RW | Prot.CACHE), [true, true, false]],
  ])("%s of a part: the rest is invalid at the flush", (_, change, broken) => {
    expect((["always", "bbm2", "never"] as const).map((mode) => breaks(mode, block, change))).toEqual(broken);
  });

  it("is decided by the leaves of this call alone", () => {
    const before = (t: IoPageTable): void => {
      t.map(4 * M2, 4 * M2, 2 * M2, RW);
      t.protect(5 * M2 - K4, 2 * K4, Prot.READ);
      t.map(M2, M2, M2, RW | Prot.CACHE);
    };
    const fewerRights = (t: IoPageTable) => void t.protect(M2 + K4, K4, Prot.READ | Prot.CACHE);
    expect(breaks("bbm2", before, fewerRights)).toBe(false);
  });
});

describe("what somebody else wrote", () => {
  it("a leaf in a table that is not the library's is refused, and the leaf that was cut before it stays", () => {
    useTable(arm(), ({ table, memory }) => {
      table.map(0, G1, M2, RW);
      table.map(2 * G1, G1, M2, RW);
      const raw = new RawTables(memory);
      const [above, leaf] = table.walk(2 * G1).slice(1);
      const foreign = memory.physBase + memory.buffer.byteLength - K4;
      raw.write(foreign, leaf?.entry ?? 0n);
      table.protect(K4, K4, Prot.READ);
      table.unmap(0, M2);
      table.map(0, G1, M2, RW);
      const { entryPaddr = 0, entry = 0n } = above ?? {};
      raw.write(entryPaddr, (entry & 0xfffn) | BigInt(foreign));
      failureOf(() => table.protect(2 * G1 + K4, K4, Prot.READ), "EFAULT");
      raw.write(entryPaddr, entry);
      expect(runs(table)).toEqual([
        [0, M2, G1, RW],
        [2 * G1, M2, G1, RW],
      ]);
    });
  });

  it.each([
    ["of 1 GiB", 0, K4],
    ["of 2 MiB", G1 - M2, G1 - M2 + K4],
  ])("a leaf %s that needs pages only once they are fetched: what was built is given back", (_, leafAt, from) => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const { flush } = flushJournal();
    const format = armLpaeS1({ ias: 48, oas: 48, contiguousHint: true });
    const table = new IoPageTable(guest.memory, { format, flush, allocator });
    // Tables beside those that are given back here, and an entry of several items that was cut at its second one.
    for (const i of [8, 9, 10, 11]) table.map(i * G1, 0, K4, RW);
    for (const i of [8, 10]) table.unmap(i * G1, K4);
    table.map(16 * G1, 0, 16 * M2, RW);
    table.protect(16 * G1 + M2 + K4, K4, Prot.READ);
    table.map(leafAt, 4 * G1 + leafAt, G1 - leafAt, Prot.READ);
    table.map(G1, 4 * G1, G1, RW);
    const [before, inUse, booked] = [table.dump(), allocator.live.size, guest.memory.stats().tablePagesInUse];
    const { entryPaddr = 0, entry = 0n } = table.walk(leafAt).at(-1) ?? {};
    const write = (word: bigint): void => void wordOf(guest, entryPaddr).fill(word);
    // Bit 7 makes a leaf read-only: without it, protect has to change the leaf that it leaves alone otherwise.
    allocator.onAlloc = () => write(entry & ~(1n << 7n));
    failureOf(() => table.protect(from, G1 + K4 - from, Prot.READ), "ENOMEM");
    allocator.onAlloc = () => undefined;
    write(entry);
    expect(table.dump()).toBe(before);
    expect(allocator.live.size).toBe(inUse);
    expect(guest.memory.stats().tablePagesInUse).toBe(booked);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });
});
