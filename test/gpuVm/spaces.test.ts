// Address spaces of every shape, and parts of them.
import { describe, expect, test } from "vitest";
import { amdV1, armLpaeS1, type Format, type GpuObject, GpuVm, Prot, x86_64 } from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { MIB, useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const RW = Prot.READ | Prot.WRITE;
const A: GpuObject = { segments: [{ paddr: 0x4000_0000, size: 64 * MIB }] };

describe.each<{ says: string; format: () => Format; first: bigint; last: bigint; outside: bigint }>([
  {
    says: "the upper end of 64 bits",
    format: () => armLpaeS1({ ias: 39, oas: 40, quirks: ["ARM_TTBR1"] }),
    first: 2n ** 64n - 2n ** 39n,
    last: 2n ** 64n - 4096n,
    outside: 0n,
  },
  {
    says: "both halves, sign-extended",
    format: () => x86_64({ ias: 48, oas: 48, signExtend: true }),
    first: 0n,
    last: 2n ** 64n - 4096n,
    outside: 2n ** 50n,
  },
  {
    says: "all 64 bits",
    format: () => amdV1({ ias: 64, oas: 52 }),
    first: 0n,
    last: 2n ** 64n - 4096n,
    outside: 2n ** 64n,
  },
])("$says", ({ format, first, last, outside }) => {
  test("is bound, cut and found at both ends", () => {
    useTable(format(), ({ table }) => {
      const vm = new GpuVm(table);
      const size = 16 * PAGE;
      const top = last - 15n * 4096n;
      vm.bind({ iova: first, size, object: A, prot: RW });
      vm.bind({ iova: top, size, object: A, offset: MIB, prot: RW });
      vm.unbind(top + 4096n, PAGE);
      expect(vm.find(last + 5n)).toMatchObject({ iova: top + 8192n, size: 14 * PAGE, offset: MIB + 2 * PAGE });
      expect(table.iovaToPhys64(last + 5n)).toBe(BigInt(0x4000_0000 + MIB + 15 * PAGE + 5));
      expect(vm.find(top + 4096n)).toBe(null);
      expect([...vm.mappings()].map(({ iova }) => iova)).toEqual([first, top, top + 8192n]);
      expect([...vm.mappings(top, size)].length).toBe(2);
      failureOf(() => vm.bind({ iova: outside, size: PAGE, object: A, prot: RW }), "ERANGE");
      failureOf(() => vm.unbind(outside, PAGE), "ERANGE");
      vm.prepare([{ request: "unbind", iova: top, size }]).commit();
      vm.unbindObject(A);
      expect(table.stats().mappedBytes).toBe(0);
    });
  });
});

describe("a part of a table", () => {
  test("is all that its address space uses", () => {
    useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table }) => {
      const low = new GpuVm(table, { iova: 0, size: 16 * MIB });
      const high = new GpuVm(table, { iova: 16n * 2n ** 20n, size: 2 ** 38 });
      low.bind({ iova: 15 * MIB, size: MIB, object: A, prot: RW });
      high.bind({ iova: 16 * MIB, size: MIB, object: A, prot: RW });
      for (const act of [
        () => low.bind({ iova: 15 * MIB, size: MIB + PAGE, object: A, prot: RW }),
        () => low.unbind(16 * MIB, PAGE),
        () => low.bindSparse(2 ** 30, PAGE, A),
        () => low.split(0, 17 * MIB),
        () => high.unbind(0, 17 * MIB),
        () => low.prepare([{ request: "unbind", iova: 2 ** 31, size: PAGE }]),
      ]) {
        failureOf(act, "ERANGE");
      }
      low.unbindObject(A);
      expect(table.iovaToPhys(15 * MIB)).toBe(null);
      expect(table.iovaToPhys(16 * MIB)).toBe(0x4000_0000);
    });
  });

  test("what maps there by other calls is in the way, and stays", () => {
    useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table }) => {
      const vm = new GpuVm(table);
      table.map(8 * PAGE, 0x1000, PAGE, RW);
      failureOf(() => vm.bind({ iova: 0, size: 16 * PAGE, object: A, prot: RW }), "EEXIST");
      failureOf(() => vm.bindSparse(0, 16 * PAGE, A), "EEXIST");
      expect([...vm.mappings()]).toEqual([]);
      expect(table.stats().mappedBytes).toBe(PAGE);
    });
  });
});

describe("an object of many extents", () => {
  test("shows the extents that its offset says", () => {
    const segments = Array.from({ length: 3000 }, (_, i) => {
      return { paddr: 0x10_0000 + 8 * i * PAGE, size: (1 + (i % 3)) * PAGE };
    });
    useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table }) => {
      const vm = new GpuVm(table);
      const object = { segments };
      // Three extents have six pages: the page after k of those is the first of extent 3k.
      vm.bind({ iova: 0, size: 8 * PAGE, object, offset: 6 * 700 * PAGE, prot: RW });
      const paddrs = Array.from({ length: 8 }, (_, page) => table.iovaToPhys(page * PAGE));
      const extent = (i: number) => 0x10_0000 + 8 * i * PAGE;
      expect(paddrs).toEqual([
        extent(2100),
        extent(2101),
        extent(2101) + PAGE,
        extent(2102),
        extent(2102) + PAGE,
        extent(2102) + 2 * PAGE,
        extent(2103),
        extent(2104),
      ]);
    });
  });
});
