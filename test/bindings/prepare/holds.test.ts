// What a prepared update keeps others from, what it leaves to them, and that it leaves no trace when it is aborted.
import { describe, expect, it } from "vitest";
import { armLpaeS1, Prot, type TableOp, vtdSecondStage } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { GIB, MIB, useTable } from "../support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 4096;
const M2 = 2 * MIB;
const arm = () => armLpaeS1({ ias: 48, oas: 48 });

describe("a held range", () => {
  it("is refused to every call that would change it, and to no other", () => {
    useTable(arm(), ({ table }) => {
      table.map(GIB, 0, M2, RW);
      const update = table.prepare([{ op: "unmap", iova: GIB + 8 * K4, size: 8 * K4 }]);
      const before = table.dump();
      const held = GIB + 15 * K4;
      const segments = [{ paddr: 0, size: K4 }];
      const refused: Record<string, () => unknown> = {
        map: () => table.map(held, 0, K4, RW),
        mapList: () => table.mapList(held, [0], K4, RW),
        mapFrames: () => table.mapFrames(held, Uint32Array.of(1), K4, RW),
        mapSegments: () => table.mapSegments(held, segments, RW),
        mapRepeat: () => table.mapRepeat(held, K4, { paddr: 0, size: K4 }, RW),
        replace: () => table.replace(held, 0, K4, RW),
        unmap: () => table.unmap(held, K4),
        "unmap of the whole leaf": () => table.unmap(GIB, K4, { partial: "whole" }),
        protect: () => table.protect(held, K4, Prot.READ),
        coalesce: () => table.coalesce(GIB, M2),
        mapPages: () => table.mapPages(held, 0, K4, 1, RW),
        unmapPages: () => table.unmapPages(held, K4, 1),
        mapRange: () => table.mapRange(held, 0, K4, RW),
        unmapRange: () => table.unmapRange(GIB, K4),
        prepare: () => table.prepare([{ op: "protect", iova: held, size: K4, prot: RW }]),
        destroy: () => table.destroy(),
        dispose: () => table[Symbol.dispose](),
      };
      for (const [call, act] of Object.entries(refused))
        expect([call, failureOf(act, "EBUSY").code]).toEqual([call, "EBUSY"]);
      expect(table.dump()).toBe(before);
      expect(table.iovaToPhys(held)).toBe(15 * K4);
      table.unmap(GIB + 16 * K4, K4);
      table.replace(GIB + 7 * K4, M2, K4, RW);
      update.commit();
      expect([7, 8, 15, 16, 17].map((page) => table.iovaToPhys(GIB + page * K4))).toEqual([
        M2,
        null,
        null,
        null,
        17 * K4,
      ]);
      table.map(held, 0, K4, RW);
      table.unmap(0, 2 * GIB);
    });
  });

  it("names itself and the way out", () => {
    useTable(arm(), ({ table }) => {
      const update = table.prepare([{ op: "map", iova: M2, paddr: 0, size: M2, prot: RW }]);
      const failure = failureOf(() => table.map(M2 + K4, 0, K4, RW), "EBUSY");
      expect(failure.message).toContain("0x200000..0x3fffff; commit or abort it first");
      update.abort();
    });
  });

  it("is free again after abort, and several updates end in any order", () => {
    useTable(arm(), ({ table }) => {
      const updates = [0, 1, 2].map((i) =>
        table.prepare([{ op: "map", iova: i * M2, paddr: i * M2, size: M2, prot: RW }]),
      );
      updates[1]?.abort();
      table.map(M2, 7 * M2, M2, RW);
      updates[2]?.commit();
      failureOf(() => table.unmap(0, K4), "EBUSY");
      updates[0]?.commit();
      expect([0, 1, 2].map((i) => table.iovaToPhys(i * M2))).toEqual([0, 7 * M2, 2 * M2]);
      for (const update of updates) {
        failureOf(() => update.commit(), "EINVAL");
        failureOf(() => update.abort(), "EINVAL");
      }
      table.unmap(0, GIB);
    });
  });
});

