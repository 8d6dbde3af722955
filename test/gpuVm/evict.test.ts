// Eviction: the entries go and come back, the books stay.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuObject, GpuVm, Prot, SegmentList } from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { MIB, useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 39, oas: 40 });

interface Buffer extends GpuObject {
  segments: GpuObject["segments"];
}
const buffer = (paddr: number, size: number): Buffer => ({ segments: [{ paddr, size }] });

describe("an evicted object", () => {
  test("has mappings and no entries, and gets its entries at another place when it is back", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      const a = buffer(0x4000_0000, 4 * MIB);
      const b = buffer(0x8000_0000, 4 * MIB);
      vm.bind({ iova: 0, size: 4 * MIB, object: a, prot: RW });
      vm.bind({ iova: MIB, size: PAGE, object: b, prot: RW });
      vm.bind({ iova: 2 ** 30, size: PAGE, object: a, offset: 3 * PAGE, prot: Prot.READ });
      const mappings = [...vm.mappings()];
      vm.invalidate(a);
      expect([...vm.mappings()]).toEqual(mappings);
      expect(mappings.map(({ invalidated }) => invalidated)).toEqual([true, false, true, true]);
      expect(table.stats()).toMatchObject({ mappedBytes: PAGE });
      journal.take();
      vm.invalidate(a);
      expect(journal.take()).toEqual([]);
      a.segments = new SegmentList([
        { paddr: 0x1000, size: 4 * PAGE },
        { paddr: 0xc000_0000, size: 4 * MIB },
      ]);
      vm.revalidate(a);
      expect(mappings.some(({ invalidated }) => invalidated)).toBe(false);
      expect([0, MIB, 4 * PAGE, 2 ** 30].map((iova) => table.iovaToPhys(iova))).toEqual([
        0x1000, 0x8000_0000, 0xc000_0000, 0x4000,
      ]);
      expect([...table.mappings(2 ** 30, PAGE)].map(({ prot }) => prot & Prot.WRITE)).toEqual([0]);
      expect(table.stats().mappedBytes).toBe(4 * MIB + PAGE);
    });
  });

  test("is bound without entries, since its memory is another's by now", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const a = buffer(0x4000_0000, 4 * MIB);
      vm.invalidate(a);
      a.segments = [];
      const [step] = vm.bind({ iova: 0, size: PAGE, object: a, prot: RW });
      expect(step).toMatchObject({ step: "map", mapping: { invalidated: true } });
      expect(table.iovaToPhys(0)).toBe(null);
      vm.prepare([{ request: "bind", iova: MIB, size: PAGE, object: a, offset: PAGE, prot: RW }]).commit();
      expect(table.iovaToPhys(MIB)).toBe(null);
      a.segments = [{ paddr: 0x9000_0000, size: 2 * PAGE }];
      vm.revalidate(a);
      expect([table.iovaToPhys(0), table.iovaToPhys(MIB)]).toEqual([0x9000_0000, 0x9000_1000]);
    });
  });

  test("that comes back too small stays evicted", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const a = buffer(0x4000_0000, 4 * PAGE);
      vm.bind({ iova: 0, size: 2 * PAGE, object: a, offset: 2 * PAGE, prot: RW });
      vm.bind({ iova: MIB, size: MIB, object: a, offset: PAGE, prot: RW, period: 2 * PAGE });
      vm.invalidate(a);
      a.segments = [{ paddr: 0x9000_0000, size: 3 * PAGE }];
      expect(failureOf(() => vm.revalidate(a), "EINVAL").iova).toBe(0n);
      expect(table.stats().mappedBytes).toBe(0);
      a.segments = [{ paddr: 0x9000_0800, size: 4 * PAGE }];
      failureOf(() => vm.revalidate(a), "EINVAL");
      expect([...vm.mappings()].every(({ invalidated }) => invalidated)).toBe(true);
      a.segments = [{ paddr: 0x9000_0000, size: 4 * PAGE }];
      vm.revalidate(a);
      expect(table.stats().mappedBytes).toBe(MIB + 2 * PAGE);
      expect(table.iovaToPhys(MIB + 3 * PAGE)).toBe(0x9000_2000);
    });
  });

  test("can be cut, kept and unbound as any other", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      const a = buffer(0x4000_0000, 4 * MIB);
      const b = buffer(0x8000_0000, 4 * MIB);
      vm.bind({ iova: 0, size: 4 * PAGE, object: a, prot: RW });
      vm.invalidate(a);
      journal.take();
      const steps = vm.bind({ iova: PAGE, size: PAGE, object: b, prot: RW });
      expect(steps[0]).toMatchObject({ before: { invalidated: true, size: PAGE }, after: { invalidated: true } });
      expect(vm.bind({ iova: 0, size: PAGE, object: a, prot: RW })[0]).toMatchObject({ step: "unmap", kept: true });
      expect(vm.unbindObject(a).length).toBe(2);
      expect(journal.take()).toEqual([]);
      expect([...vm.mappings()].map(({ object }) => object)).toEqual([b]);
    });
  });
});

test("a dummy that is evicted takes the sparse mappings with it", () => {
  useTable(stage1(), ({ table }) => {
    const vm = new GpuVm(table);
    const dummy = buffer(0x4000_0000, 2 * MIB);
    vm.bindSparse(0, 2 ** 30, dummy);
    vm.invalidate(dummy);
    expect(table.stats().mappedBytes).toBe(0);
    expect(vm.find(5 * PAGE)).toMatchObject({ object: null, invalidated: true });
    dummy.segments = [{ paddr: 0x7000_0000, size: PAGE }];
    vm.revalidate(dummy);
    expect(table.iovaToPhys(2 ** 29 + 17)).toBe(0x7000_0011);
    expect(vm.unbindObject(dummy)).toMatchObject([{ step: "unmap", mapping: { object: null } }]);
    expect(table.stats().mappedBytes).toBe(0);
  });
});

test("objects without mappings may be named", () => {
  useTable(stage1(), ({ table }) => {
    const vm = new GpuVm(table);
    const a = buffer(0x4000_0000, MIB);
    expect(vm.unbindObject(a)).toEqual([]);
    vm.revalidate(a);
    vm.invalidate(a);
    vm.revalidate(a);
    vm.bind({ iova: 0, size: PAGE, object: a, prot: RW });
    expect(table.iovaToPhys(0)).toBe(0x4000_0000);
  });
});
