// What a GPU that locks ranges has to lock.
import { describe, expect, test } from "vitest";
import { armLpaeS1, type GpuObject, GpuVm, lockedRegion, Prot } from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { MIB, useTable } from "../bindings/support/fixture.js";

const PAGE = 4096;
const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 39, oas: 40 });
const A: GpuObject = { segments: [{ paddr: 0x4000_0000, size: 16 * MIB }] };
const B: GpuObject = { segments: [{ paddr: 0x8000_0000, size: 16 * MIB }] };

/** By trying every block, the smallest first. */
function slowRegion(first: bigint, size: bigint, least: bigint): { iova: bigint; size: number } {
  for (let block = least; ; block *= 2n) {
    const start = first - (first % block);
    if (first + size <= start + block) return { iova: start, size: Number(block) };
  }
}

describe("the locked region", () => {
  test.each([
    [0n, 1n],
    [0n, 0x8000n],
    [0n, 0x8001n],
    [0x7000n, 0x2000n],
    [0x20_3000n, 0x1_0000n],
    [0xffff_f000n, 0x2000n],
    [2n ** 47n - 0x1000n, 0x1000n],
    [2n ** 63n - 0x1000n, 0x2000n],
    [2n ** 64n - 0x1000n, 0x1000n],
    [0n, 2n ** 64n],
  ])("of %i and %i bytes is the smallest aligned block", (iova, size) => {
    expect(lockedRegion(iova, Number(size))).toEqual(slowRegion(iova, size, 0x8000n));
    expect(lockedRegion(iova, Number(size), PAGE)).toEqual(slowRegion(iova, size, 0x1000n));
    if (iova < 2n ** 53n) expect(lockedRegion(Number(iova), Number(size))).toEqual(lockedRegion(iova, Number(size)));
  });

  test.each<[string, unknown, unknown, unknown]>([
    ["no size", 0, 0, 1],
    ["a size that is no integer", 0, 1.5, 1],
    ["a negative address", -1, 1, 1],
    ["a least that is no power of two", 0, 1, 3],
    ["a least of 0", 0, 1, 0],
  ])("of %s does not exist", (_says, iova, size, least) => {
    failureOf(() => lockedRegion(iova as number, size as number, least as number), "EINVAL");
  });

  test("does not end beyond 2^64", () => {
    expect(failureOf(() => lockedRegion(2n ** 64n - 1n, 2), "ERANGE").iova).toBe(2n ** 64n - 1n);
  });
});

describe("what an update touches", () => {
  test.each<{
    says: string;
    fill: (vm: GpuVm) => unknown;
    prepare: Parameters<GpuVm["prepare"]>[0];
    pages: number[] | null;
  }>([
    {
      says: "a bind over nothing",
      fill: () => undefined,
      prepare: [{ request: "bind", iova: 3 * PAGE, size: 2 * PAGE, object: A, prot: RW }],
      pages: [3, 2],
    },
    {
      says: "what is kept alone",
      fill: (vm) => vm.bind({ iova: 0, size: 8 * PAGE, object: A, prot: RW }),
      prepare: [{ request: "bind", iova: 2 * PAGE, size: 2 * PAGE, object: A, offset: 2 * PAGE, prot: RW }],
      pages: null,
    },
    {
      says: "only what is not kept",
      fill: (vm) => vm.bind({ iova: 0, size: 8 * PAGE, object: A, prot: RW }),
      prepare: [{ request: "bind", iova: 2 * PAGE, size: 8 * PAGE, object: A, offset: 2 * PAGE, prot: RW }],
      pages: [8, 2],
    },
    {
      says: "large leaves that are cut, whole",
      fill: (vm) => vm.bind({ iova: 0, size: 8 * MIB, object: A, prot: RW }),
      prepare: [{ request: "unbind", iova: 3 * MIB, size: 2 * MIB }],
      pages: [512, 1024],
    },
    {
      says: "large leaves that are joined, whole",
      fill: (vm) => {
        vm.bind({ iova: 0, size: 8 * MIB, object: A, prot: RW });
        vm.unbind(3 * MIB, PAGE);
      },
      prepare: [{ request: "bind", iova: 3 * MIB, size: PAGE, object: A, offset: 3 * MIB, prot: RW }],
      pages: [512, 512],
    },
    {
      says: "from the first to the last change",
      fill: (vm) => vm.bind({ iova: 40 * PAGE, size: 4 * PAGE, object: A, prot: RW }),
      prepare: [
        { request: "unbind", iova: 41 * PAGE, size: PAGE },
        { request: "bind", iova: 7 * PAGE, size: PAGE, object: B, prot: RW },
      ],
      pages: [7, 35],
    },
    {
      says: "nothing where a later request takes all back",
      fill: () => undefined,
      prepare: [
        { request: "bind", iova: 7 * PAGE, size: PAGE, object: B, prot: RW },
        { request: "unbind", iova: 0, size: 64 * PAGE },
      ],
      pages: null,
    },
  ])("is $says", ({ fill, prepare, pages }) => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      fill(vm);
      const before = table.dump();
      const update = vm.prepare(prepare);
      const [first = 0, count = 0] = pages ?? [];
      expect(update.touched).toEqual(pages === null ? null : { iova: BigInt(first * PAGE), size: count * PAGE });
      update.commit();
      if (pages === null) expect(table.dump()).toBe(before);
    });
  });
});
