// The two phases: prepare may fail and changes nothing, commit does not fail and allocates nothing.
import { describe, expect, test } from "vitest";
import {
  amdV1,
  armLpaeS1,
  type FlushOps,
  type Format,
  type GpuObject,
  GpuVm,
  IoPageTable,
  IoPgtableError,
  Prot,
  TableMemory,
} from "../../bindings/index.js";
import { failureOf } from "../bindings/support/failure.js";
import { MIB, useTable } from "../bindings/support/fixture.js";
import { flushJournal } from "../bindings/support/flushJournal.js";
import { guestMemory } from "../bindings/support/guestMemory.js";
import { PageAllocator } from "../bindings/support/pageAllocator.js";

const PAGE = 4096;
const RW = Prot.READ | Prot.WRITE;
const stage1 = () => armLpaeS1({ ias: 39, oas: 40 });
const A: GpuObject = { segments: [{ paddr: 0x4000_0000, size: 16 * MIB }] };
const B: GpuObject = { segments: [{ paddr: 0x8000_0000, size: 16 * MIB }] };

describe("until commit", () => {
  test("the address space and the table are as they were", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 4 * MIB, object: A, prot: RW });
      const old = vm.find(0);
      const dump = table.dump();
      journal.take();
      const update = vm.prepare([
        { request: "bind", iova: MIB, size: MIB, object: B, prot: RW },
        { request: "unbind", iova: 3 * MIB, size: PAGE },
        { request: "bind", iova: 8 * MIB, size: MIB, object: B, prot: RW },
      ]);
      expect(table.dump()).toBe(dump);
      expect(journal.take()).toEqual([]);
      expect([...vm.mappings()]).toEqual([old]);
      expect(vm.find(MIB)).toBe(old);
      update.commit();
      expect(vm.find(MIB)?.object).toBe(B);
      expect(vm.find(0)).toMatchObject({ iova: 0n, size: MIB, object: A, offset: 0 });
      expect(vm.find(3 * MIB)).toBe(null);
      expect(table.iovaToPhys(MIB)).toBe(0x8000_0000);
      expect(update.steps.map(({ step }) => step)).toEqual(["remap", "map", "remap", "map"]);
      vm.unbind(0, 16 * MIB);
    });
  });

  test("abort leaves no trace", () => {
    useTable(stage1(), ({ table, memory }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 4 * MIB, object: A, prot: RW });
      const before = { dump: table.dump(), mappings: [...vm.mappings()], memory: memory.stats().tablePagesInUse };
      vm.prepare([
        { request: "bind", iova: PAGE, size: MIB, object: B, prot: RW },
        { request: "bindSparse", iova: 2 ** 30, size: 2 ** 30, dummy: B },
      ]).abort();
      expect({
        dump: table.dump(),
        mappings: [...vm.mappings()],
        memory: memory.stats().tablePagesInUse,
      }).toEqual(before);
      // Nothing is held any more.
      vm.bind({ iova: PAGE, size: MIB, object: B, prot: RW });
    });
  });

  test("what it holds is EBUSY, and nothing else is", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 4 * PAGE, object: A, prot: RW });
      const other = { segments: [{ paddr: 0x100_0000, size: MIB }] };
      const update = vm.prepare([
        { request: "bind", iova: 2 * PAGE, size: PAGE, object: B, prot: RW },
        { request: "unbind", iova: 8 * PAGE, size: PAGE },
      ]);
      const dump = table.dump();
      for (const act of [
        () => vm.bind({ iova: 2 * PAGE, size: PAGE, object: other, prot: RW }),
        // The mapping that the update cuts is held whole: what it becomes is told already.
        () => vm.unbind(0, PAGE),
        () => vm.bindSparse(8 * PAGE, PAGE, other),
        () => vm.prepare([{ request: "unbind", iova: 0, size: MIB }]),
        () => vm.split(PAGE, PAGE),
        () => vm.unbindObject(A),
        () => vm.invalidate(A),
        () => vm.invalidate(B),
        () => vm.unbindObject(B),
      ]) {
        failureOf(act, "EBUSY");
        expect(table.dump()).toBe(dump);
      }
      vm.bind({ iova: 4 * PAGE, size: 4 * PAGE, object: other, prot: RW });
      vm.bind({ iova: 9 * PAGE, size: PAGE, object: other, prot: RW });
      vm.unbindObject(other);
      update.commit();
      expect([...vm.mappings()].map(({ iova, size }) => [Number(iova) / PAGE, size / PAGE])).toEqual([
        [0, 2],
        [2, 1],
        [3, 1],
      ]);
      vm.invalidate(A);
      expect(table.iovaToPhys(0)).toBe(null);
    });
  });

  test("several may be pending, and end in any order", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      vm.bind({ iova: 0, size: 8 * MIB, object: A, prot: RW });
      vm.split(4 * MIB, 4 * MIB);
      const prepare = (iova: number) => vm.prepare([{ request: "bind", iova, size: PAGE, object: B, prot: RW }]);
      const [first, second, third] = [prepare(MIB), prepare(5 * MIB), prepare(32 * MIB)];
      third.commit();
      first.commit();
      second.abort();
      expect([MIB, 5 * MIB, 32 * MIB].map((iova) => table.iovaToPhys(iova))).toEqual([
        0x8000_0000,
        0x4000_0000 + 5 * MIB,
        0x8000_0000,
      ]);
    });
  });

  test("it ends once", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const prepare = () => vm.prepare([{ request: "bind", iova: 0, size: PAGE, object: B, prot: RW }]);
      const committed = prepare();
      committed.commit();
      failureOf(() => committed.commit(), "EINVAL");
      failureOf(() => committed.abort(), "EINVAL");
      vm.unbind(0, PAGE);
      const other = prepare();
      other.abort();
      failureOf(() => other.commit(), "EINVAL");
      failureOf(() => other.abort(), "EINVAL");
      expect(table.iovaToPhys(0)).toBe(null);
    });
  });

  test("nothing at all can be prepared", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const update = vm.prepare([]);
      expect(update).toMatchObject({ steps: [], tablePages: 0, touched: null });
      update.commit();
      failureOf(() => update.commit(), "EINVAL");
    });
  });
});

