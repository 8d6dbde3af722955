// What commit does and does not do: allocate, fail, flush.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, IoPageTable, Prot, type TableOp, vtdSecondStage } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { GIB, MIB, useTable } from "../support/fixture.js";
import { flushJournal } from "../support/flushJournal.js";
import { guestMemory } from "../support/guestMemory.js";
import { PageAllocator } from "../support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 4096;
const M2 = 2 * MIB;
const UPDATE: TableOp[] = [
  { op: "map", iova: 0, paddr: 0, size: 3 * K4, prot: RW },
  { op: "unmap", iova: GIB + K4, size: K4 },
  { op: "mapRepeat", iova: 2 * GIB, size: 8 * M2, source: { paddr: 0, size: K4 }, prot: RW },
  { op: "replace", iova: GIB + 9 * M2, paddr: 0, size: K4, prot: RW },
];

describe("a caller's allocator", () => {
  it("is asked by prepare for as many pages as it says, by commit for none", () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const options = { memory: guest.memory, allocator };
    useTable(
      vtdSecondStage({ ias: 39, oas: 48 }),
      ({ table }) => {
        table.map(GIB, 0, GIB, RW);
        const asked = allocator.requests.length;
        const update = table.prepare(UPDATE);
        expect(allocator.requests.length - asked).toBe(update.tablePages);
        update.commit();
        expect(allocator.requests.length - asked).toBe(update.tablePages);
        expect(allocator.live.size).toBe(table.stats().tablePages);
        table.unmap(0, 4 * GIB);
        allocator.watchesFrees = false;
      },
      options,
    );
    expect(allocator.live.size).toBe(0);
  });

  it.each(["returns null", "throws", "gives a page twice"])("that %s, at any request, leaves all as it was", (way) => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const journal = flushJournal();
    const format = vtdSecondStage({ ias: 39, oas: 48 });
    const table = new IoPageTable(guest.memory, { format, flush: journal.flush, allocator });
    table.map(GIB, 0, GIB, RW);
    const [before, live] = [table.dump(), allocator.live.size];
    const start = allocator.requests.length;
    const update = table.prepare(UPDATE);
    update.abort();
    expect(allocator.live.size).toBe(live);
    for (let k = 0; k < update.tablePages; k++) {
      const at = allocator.requests.length + k;
      allocator.answer = (request) => {
        if (request !== at) return undefined;
        if (way === "throws") throw new Error("no");
        return way === "returns null" ? null : allocator.requests[start === at ? 0 : at - 1]?.offset;
      };
      if (way === "throws") expect(() => table.prepare(UPDATE)).toThrow("no");
      else failureOf(() => table.prepare(UPDATE), "ENOMEM", "EINVAL");
      expect([allocator.live.size, table.dump()]).toEqual([live, before]);
    }
    allocator.answer = () => undefined;
    table.prepare(UPDATE).commit();
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
  });
});

describe("the pool", () => {
  it("that is exhausted is found out by prepare", () => {
    useTable(vtdSecondStage({ ias: 48, oas: 48 }), ({ table, memory }) => {
      const before = memory.stats().tablePagesInUse;
      failureOf(
        () =>
          table.prepare([
            { op: "map", iova: K4, paddr: 0, size: 40 * GIB, prot: RW },
            {
              op: "mapList",
              iova: 50 * GIB,
              pages: Float64Array.from({ length: 40_000_0 }, (_, i) => 2 * i * K4),
              pageSize: K4,
              prot: RW,
            },
            { op: "mapRepeat", iova: 60 * GIB, size: 40 * GIB, source: { paddr: 0, size: 8191 * K4 }, prot: RW },
          ]),
        "ENOMEM",
      );
      expect(memory.stats().tablePagesInUse).toBe(before);
    });
  });
});

