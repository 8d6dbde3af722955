// Runs that the contiguous hint joins, through the calls that make, cut and remove them.
import { describe, expect, it } from "vitest";
import {
  type ArmLpaeConfig,
  armLpaeS1,
  type FlushOps,
  type IoPageTable,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { MIB, useTable } from "./support/fixture.js";
import { RawTables } from "./support/rawTables.js";

const RW = Prot.READ | Prot.WRITE;
const HINT = 1n << 52n;
const PAGE = 2 ** 12;
const RUN = 2 ** 16;
const PADDR = 0x4000_0000;

const hinted = (config: Partial<ArmLpaeConfig> = {}) =>
  armLpaeS1({ ias: 48, oas: 48, contiguousHint: true, ...config });

/** Whether each item of every leaf has the hint, and where it points, by input address. */
function itemsAt(table: IoPageTable): { va: number; hint: boolean; paddr: number }[] {
  const leaves = [...table.dumpLines()].map((line) => line.trim().split(" ")).filter(([kind]) => kind === "P");
  return leaves.map(([, , , va, raw]) => {
    const entry = BigInt(`0x${raw}`);
    return { va: Number(`0x${va}`), hint: (entry & HINT) !== 0n, paddr: Number(entry & 0x0000fffffffff000n) };
  });
}

const census = (table: IoPageTable) => [...table.stats().leaves].sort(([a], [b]) => a - b);

describe("making a run", () => {
  it("takes one call that allows it: map, mapRange, or mapPages of the run's own size", () => {
    for (const make of [
      (table: IoPageTable) => table.map(0, PADDR, RUN, RW),
      (table: IoPageTable) => table.mapRange(0, PADDR, RUN, RW),
      (table: IoPageTable) => table.mapPages(0, PADDR, RUN, 1, RW),
    ]) {
      useTable(hinted(), ({ table }) => {
        make(table);
        expect(census(table)).toEqual([[RUN, 1]]);
        expect(itemsAt(table).map(({ hint }) => hint)).toEqual(Array(16).fill(true));
      });
    }
  });

  it("is not what mapPages of small pages does, however many they are", () => {
    useTable(hinted(), ({ table }) => {
      expect(table.mapPages(0, PADDR, PAGE, 32, RW)).toEqual({ mapped: 2 * RUN, error: null });
      expect(itemsAt(table).some(({ hint }) => hint)).toBe(false);
    });
  });

  it("begins and ends where both addresses are aligned to it, with smaller leaves around", () => {
    useTable(hinted(), ({ table }) => {
      const before = 3 * PAGE;
      table.map(RUN - before, PADDR + RUN - before, before + 3 * RUN + PAGE, RW);
      expect(census(table)).toEqual([
        [PAGE, 4],
        [RUN, 3],
      ]);
      const marked = itemsAt(table).filter(({ hint }) => hint);
      expect([marked.at(0)?.va, marked.at(-1)?.va, marked.length]).toEqual([RUN, 4 * RUN - PAGE, 48]);
    });
  });

  it("uses a block for as much as a block is, and runs of blocks above it", () => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, 32 * MIB + 2 * MIB + RUN, RW);
      expect(census(table)).toEqual([
        [RUN, 1],
        [2 * MIB, 1],
        [32 * MIB, 1],
      ]);
    });
  });

  it("is refused whole where one of its pages is in the way", () => {
    useTable(hinted(), ({ table, memory }) => {
      table.map(7 * PAGE, PADDR, PAGE, RW);
      const before = [table.dump(), memory.stats().tablePagesInUse];
      failureOf(() => table.map(0, PADDR, RUN, RW), "EEXIST");
      expect(table.mapPages(0, PADDR, RUN, 1, RW)).toEqual({ mapped: 0, error: "EEXIST" });
      expect([table.dump(), memory.stats().tablePagesInUse]).toEqual(before);
    });
  });
});

