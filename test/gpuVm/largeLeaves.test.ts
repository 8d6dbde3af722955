// Large leaves: cut at the edges alone, joined again where a later change makes them whole.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuObject, GpuVm, type IoPageTable, Prot } from "../../bindings/index.js";
import { MIB, useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const LARGE = 2 * MIB;
const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 39, oas: 40 });
const A: GpuObject = { segments: [{ paddr: 0x4000_0000, size: 2 ** 31 }] };
const B: GpuObject = { segments: [{ paddr: 0x8010_0000, size: 64 * MIB }] };

const large = (table: IoPageTable) => table.stats().leaves.get(LARGE) ?? 0;

describe("a large leaf", () => {
  test("stays whole wherever it lies within", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 16 * LARGE, object: A, prot: RW });
      // Of six leaves in the way the two at the ends are cut, and four give way to others.
      vm.bind({ iova: 3 * MIB, size: 10 * MIB, object: B, prot: RW });
      expect(large(table)).toBe(14);
      vm.bind({ iova: 3 * MIB, size: 10 * MIB, object: B, offset: PAGE, prot: RW });
      expect(large(table)).toBe(10);
    });
  });

  test.each<{ says: string; cut: (vm: GpuVm) => void; mend: (vm: GpuVm) => void }>([
    {
      says: "the page that another object took is bound again",
      cut: (vm) => vm.bind({ iova: MIB, size: PAGE, object: B, prot: RW }),
      mend: (vm) => vm.bind({ iova: MIB, size: PAGE, object: A, offset: MIB, prot: RW }),
    },
    {
      says: "all is bound again",
      cut: (vm) => vm.bind({ iova: MIB, size: PAGE, object: B, prot: RW }),
      mend: (vm) => vm.bind({ iova: 0, size: 2 * LARGE, object: A, prot: RW }),
    },
    {
      says: "the hole is filled",
      cut: (vm) => vm.unbind(MIB, PAGE),
      mend: (vm) => vm.bind({ iova: MIB, size: PAGE, object: A, offset: MIB, prot: RW }),
    },
    {
      says: "the hole is filled from both sides",
      cut: (vm) => vm.unbind(MIB, 2 * PAGE),
      mend: (vm) => {
        vm.bind({ iova: MIB, size: PAGE, object: A, offset: MIB, prot: RW });
        vm.bind({ iova: MIB + PAGE, size: PAGE, object: A, offset: MIB + PAGE, prot: RW });
      },
    },
    {
      says: "the protection is the same again",
      cut: (vm) => vm.bind({ iova: MIB, size: PAGE, object: A, offset: MIB, prot: Prot.READ }),
      mend: (vm) => vm.bind({ iova: MIB, size: PAGE, object: A, offset: MIB, prot: RW }),
    },
    {
      says: "an update is committed",
      cut: (vm) => vm.prepare([{ request: "unbind", iova: MIB, size: PAGE }]).commit(),
      mend: (vm) => vm.prepare([{ request: "bind", iova: MIB, size: PAGE, object: A, offset: MIB, prot: RW }]).commit(),
    },
  ])("is joined when $says", ({ cut, mend }) => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 2 * LARGE, object: A, prot: RW });
      const { tablePages } = table.stats();
      cut(vm);
      expect(large(table)).toBe(1);
      mend(vm);
      expect(large(table)).toBe(2);
      expect(table.stats().tablePages).toBe(tablePages);
      expect(table.iovaToPhys(MIB + 5)).toBe(0x4000_0000 + MIB + 5);
      // And once more.
      cut(vm);
      mend(vm);
      expect(large(table)).toBe(2);
    });
  });

  test("of the largest size is joined in one piece", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 2 ** 30, size: 2 ** 30, object: A, prot: RW });
      vm.unbind(2 ** 30 + 5 * PAGE, PAGE);
      expect(table.stats().leaves.get(2 ** 30)).toBe(undefined);
      vm.bind({ iova: 2 ** 30 + 5 * PAGE, size: PAGE, object: A, offset: 5 * PAGE, prot: RW });
      expect([...table.stats().leaves]).toEqual([[2 ** 30, 1]]);
    });
  });

  test("is joined as far as it is whole", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 2 ** 30, size: 2 ** 30, object: A, prot: RW });
      vm.unbind(2 ** 30 + 5 * PAGE, PAGE);
      vm.bind({ iova: 2 ** 31 - PAGE, size: PAGE, object: B, prot: RW });
      vm.bind({ iova: 2 ** 30 + 5 * PAGE, size: PAGE, object: A, offset: 5 * PAGE, prot: RW });
      expect(large(table)).toBe(511);
      vm.bind({ iova: 2 ** 31 - PAGE, size: PAGE, object: A, offset: 2 ** 30 - PAGE, prot: RW });
      expect([...table.stats().leaves]).toEqual([[2 ** 30, 1]]);
    });
  });

  test("that an update counts on waits until it is decided", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: LARGE, object: A, prot: RW });
      vm.split(MIB, MIB);
      vm.unbind(0, PAGE);
      const update = vm.prepare([{ request: "bind", iova: MIB, size: PAGE, object: B, prot: RW }]);
      vm.bind({ iova: 0, size: PAGE, object: A, prot: RW });
      expect(large(table)).toBe(0);
      update.abort();
      vm.bind({ iova: 0, size: PAGE, object: A, prot: RW });
      expect(large(table)).toBe(1);
    });
  });

  test("is not made of what never was one: a bind over nothing flushes nothing", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      for (let at = 0; at < LARGE; at += PAGE) {
        vm.bind({ iova: at, size: PAGE, object: A, offset: at, prot: RW });
      }
      expect(large(table)).toBe(0);
      expect(journal.take()).toEqual([]);
    });
  });

  test("of several binds in one update is made at once", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      const update = vm.prepare(
        Array.from({ length: 512 }, (_, i) => {
          return { request: "bind", iova: i * PAGE, size: PAGE, object: A, offset: i * PAGE, prot: RW };
        }),
      );
      expect(update.steps.length).toBe(512);
      update.commit();
      expect(large(table)).toBe(1);
      expect(journal.take()).toEqual([]);
      expect([...vm.mappings()].length).toBe(512);
    });
  });
});
