// Sparse and repeated binds: any size in one operation, tables shared, the phase kept where they are cut.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuObject, GpuVm, Prot, SegmentList } from "../../bindings/index.js";
import { GIB, MIB, useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 48, oas: 40 });
const ZEROES: GpuObject = { segments: [{ paddr: 0x4020_0000, size: 2 * MIB }] };
const A: GpuObject = { segments: [{ paddr: 0x8000_0000, size: 16 * MIB }] };

describe("a sparse bind", () => {
  test("covers any size with a few tables, and reads as the dummy", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      expect(vm.bindSparse(64 * GIB, 512 * GIB, ZEROES)).toMatchObject([
        { step: "map", mapping: { iova: 64n * 2n ** 30n, size: 512 * GIB, object: null, offset: 0, prot: RW } },
      ]);
      expect(table.stats()).toMatchObject({ mappedBytes: 512 * GIB });
      expect(table.stats().tablePages).toBeLessThan(6);
      expect(table.iovaToPhys(300 * GIB + 0x12_3456)).toBe(0x4020_0000 + 0x12_3456);
      expect(vm.find(500 * GIB)).toMatchObject({ object: null, invalidated: false });
    });
  });

  test("is mapped by large leaves wherever it begins", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bindSparse(GIB + PAGE, 8 * MIB, ZEROES);
      expect(table.iovaToPhys(GIB + 5 * MIB)).toBe(0x4020_0000 + MIB);
      expect(table.stats().leaves.get(2 * MIB)).toBe(3);
    });
  });

  test("gives way page by page, and takes the pages back", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      vm.bindSparse(0, 4 * GIB, ZEROES);
      const { tablePages } = table.stats();
      const iova = 3 * GIB + 7 * PAGE;
      const [remap] = vm.bind({ iova, size: PAGE, object: A, prot: RW });
      expect(remap).toMatchObject({ step: "remap", before: { object: null }, after: { object: null } });
      expect([iova - PAGE, iova, iova + PAGE].map((at) => table.iovaToPhys(at))).toEqual([
        0x4020_0000 + 6 * PAGE,
        0x8000_0000,
        0x4020_0000 + 8 * PAGE,
      ]);
      journal.take();
      vm.bindSparse(iova, PAGE, ZEROES);
      expect(table.iovaToPhys(iova)).toBe(0x4020_0000 + 7 * PAGE);
      // Only the path to the page has tables of its own.
      expect(table.stats().tablePages).toBeLessThanOrEqual(tablePages + 2);
      expect(table.stats().leaves.get(2 * MIB)).toBe(2048);
      vm.bindSparse(0, 4 * GIB, ZEROES);
      expect([...vm.mappings()].length).toBe(1);
      expect(table.stats().mappedBytes).toBe(4 * GIB);
    });
  });

  test("may forbid writes", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bindSparse(0, PAGE, ZEROES, Prot.READ);
      vm.prepare([{ request: "bindSparse", iova: PAGE, size: PAGE, dummy: ZEROES, prot: Prot.READ }]).commit();
      const [run] = [...table.mappings()];
      expect([run?.size, (run?.prot ?? 0) & Prot.WRITE]).toEqual([2 * PAGE, 0]);
    });
  });
});

describe("a repeated bind", () => {
  const scattered: GpuObject = {
    segments: new SegmentList([
      { paddr: 0x1_0000_0000, size: 2 * PAGE },
      { paddr: 0x2000_0000, size: PAGE },
      { paddr: 0x3000_0000, size: 2 * PAGE },
    ]),
  };
  const PADDRS = [0x1_0000_1000, 0x2000_0000, 0x3000_0000];

  test("shows a part of a scattered object over and over, in shared tables", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const request = { iova: 0, size: 8 * GIB, object: scattered, offset: PAGE, period: 3 * PAGE, prot: RW };
      expect(vm.bind(request)).toMatchObject([{ mapping: { offset: PAGE, period: 3 * PAGE, phase: 0 } }]);
      expect(table.stats().tablePages).toBeLessThan(10);
      for (const page of [0, 1, 2, 3, 1000, 2 ** 20 + 1, 2 ** 21 - 1]) {
        expect(table.iovaToPhys(page * PAGE)).toBe(PADDRS[page % 3]);
      }
    });
  });

  test("keeps its phase where it is cut, also through an eviction", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 100 * PAGE, object: scattered, offset: PAGE, period: 3 * PAGE, prot: RW });
      vm.bind({ iova: 10 * PAGE, size: PAGE, object: A, prot: RW });
      vm.split(50 * PAGE, 13 * PAGE);
      expect([...vm.mappings()].map(({ iova, phase }) => [Number(iova) / PAGE, (phase ?? -PAGE) / PAGE])).toEqual([
        [0, 0],
        [10, -1],
        [11, 2],
        [50, 2],
        [63, 0],
      ]);
      vm.invalidate(scattered);
      vm.revalidate(scattered);
      for (let page = 0; page < 100; page++) {
        expect(table.iovaToPhys(page * PAGE)).toBe(page === 10 ? 0x8000_0000 : PADDRS[page % 3]);
      }
    });
  });

  test("is kept by one that continues it, and not by one of another phase", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      const request = { object: scattered, offset: PAGE, period: 3 * PAGE, prot: RW };
      vm.bind({ ...request, iova: 6 * PAGE, size: 6 * PAGE });
      journal.take();
      expect(vm.bind({ ...request, iova: 0, size: 20 * PAGE })[0]).toMatchObject({ step: "unmap", kept: true });
      expect(journal.take()).toEqual([]);
      expect(vm.bind({ ...request, iova: PAGE, size: 20 * PAGE })[0]).toMatchObject({ step: "remap" });
      expect(table.iovaToPhys(PAGE)).toBe(PADDRS[0]);
      expect(vm.bind({ ...request, iova: 0, size: 40 * PAGE }).map((step) => "kept" in step && step.kept)).toEqual([
        true,
        false,
        false,
      ]);
    });
  });
});