describe("cutting a run", () => {
  it.each([
    { says: "its first page", from: 0, pages: 1 },
    { says: "a page in its middle", from: 9, pages: 1 },
    { says: "its last page", from: 15, pages: 1 },
    { says: "several of its pages", from: 3, pages: 10 },
    { says: "all but its last page", from: 0, pages: 15 },
  ])("$says: the hint goes from those that stay, their addresses do not change", ({ from, pages }) => {
    useTable(hinted(), ({ table, journal }) => {
      table.map(0, PADDR, 3 * RUN, RW);
      expect(table.unmap(RUN + from * PAGE, pages * PAGE)).toBe(pages * PAGE);
      const cut = itemsAt(table).filter(({ va }) => va >= RUN && va < 2 * RUN);
      const stays = Array.from({ length: 16 }, (_, i) => i).filter((i) => i < from || i >= from + pages);
      expect(cut).toEqual(stays.map((i) => ({ va: RUN + i * PAGE, hint: false, paddr: PADDR + RUN + i * PAGE })));
      expect(census(table)).toEqual([
        [PAGE, 16 - pages],
        [RUN, 2],
      ]);
      // The device may hold the run as one entry: all of it is flushed, and nothing of its neighbours.
      const flushes = journal.take();
      expect(flushes.every((flush) => flush.kind === "range")).toBe(true);
      const ranges = flushes.filter((flush) => flush.kind === "range");
      expect(ranges.some(({ iova, size }) => Number(iova) === RUN && Number(size) === RUN)).toBe(true);
      for (const { iova, size, granule } of ranges) {
        expect(Number(iova) >= RUN && Number(iova + size) <= 2 * RUN).toBe(true);
        expect(Number(granule)).toBe(PAGE);
      }
    });
  });

  it("of blocks, in the middle of a page's run: the largest leaves stay on both sides", () => {
    useTable(hinted(), ({ table }) => {
      const size = 32 * MIB;
      table.map(size, PADDR, size, RW);
      expect(table.unmap(size + 6 * MIB + RUN + PAGE, PAGE)).toBe(PAGE);
      expect(census(table)).toEqual([
        [PAGE, 15],
        [RUN, 31],
        [2 * MIB, 15],
      ]);
      const items = itemsAt(table);
      expect(items.filter(({ hint }) => hint)).toHaveLength(31 * 16);
      expect(items.every(({ va, paddr }) => paddr === PADDR + va - size)).toBe(true);
      expect(table.iovaToPhys(size + 6 * MIB + RUN + PAGE)).toBeNull();
      expect(table.iovaToPhys(2 * size - 1)).toBe(PADDR + size - 1);
    });
  });

  it("at both ends of one range", () => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, 4 * RUN, RW);
      expect(table.unmap(RUN - PAGE, 2 * RUN + 2 * PAGE)).toBe(2 * RUN + 2 * PAGE);
      expect(census(table)).toEqual([[PAGE, 30]]);
      expect(itemsAt(table).some(({ hint }) => hint)).toBe(false);
    });
  });

  it("joins no pages again when the hole is mapped by another call", () => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, RUN, RW);
      table.unmap(5 * PAGE, PAGE);
      table.map(5 * PAGE, PADDR + 5 * PAGE, PAGE, RW);
      expect(census(table)).toEqual([[PAGE, 16]]);
    });
  });

  it.each([
    { granule: "16K", pageSizes: [2 ** 14, 2 ** 25], page: 2 ** 14, run: 2 ** 21 },
    { granule: "64K", pageSizes: [2 ** 16, 2 ** 29], page: 2 ** 16, run: 2 ** 21 },
  ])("works alike with $granule", ({ pageSizes, page, run }) => {
    useTable(hinted({ pageSizes }), ({ table }) => {
      table.map(0, PADDR, 2 * run, RW);
      table.unmap(page, page);
      const count = run / page;
      expect(census(table)).toEqual([
        [page, count - 1],
        [run, 1],
      ]);
      const expected = Array.from({ length: 2 * count }, (_, i) => i)
        .filter((i) => i !== 1)
        .map((i) => ({ va: i * page, hint: i >= count, paddr: PADDR + i * page }));
      expect(itemsAt(table)).toEqual(expected);
    });
  });
});

