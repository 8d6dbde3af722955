// What several operations of one update come to together, and what is refused.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, Prot, type TableOp, vtdSecondStage } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { GIB, MIB, useTable } from "../support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 4096;
const M2 = 2 * MIB;
const vtd = () => vtdSecondStage({ ias: 48, oas: 48 });

describe("operations in order", () => {
  it("replace what is removed and mapped again, so that no page has to be made and one flush does", () => {
    useTable(vtd(), ({ table, journal }) => {
      table.map(0, 0, 16 * K4, RW);
      journal.take();
      const update = table.prepare([
        { op: "unmap", iova: 0, size: 16 * K4 },
        { op: "map", iova: 0, paddr: MIB, size: 16 * K4, prot: RW },
      ]);
      expect(update.tablePages).toBe(0);
      update.commit();
      expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: 0x10000n, granule: 4096n }]);
      expect(table.iovaToPhys(5 * K4)).toBe(MIB + 5 * K4);
      table.unmap(0, M2);
    });
  });

  it("make nothing of what is mapped and removed", () => {
    useTable(vtd(), ({ table, journal, memory }) => {
      const update = table.prepare([
        { op: "map", iova: 0, paddr: 0, size: 16 * K4, prot: RW },
        { op: "unmap", iova: 0, size: 16 * K4 },
      ]);
      expect(update.tablePages).toBe(0);
      update.commit();
      expect(journal.take()).toEqual([]);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("count a table that several need once: a leaf of 1 GiB split in two places of one table", () => {
    useTable(vtd(), ({ table, memory }) => {
      table.map(0, 0, GIB, RW);
      const before = memory.stats().tablePagesInUse;
      const update = table.prepare([
        { op: "unmap", iova: 3 * K4, size: K4 },
        { op: "replace", iova: 9 * K4, paddr: 0, size: K4, prot: RW },
        { op: "protect", iova: M2 - K4, size: K4, prot: Prot.READ },
      ]);
      expect(update.tablePages).toBe(2);
      update.commit();
      expect(memory.stats().tablePagesInUse).toBe(before + 2);
      expect([3, 9, 10].map((page) => table.iovaToPhys(page * K4))).toEqual([null, 0, 10 * K4]);
      table.unmap(0, GIB);
    });
  });

  it("un-share at most a table a level and edge where a part of a repeat mapping goes", () => {
    useTable(vtd(), ({ table, memory }) => {
      table.mapRepeat(0, 16 * GIB, { paddr: 0, size: K4 }, RW);
      const before = memory.stats().tablePagesInUse;
      const update = table.prepare([{ op: "unmap", iova: 3 * GIB + 5 * M2 + K4, size: 4 * GIB }]);
      expect(update.tablePages).toBe(2 + 2);
      update.commit();
      expect(memory.stats().tablePagesInUse).toBeLessThanOrEqual(before + 4);
      expect(table.iovaToPhys(3 * GIB + 5 * M2)).toBe(0);
      expect(table.iovaToPhys(3 * GIB + 5 * M2 + K4)).toBe(null);
      expect(table.iovaToPhys(7 * GIB + 5 * M2 + K4)).toBe(0);
      table.unmap(0, 16 * GIB);
      expect(memory.stats().tablePagesInUse).toBe(1);
    });
  });

  it("put a repeat mapping in the place of what is removed, whatever sticks out of it", () => {
    useTable(amdV1({ ias: 48, oas: 48, pageSizes: [K4, M2, GIB] }), ({ table }) => {
      table.map(0, 2 * GIB, 2 * GIB, RW);
      const [iova, size] = [GIB - 5 * M2 - K4, 20 * M2];
      const update = table.prepare([
        { op: "unmap", iova, size },
        { op: "mapRepeat", iova, size, source: { paddr: 7 * M2, size: 3 * K4 }, prot: RW, phase: K4 },
      ]);
      update.commit();
      expect(table.iovaToPhys(iova - K4)).toBe(2 * GIB + iova - K4);
      expect(table.iovaToPhys(iova + size)).toBe(2 * GIB + iova + size);
      for (const at of [0, 1, 2, 511, 4000, 10239]) {
        expect(table.iovaToPhys(iova + at * K4)).toBe(7 * M2 + ((at + 1) % 3) * K4);
      }
      table.unmap(0, 4 * GIB);
    });
  });

  it("take 20,000 scattered pages in one update", () => {
    useTable(vtd(), ({ table, memory }) => {
      const ops = Array.from({ length: 20_000 }, (_, i): TableOp => {
        return { op: "map", iova: ((i * 7919) % 20_000) * 3 * K4, paddr: i * K4, size: K4, prot: RW };
      });
      const update = table.prepare(ops);
      expect(update.tablePages).toBe(2 + Math.ceil((60_000 * K4) / M2));
      update.commit();
      expect(memory.stats().tablePagesInUse).toBe(1 + update.tablePages);
      expect(table.iovaToPhys(7919 * 3 * K4)).toBe(K4);
      table.unmap(0, GIB);
    });
  });
});

describe("what is refused changes nothing, holds nothing and says where", () => {
  const there: TableOp = { op: "map", iova: 0, paddr: 0, size: M2, prot: RW };
  const bad: [string, unknown, "EINVAL" | "ERANGE" | "EEXIST" | "ENOTSUP"][] = [
    ["no array", 7, "EINVAL"],
    ["no operation", [undefined], "EINVAL"],
    ["an unknown operation", [{ op: "destroy" }], "EINVAL"],
    ["a name of Object's", [{ op: "toString" }], "EINVAL"],
    ["something mapped", [there, { op: "map", iova: M2 * 8, paddr: 0, size: K4, prot: RW }], "EEXIST"],
    [
      "what an operation before it maps",
      [there, { op: "mapList", iova: K4, pages: Float64Array.of(0), pageSize: K4, prot: RW }],
      "EEXIST",
    ],
    ["a misaligned address", [there, { op: "unmap", iova: 5, size: K4 }], "EINVAL"],
    ["an output address too high", [there, { op: "replace", iova: GIB, paddr: 2 ** 48, size: K4, prot: RW }], "ERANGE"],
    [
      "a list with a bad page",
      [there, { op: "mapList", iova: GIB, pages: Float64Array.of(0, 7), pageSize: K4, prot: RW }],
      "EINVAL",
    ],
    [
      "a part outside the list",
      [there, { op: "mapSegments", iova: GIB, segments: [], prot: RW, part: { start: 0, size: K4 } }],
      "EINVAL",
    ],
    ["an empty source", [there, { op: "mapRepeat", iova: GIB, size: K4, source: [], prot: RW }], "EINVAL"],
    ["no protection", [there, { op: "protect", iova: GIB, size: K4, prot: 0 }], "EINVAL"],
  ];

  it.each(bad)("%s", (_name, ops, code) => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory }) => {
      table.map(M2 * 8, 0, K4, RW);
      const [before, { tablePagesInUse }] = [table.dump(), memory.stats()];
      const failure = failureOf(() => table.prepare(ops as TableOp[]), code);
      expect(failure.operation).toBe("prepare");
      if (Array.isArray(ops) && ops.length > 1) expect(failure.message).toContain("ops[1]: ");
      expect(table.dump()).toBe(before);
      expect(memory.stats().tablePagesInUse).toBe(tablePagesInUse);
      table.unmap(0, GIB);
    });
  });

  it("an update of nothing", () => {
    useTable(vtd(), ({ table, journal }) => {
      const update = table.prepare([]);
      expect(update.tablePages).toBe(0);
      update.commit();
      expect(journal.take()).toEqual([]);
    });
  });
});