describe("commit", () => {
  test("allocates nothing, whatever has happened since", () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const table = new IoPageTable(guest.memory, { format: stage1(), flush: flushJournal().flush, allocator });
    const vm = new GpuVm(table);
    vm.bind({ iova: 0, size: 4 * MIB, object: A, prot: RW });
    const requested = allocator.requests.length;
    const update = vm.prepare([
      { request: "bind", iova: MIB, size: PAGE, object: B, prot: RW },
      { request: "bind", iova: 2 ** 30, size: PAGE, object: B, prot: RW },
    ]);
    // A split block's table, and two on the way to the other page.
    expect(update.tablePages).toBe(3);
    expect(allocator.requests.length).toBe(requested + 3);
    allocator.answer = () => null;
    update.commit();
    expect(allocator.requests.length).toBe(requested + 3);
    expect([table.iovaToPhys(MIB), table.iovaToPhys(2 ** 30)]).toEqual([0x8000_0000, 0x8000_0000]);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });

  test("collects its flushes in a gather", () => {
    useTable(stage1(), ({ table, journal }) => {
      const vm = new GpuVm(table);
      for (const page of [0, 5, 9]) vm.bind({ iova: page * PAGE, size: PAGE, object: A, prot: RW });
      const updates = [0, 5, 9].map((page) => vm.prepare([{ request: "unbind", iova: page * PAGE, size: PAGE }]));
      journal.take();
      const gather = table.gather();
      for (const update of updates) update.commit(gather);
      expect(journal.take()).toEqual([]);
      gather.sync();
      expect(journal.take().length).toBe(1);
      failureOf(() => vm.prepare([]).commit({ sync: () => undefined, [Symbol.dispose]: () => undefined }), "EINVAL");
    });
  });

  test("that is refused leaves the update prepared", () => {
    useTable(stage1(), ({ table }) => {
      const vm = new GpuVm(table);
      const update = vm.prepare([{ request: "bind", iova: 0, size: PAGE, object: B, prot: RW }]);
      const stranger = { sync: () => undefined, [Symbol.dispose]: () => undefined };
      failureOf(() => update.commit(stranger), "EINVAL");
      expect(vm.find(0)).toBe(null);
      update.commit();
      expect(vm.find(0)?.object).toBe(B);
    });
  });

  test("is undecided while the device does not take the new top", () => {
    let answers = false;
    const format = amdV1({
      ias: 48,
      oas: 48,
      startLevels: 3,
      changeTop: () => {
        if (!answers) throw new Error("no answer");
      },
    });
    useTable(format, ({ table }) => {
      const vm = new GpuVm(table);
      const update = vm.prepare([{ request: "bind", iova: 2 ** 45, size: PAGE, object: B, prot: RW }]);
      expect(() => update.commit()).toThrow("no answer");
      expect(vm.find(2 ** 45)).toBe(null);
      failureOf(() => vm.bind({ iova: 2 ** 45, size: PAGE, object: B, prot: RW }), "EBUSY");
      answers = true;
      update.commit();
      expect(table.iovaToPhys(2 ** 45)).toBe(0x8000_0000);
      expect(vm.find(2 ** 45)?.object).toBe(B);
    });
  });
});