describe("what becomes of the run while it is cut", () => {
  /** The items of the run at each flush, as the device would find them then. */
  function itemsAtFlushes(breakBeforeMake: "always" | "bbm2" | "never"): bigint[][] {
    const memory = TableMemory.create({ bytes: 4 * MIB });
    const raw = new RawTables(memory);
    const seen: bigint[][] = [];
    let first = 0;
    const look = () => {
      if (first !== 0) seen.push(Array.from({ length: 16 }, (_, i) => raw.read(first + 8 * i)));
    };
    const flush: FlushOps = { flushAll: () => undefined, flushWalk: look, flushRange: look };
    const body = ({ table }: { table: IoPageTable<unknown> }) => {
      table.map(0, PADDR, RUN, RW);
      first = table.walk(0).at(-1)?.entryPaddr ?? 0;
      table.unmap(0, PAGE);
      look();
      first = 0;
    };
    useTable(hinted({ breakBeforeMake }), body, { memory, flush });
    return seen;
  }
  const page = (i: number) => BigInt(PADDR + i * PAGE) | 0xe43n;
  const CUT = [0n, ...Array.from({ length: 15 }, (_, i) => page(i + 1))];

  it("break before make: cleared whole, flushed, and made anew", () => {
    const [atFlush, ...later] = itemsAtFlushes("always");
    expect(atFlush).toEqual(Array(16).fill(0n));
    expect(later.at(-1)).toEqual(CUT);
  });

  it.each(["bbm2", "never"] as const)("%s: no page that stays is ever missing", (breakBeforeMake) => {
    const seen = itemsAtFlushes(breakBeforeMake);
    expect(seen.length).toBeGreaterThan(1);
    for (const items of seen) expect(items.slice(1).map((item) => item & ~HINT)).toEqual(CUT.slice(1));
    expect(seen.at(-1)).toEqual(CUT);
  });
});

describe("the run as one leaf", () => {
  it.each([
    { says: "whole", partial: "whole" as const, removed: RUN },
    { says: "refuse", partial: "refuse" as const, removed: null },
  ])("unmap with partial $says", ({ partial, removed }) => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, 2 * RUN, RW);
      const dump = table.dump();
      if (removed === null) {
        failureOf(() => table.unmap(PAGE, PAGE, { partial }), "EINVAL");
        expect(table.dump()).toBe(dump);
      } else {
        expect(table.unmap(PAGE, PAGE, { partial })).toBe(removed);
        expect(itemsAt(table).map(({ va }) => va)).toEqual(Array.from({ length: 16 }, (_, i) => RUN + i * PAGE));
      }
    });
  });

  it("unmapRange removes all of it from its start, and stops in its middle", () => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, 2 * RUN, RW);
      expect(table.unmapRange(4 * PAGE, PAGE)).toBe(0);
      expect(census(table)).toEqual([[RUN, 2]]);
      expect(table.unmapRange(0, PAGE)).toBe(RUN);
      expect(census(table)).toEqual([[RUN, 1]]);
    });
  });

  it("unmapPages of its size takes pages that only stand side by side, and has each of them flushed", () => {
    useTable(hinted(), ({ table, journal }) => {
      table.mapPages(0, PADDR, PAGE, 17, RW);
      expect(table.unmapPages(0, RUN, 1)).toBe(RUN);
      expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(RUN), granule: BigInt(PAGE) }]);
      expect(itemsAt(table).map(({ va }) => va)).toEqual([RUN]);
    });
  });

  it("is flushed page by page, whatever changes: a TLB may hold its pages one by one", () => {
    useTable(hinted({ dirtyTracking: true }), ({ table, journal }) => {
      const changes = [
        () => table.protect(0, RUN, Prot.READ),
        () => table.replace(0, PADDR, RUN, RW),
        () => table.unmap(0, RUN),
      ];
      table.map(0, PADDR, 2 * RUN, RW);
      for (const change of changes) {
        change();
        const flushes = journal.take();
        expect(flushes).not.toEqual([]);
        for (const flush of flushes) expect(flush).toMatchObject({ kind: "range", granule: BigInt(PAGE) });
      }
    });
  });

  it("unmapPages removes it by its own size, not by its pages'", () => {
    useTable(hinted(), ({ table }) => {
      table.map(0, PADDR, 2 * RUN, RW);
      expect(table.unmapPages(0, PAGE, 1)).toBe(0);
      expect(table.unmapPages(0, PAGE, 16)).toBe(0);
      expect(census(table)).toEqual([[RUN, 2]]);
      expect(table.unmapPages(0, RUN, 2)).toBe(2 * RUN);
      expect(census(table)).toEqual([]);
    });
  });
});
