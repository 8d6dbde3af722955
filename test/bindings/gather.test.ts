import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });
const range = (iova: number, size: number, granule: number) => event("range", iova, size, granule);
const walk = (iova: number, size: number, granule: number) => event("walk", iova, size, granule);

function event(kind: string, iova: number, size: number, granule: number) {
  return { kind, iova: BigInt(iova), size: BigInt(size), granule: BigInt(granule) };
}

/** Pages at 0..1M and two blocks at 4M, each with a neighbour that keeps its table. */
function populate(table: IoPageTable): void {
  table.map(0, 0x1000, MIB, RW);
  table.map(4 * MIB, 4 * MIB, 6 * MIB, RW);
}

describe("without a gather", () => {
  it("each run of equal leaves is flushed by itself, before the call returns", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      expect(table.unmap(0x10000, 8 * MIB - 0x10000)).toBe(MIB - 0x10000 + 4 * MIB);
      expect(journal.take()).toEqual([range(0x10000, MIB - 0x10000, 0x1000), range(4 * MIB, 4 * MIB, 2 * MIB)]);
    });
  });

  it("an unmap that finds nothing flushes nothing", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      expect(table.unmap(64 * MIB, MIB)).toBe(0);
      expect(table.unmapPages(64 * MIB, 0x1000, 4)).toBe(0);
      expect(table.unmapRange(64 * MIB, MIB)).toBe(0);
      expect(journal.take()).toEqual([]);
    });
  });
});

describe("a merging gather", () => {
  it("asks for one range over all, with the smallest leaf as granule", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      const gather = table.gather();
      table.unmap(8 * MIB, 2 * MIB, { gather });
      table.unmap(0x4000, 0x2000, { gather });
      expect(journal.take()).toEqual([]);
      gather.sync();
      expect(journal.take()).toEqual([range(0x4000, 10 * MIB - 0x4000, 0x1000)]);
    });
  });

  it("takes the size of the leaves, not of the call", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      const gather = table.gather();
      table.unmapRange(4 * MIB, 2 * MIB, gather);
      table.unmapPages(6 * MIB, 2 * MIB, 1, gather);
      gather.sync();
      expect(journal.take()).toEqual([range(4 * MIB, 4 * MIB, 2 * MIB)]);
    });
  });

  it("asks for a flush of partial walks where it frees table pages, and frees them after it", () => {
    useTable(stage1(), ({ table, journal, memory }) => {
      populate(table);
      const gather = table.gather();
      const pages = memory.stats().tablePagesInUse;
      table.unmap(0, 2 * MIB, { gather });
      expect(memory.stats().tablePagesInUse).toBe(pages);
      gather.sync();
      expect(journal.take()).toEqual([walk(0, 2 * MIB, 0x1000)]);
      expect(memory.stats().tablePagesInUse).toBe(pages - 1);
    });
  });

  it("is empty after its sync and collects anew", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      const gather = table.gather();
      gather.sync();
      expect(journal.take()).toEqual([]);
      table.unmap(0x1000, 0x1000, { gather });
      gather.sync();
      gather.sync();
      expect(journal.take()).toEqual([range(0x1000, 0x1000, 0x1000)]);
      table.unmap(0x3000, 0x1000, { gather });
      gather.sync();
      expect(journal.take()).toEqual([range(0x3000, 0x1000, 0x1000)]);
    });
  });

  it("leaves others alone: two gathers of one table sync by themselves", () => {
    useTable(stage1(), ({ table, journal }) => {
      populate(table);
      const [first, second] = [table.gather(), table.gather()];
      table.unmap(0x1000, 0x1000, { gather: first });
      table.unmap(0x8000, 0x1000, { gather: second });
      second.sync();
      expect(journal.take()).toEqual([range(0x8000, 0x1000, 0x1000)]);
      first.sync();
      expect(journal.take()).toEqual([range(0x1000, 0x1000, 0x1000)]);
    });
  });

  it("reaches the last byte of 64 bits", () => {
    useTable(amdV1({ ias: 64, oas: 52 }), ({ table, journal }) => {
      const last = 2n ** 64n - 0x1000n;
      table.map(last, 0x1000, 0x1000, RW);
      table.map(last - 0x2000n, 0x1000, 0x1000, RW);
      const gather = table.gather();
      table.unmapRange(last - 0x2000n, 0x1000, gather);
      table.unmapRange(last, 0x1000, gather);
      gather.sync();
      const flushes = journal.take();
      expect(flushes).toEqual([{ kind: "range", iova: last - 0x2000n, size: 0x3000n, granule: 0x1000n }]);
    });
  });
});

describe("an exact gather", () => {
  it("names each disjoint range and nothing between them", () => {
    const body = ({ table, journal }: Parameters<Parameters<typeof useTable>[1]>[0]) => {
      populate(table);
      const gather = table.gather();
      table.unmap(0x4000, 0x1000, { gather });
      table.unmap(0x8000, 0x2000, { gather });
      table.unmap(0xa000, 0x1000, { gather });
      gather.sync();
      const ranges = journal.take().filter((flush) => flush.kind === "range");
      expect(ranges.every(({ granule }) => granule === 0x1000n)).toBe(true);
      const pages = ranges.flatMap(({ iova, size }) =>
        Array.from({ length: Number(size / 0x1000n) }, (_, i) => Number(iova) + i * 0x1000),
      );
      expect(pages).toEqual([0x4000, 0x8000, 0x9000, 0xa000]);
    };
    useTable(stage1(), body, { gatherRanges: "exact" });
  });
});

describe("a gather's life", () => {
  it("is synced when it goes out of scope", () => {
    useTable(stage1(), ({ table, journal, memory }) => {
      populate(table);
      const pages = memory.stats().tablePagesInUse;
      {
        using gather = table.gather();
        table.unmap(0, 2 * MIB, { gather });
        expect(journal.take()).toEqual([]);
      }
      expect(journal.take()).toEqual([walk(0, 2 * MIB, 0x1000)]);
      expect(memory.stats().tablePagesInUse).toBe(pages - 1);
    });
  });

  it("is synced when its table is destroyed", () => {
    const memory = TableMemory.create({ bytes: 4 * MIB });
    const journal = flushJournal();
    const table = new IoPageTable(memory, { format: stage1(), flush: journal.flush });
    populate(table);
    table.unmap(0, 2 * MIB, { gather: table.gather() });
    table.destroy();
    expect(journal.take().at(-1)).toEqual({ kind: "all" });
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it.each<{ name: string; call: (table: IoPageTable, gather: ReturnType<IoPageTable["gather"]>) => unknown }>([
    { name: "unmap", call: (table, gather) => table.unmap(0, 0x1000, { gather }) },
    { name: "unmapPages", call: (table, gather) => table.unmapPages(0, 0x1000, 1, gather) },
    { name: "unmapRange", call: (table, gather) => table.unmapRange(0, 0x1000, gather) },
    { name: "mapRange", call: (table, gather) => table.mapRange(2 * MIB, 0, 0x1000, RW, gather) },
    { name: "trim", call: (table, gather) => table.trim(gather) },
  ])("is not another table's: $name refuses", ({ name, call }) => {
    useTable(stage1(), ({ table }) => {
      useTable(stage1(), ({ table: other }) => {
        populate(table);
        const before = table.dump();
        const failure = failureOf(() => call(table, other.gather()), "EINVAL");
        expect(failure.operation).toBe(name);
        expect(table.dump()).toBe(before);
      });
    });
  });
});