describe("table pages that an update counts on", () => {
  const op: TableOp = { op: "map", iova: GIB + K4, paddr: 0, size: K4, prot: RW };

  it("stay when work elsewhere leaves them empty, and trim leaves them alone", () => {
    useTable(arm(), ({ table, memory }) => {
      table.map(GIB, 0, K4, RW);
      const inUse = memory.stats().tablePagesInUse;
      const update = table.prepare([op]);
      expect(update.tablePages).toBe(0);
      table.unmap(GIB, K4);
      expect(table.trim()).toBe(0);
      expect(memory.stats().tablePagesInUse).toBe(inUse);
      update.commit();
      expect(table.iovaToPhys(GIB + K4)).toBe(0);
      table.unmap(GIB, M2);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("go after their flush once the update is aborted", () => {
    useTable(arm(), ({ table, memory, journal }) => {
      table.map(GIB, 0, K4, RW);
      const update = table.prepare([op]);
      table.unmap(GIB, K4);
      journal.take();
      update.abort();
      expect(journal.take()).toEqual([{ kind: "walk", iova: 0n, size: 2n ** 39n, granule: 4096n }]);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("stay after abort where something was mapped in them meanwhile, or another update counts on them", () => {
    useTable(arm(), ({ table, memory }) => {
      table.map(GIB, 0, K4, RW);
      const [first, second] = [table.prepare([op]), table.prepare([{ ...op, iova: GIB + 2 * K4 }])];
      table.unmap(GIB, K4);
      first.abort();
      expect(memory.stats().tablePagesInUse).toBe(4);
      table.map(GIB + 3 * K4, 0, K4, RW);
      second.abort();
      expect(table.iovaToPhys(GIB + 3 * K4)).toBe(0);
      table.unmap(GIB, M2);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("are used where another call has put them in meanwhile, and the prepared ones given back", () => {
    useTable(arm(), ({ table, memory }) => {
      const pooled = () => memory.stats().tablePagesPooled;
      const update = table.prepare([op]);
      expect(update.tablePages).toBe(3);
      table.map(GIB, 4 * K4, K4, RW);
      const [inUse, before] = [memory.stats().tablePagesInUse, pooled()];
      update.commit();
      expect(memory.stats().tablePagesInUse).toBe(inUse);
      expect(pooled()).toBe(before + 3);
      expect([table.iovaToPhys(GIB), table.iovaToPhys(GIB + K4)]).toEqual([4 * K4, 0]);
      table.unmap(GIB, M2);
    });
  });
});

describe("an aborted update", () => {
  const source = { paddr: 5 * MIB, size: 3 * K4 };
  const kinds: TableOp[] = [
    { op: "map", iova: 4 * GIB, paddr: 0, size: M2 + K4, prot: RW },
    { op: "mapList", iova: 4 * GIB, pages: Float64Array.of(K4, 9 * K4), pageSize: K4, prot: RW },
    { op: "mapSegments", iova: 4 * GIB, segments: [source, source], prot: RW, part: { start: K4, size: 4 * K4 } },
    { op: "mapRepeat", iova: 4 * GIB, size: 8 * M2, source, prot: RW, phase: K4 },
    { op: "replace", iova: GIB + K4, paddr: 0, size: M2, prot: RW },
    { op: "protect", iova: GIB + K4, size: K4, prot: Prot.READ },
    { op: "unmap", iova: GIB + K4, size: K4 },
  ];

  it.each(kinds)("leaves no trace: $op", (op) => {
    useTable(vtdSecondStage({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
      table.map(GIB, 0, GIB, RW);
      journal.take();
      const [before, { tablePagesInUse }] = [table.dump(), memory.stats()];
      const update = table.prepare([op]);
      expect(update.tablePages).toBeGreaterThan(0);
      expect(table.dump()).toBe(before);
      update.abort();
      expect(table.dump()).toBe(before);
      expect(memory.stats().tablePagesInUse).toBe(tablePagesInUse);
      expect(journal.take()).toEqual([]);
      table.unmap(GIB, GIB);
    });
  });
});