describe("flushes", () => {
  it("go to the gather, and the pages that were unlinked with them", () => {
    useTable(vtdSecondStage({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
      table.map(GIB, 0, M2 + K4, RW);
      const update = table.prepare([{ op: "unmap", iova: GIB, size: 2 * M2 }]);
      const gather = table.gather();
      update.commit(gather);
      expect(journal.take()).toEqual([]);
      expect(memory.stats().tablePagesInUse).toBe(4);
      gather.sync();
      expect(journal.take()).toEqual([{ kind: "walk", iova: 0n, size: 2n ** 39n, granule: 4096n }]);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("that break-before-make demands are issued at once", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, journal }) => {
      table.map(GIB, 0, M2, RW);
      const update = table.prepare([{ op: "replace", iova: GIB, paddr: M2, size: M2, prot: RW }]);
      const gather = table.gather();
      update.commit(gather);
      expect(journal.take()).toEqual([{ kind: "range", iova: BigInt(GIB), size: BigInt(M2), granule: BigInt(M2) }]);
      gather.sync();
      table.unmap(0, 2 * GIB);
    });
  });

  it("that throw find the update done, are owed, and leave the pages for later", () => {
    useTable(vtdSecondStage({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
      table.map(GIB, 0, K4, RW);
      const update = table.prepare([
        { op: "unmap", iova: GIB, size: K4 },
        { op: "map", iova: 0, paddr: 0, size: K4, prot: RW },
      ]);
      const { flushWalk } = journal.flush;
      journal.flush.flushWalk = () => {
        throw new Error("stuck");
      };
      expect(() => update.commit()).toThrow("stuck");
      expect([table.iovaToPhys(GIB), table.iovaToPhys(0)]).toEqual([null, 0]);
      failureOf(() => update.commit(), "EINVAL");
      journal.flush.flushWalk = flushWalk;
      table.unmap(0, K4);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("tell walkers that cache absence what is mapped now and was not", () => {
    const journal = flushJournal({ mapped: true });
    useTable(
      vtdSecondStage({ ias: 48, oas: 48 }),
      ({ table }) => {
        table.map(0, 0, K4, RW);
        journal.take();
        const update = table.prepare([{ op: "replace", iova: 0, paddr: 0, size: 3 * K4, prot: RW }]);
        expect(journal.take()).toEqual([]);
        update.commit();
        expect(journal.take()).toEqual([{ kind: "mapped", iova: 4096n, size: 8192n }]);
        table.unmap(0, M2);
      },
      { flush: journal.flush },
    );
  });
});

describe("growth", () => {
  const ops: TableOp[] = [{ op: "map", iova: 2 ** 40, paddr: 0, size: K4, prot: RW }];

  it("is told once, by commit", () => {
    const told: number[] = [];
    const format = amdV1({ ias: 64, oas: 52, startLevels: 3, changeTop: (_root, mode) => void told.push(mode) });
    useTable(format, ({ table, memory }) => {
      table.map(0, 0, K4, RW);
      const [before, inUse] = [table.dump(), memory.stats().tablePagesInUse];
      const update = table.prepare(ops);
      expect([told, table.dump(), memory.stats().tablePagesInUse]).toEqual([[], before, inUse]);
      expect(update.tablePages).toBe(1 + 3);
      update.commit();
      expect(told).toEqual([4]);
      expect(memory.stats().tablePagesInUse).toBe(inUse + update.tablePages);
      expect([table.iovaToPhys(0), table.iovaToPhys(2 ** 40)]).toEqual([0, 0]);
    });
  });

  it("that the device refuses leaves the update prepared", () => {
    let refuses = true;
    const changeTop = () => {
      if (refuses) throw new Error("later");
    };
    useTable(amdV1({ ias: 64, oas: 52, startLevels: 3, changeTop }), ({ table, memory }) => {
      const before = table.dump();
      const update = table.prepare(ops);
      expect(() => update.commit()).toThrow("later");
      expect([table.dump(), memory.stats().tablePagesInUse]).toEqual([before, 1]);
      failureOf(() => table.map(2 ** 40, 0, K4, RW), "EBUSY");
      refuses = false;
      update.commit();
      expect(table.iovaToPhys(2 ** 40)).toBe(0);
    });
  });

  it("that another call has brought meanwhile is not brought again", () => {
    const told: number[] = [];
    const format = amdV1({ ias: 64, oas: 52, startLevels: 3, changeTop: (_root, mode) => void told.push(mode) });
    useTable(format, ({ table }) => {
      const update = table.prepare(ops);
      table.map(2 ** 41, K4, K4, RW);
      update.commit();
      expect(told).toEqual([4]);
      expect([table.iovaToPhys(2 ** 40), table.iovaToPhys(2 ** 41)]).toEqual([0, K4]);
    });
  });
});