/** A table whose flushes throw while `failing` says so. */
function failingTable(format: Format): { table: IoPageTable; memory: TableMemory; device: { failing: boolean } } {
  const device = { failing: false };
  const fail = (): void => {
    if (device.failing) throw new Error("the device is gone");
  };
  const flush: FlushOps = { flushAll: () => undefined, flushWalk: fail, flushRange: fail };
  const memory = TableMemory.create({ bytes: 16 * MIB });
  return { table: new IoPageTable(memory, { format, flush }), memory, device };
}

describe("a flush", () => {
  test.each<{ says: string; act: (vm: GpuVm) => unknown; paddr: number | null }>([
    { says: "in unbind", act: (vm) => vm.unbind(PAGE, PAGE), paddr: null },
    {
      says: "in bind",
      act: (vm) => vm.bind({ iova: PAGE, size: PAGE, object: B, prot: RW }),
      paddr: 0x8000_0000,
    },
    {
      says: "in commit",
      act: (vm) => vm.prepare([{ request: "bind", iova: PAGE, size: PAGE, object: B, prot: RW }]).commit(),
      paddr: 0x8000_0000,
    },
    { says: "in invalidate", act: (vm) => vm.invalidate(A), paddr: null },
    { says: "in unbindObject", act: (vm) => vm.unbindObject(A), paddr: null },
  ])("that throws $says finds books and table both as after", ({ act, paddr }) => {
    const { table, memory, device } = failingTable(stage1());
    const vm = new GpuVm(table);
    vm.bind({ iova: 0, size: 4 * PAGE, object: A, prot: RW });
    device.failing = true;
    expect(() => act(vm)).toThrow("the device is gone");
    device.failing = false;
    expect(table.iovaToPhys(PAGE)).toBe(paddr);
    const found = vm.find(PAGE);
    expect(found === null || found.invalidated ? null : found.object).toBe(paddr === null ? null : B);
    vm.bind({ iova: PAGE, size: PAGE, object: B, prot: Prot.READ });
    expect(table.iovaToPhys(PAGE)).toBe(0x8000_0000);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  test("does not come back into the address space", () => {
    let again: unknown;
    const flush = flushJournal().flush;
    const memory = TableMemory.create({ bytes: 16 * MIB });
    const table = new IoPageTable(memory, {
      format: stage1(),
      flush: {
        ...flush,
        flushRange: () => {
          again = failureOf(() => vm.bind({ iova: 8 * MIB, size: PAGE, object: B, prot: RW }), "EBUSY");
        },
      },
    });
    const vm = new GpuVm(table);
    vm.bind({ iova: 0, size: 2 * PAGE, object: A, prot: RW });
    vm.unbind(0, PAGE);
    expect(again).toBeInstanceOf(IoPgtableError);
    expect(vm.find(8 * MIB)).toBe(null);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
