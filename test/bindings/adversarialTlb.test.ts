// The worst TLB there could be: flush operations that do less than they must are caught, and right ones are not blamed, whatever the table is asked to do.
import { describe, expect, it } from "vitest";
import {
  AdversarialTlb,
  amdV1,
  armLpaeS1,
  armV7s,
  type FlushOps,
  type Format,
  flushedByOwner,
  IoPageTable,
  Prot,
  riscv,
  StaleTlbError,
  TableMemory,
  vtdSecondStage,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 2 ** 12;
const M2 = 2 ** 21;

interface Subject {
  readonly memory: TableMemory;
  readonly table: IoPageTable;
  readonly tlb: AdversarialTlb;
}

const armS1 = () => armLpaeS1({ ias: 39, oas: 40 });

/** A watched table whose flush operations are `wrong` where the device's own would be right. */
function watched(format: () => Format = armS1, wrong: (right: FlushOps) => Partial<FlushOps> = () => ({})): Subject {
  const memory = TableMemory.create({ bytes: 2 ** 23 });
  const tlb = new AdversarialTlb();
  const table = new IoPageTable(memory, { format: format(), flush: { ...tlb.flush, ...wrong(tlb.flush) } });
  tlb.watch(table);
  return { memory, table, tlb };
}

function finish({ memory, table, tlb }: Subject): void {
  table.destroy();
  tlb.check();
  expect(memory.stats().tablePagesInUse).toBe(0);
}

const nothing = (): void => undefined;

/** Flush operations as they are written wrongly, and a change that shows it. */
const MISTAKES: Record<
  string,
  { wrong: (right: FlushOps) => Partial<FlushOps>; shownBy: (table: IoPageTable) => void }
> = {
  "are empty functions": {
    wrong: () => ({ flushAll: nothing, flushWalk: nothing, flushRange: nothing }),
    shownBy: (table) => table.unmap(M2, K4),
  },
  "are flushRange alone": {
    wrong: () => ({ flushAll: nothing, flushWalk: nothing }),
    shownBy: (table) => table.unmap(M2, 32 * K4),
  },
  "are flushWalk alone": {
    wrong: () => ({ flushAll: nothing, flushRange: nothing }),
    shownBy: (table) => table.unmap(M2, K4),
  },
  "forget leaves where partial walks go too": {
    wrong: (right) => ({ flushWalk: (iova, size, granule) => right.flushRange(iova, size, granule) }),
    shownBy: (table) => table.unmap(M2, 32 * K4),
  },
  "take another granule": {
    wrong: (right) => ({ flushRange: (iova, size) => right.flushRange(iova, size, M2) }),
    shownBy: (table) => table.unmap(M2, 16 * K4),
  },
  "forget the first half of a range": {
    wrong: (right) => ({ flushRange: (iova, size, granule) => right.flushRange(iova, size / 2, granule) }),
    shownBy: (table) => table.unmap(M2, 16 * K4),
  },
  "forget the first granule of a range": {
    wrong: (right) => ({ flushRange: (iova, _size, granule) => right.flushRange(iova, granule, granule) }),
    shownBy: (table) => table.unmap(M2, 16 * K4),
  },
  "begin one granule late": {
    wrong: (right) => ({ flushRange: (iova, size, granule) => right.flushRange(iova + granule, size, granule) }),
    shownBy: (table) => table.protect(M2, 2 * K4, Prot.READ),
  },
  "forget the first half of a walk": {
    wrong: (right) => ({ flushWalk: (iova, size, granule) => right.flushWalk(iova, size / 2, granule) }),
    shownBy: (table) => table.unmap(2 * M2, M2),
  },
  "take the whole range for a single entry": {
    wrong: (right) => ({ flushWalk: (iova, _size, granule) => right.flushWalk(iova, granule, granule) }),
    shownBy: (table) => table.coalesce(0, 2 ** 30),
  },
  "do nothing at the end": { wrong: () => ({ flushAll: nothing }), shownBy: (table) => table.destroy() },
};

const FORMATS: Record<string, () => Format> = {
  "ARM stage 1": armS1,
  AMDv1: () => amdV1({ ias: 39, oas: 40, pageSizes: [K4, M2, 2 ** 30] }),
  "VT-d": () => vtdSecondStage({ ias: 39, oas: 40 }),
  "RISC-V": () => riscv({ ias: 39, oas: 40 }),
};

describe.each(Object.entries(FORMATS))("on %s flush operations that", (_, format) => {
  /** 32 pages at 2M, and a table of 4K pages at 4M that coalesces to one leaf. */
  const prepare = ({ table, tlb }: Subject): void => {
    table.map(M2, 0x40_0000 + K4, 32 * K4, RW);
    table.map(2 * M2, 0x80_0000, K4, RW);
    table.map(2 * M2 + K4, 0x80_0000 + K4, M2 - K4, RW);
    tlb.check();
  };

  it.each(Object.entries(MISTAKES))("%s are caught", (_mistake, { wrong, shownBy }) => {
    const subject = watched(format, wrong);
    prepare(subject);
    shownBy(subject.table);
    expect(() => subject.tlb.check()).toThrow(StaleTlbError);
  });

  it.each(Object.entries(MISTAKES))("%s, done right, are not", (_mistake, { shownBy }) => {
    const subject = watched(format);
    prepare(subject);
    shownBy(subject.table);
    subject.tlb.check();
  });
});

describe("the device", () => {
  it("says what it remembers, where, and what the table says", () => {
    const { table, tlb } = watched(armS1, () => ({ flushRange: nothing }));
    table.map(0, 0x7000, 4 * K4, RW);
    table.protect(K4, K4, Prot.READ);
    const failure = (() => {
      try {
        tlb.check();
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    expect(failure).toBeInstanceOf(StaleTlbError);
    expect(failure).toMatchObject({ name: "StaleTlbError", iova: 0x1000n });
    expect((failure as Error).message).toBe(
      "at 0x1000: the device remembers 0x8000 with protection 3; the table has 0x8000 with protection 1, and no flush named it",
    );
  });

  it("walks through a table page that is free, where a flushWalk was lost", () => {
    const { table, tlb } = watched(armS1, () => ({ flushWalk: nothing }));
    table.map(0, 0x7000, K4, RW);
    table.unmap(0, K4);
    expect(() => tlb.check()).toThrow(/0x0: the device remembers a pointer to a table page that is free/);
    expect(tlb.access(0x123)).toBe(0x7123);
    // The same page again, at the same place: what was found is not forgotten.
    table.map(0, 0x7000, K4, RW);
    expect(() => tlb.check()).toThrow(/free/);
  });

  it("translates through what it remembers, until a gather is synced", () => {
    const subject = watched();
    const { table, tlb } = subject;
    table.map(0, 0x7000, K4, RW);
    const gather = table.gather();
    table.unmap(0, K4, { gather });
    expect([table.iovaToPhys(5), tlb.access(5)]).toEqual([null, 0x7005]);
    tlb.check();
    table.map(0, 0x9000, K4, RW);
    expect([table.iovaToPhys(5), tlb.access(5n)]).toEqual([0x9005, 0x7005]);
    tlb.check();
    gather.sync();
    expect([tlb.access(5), tlb.access(K4), tlb.access(2n ** 60n)]).toEqual([0x9005, null, null]);
    tlb.check();
    finish(subject);
  });

  it("does not let a gather pass for what it does not hold", () => {
    const { table, tlb } = watched(armS1, () => ({ flushRange: nothing }));
    table.map(0, 0x7000, 8 * K4, RW);
    const gather = table.gather();
    table.unmap(0, K4, { gather });
    tlb.check();
    table.unmap(2 * K4, K4);
    expect(() => tlb.check()).toThrow(/0x2000: the device remembers 0x9000/);
  });

  it("watches upper halves", () => {
    const subject = watched(() => armLpaeS1({ ias: 39, oas: 40, quirks: ["ARM_TTBR1"] }));
    const { table, tlb } = subject;
    const top = 2n ** 64n - 0x2000n;
    table.map(top, 0x7000, 2 * K4, RW);
    expect(tlb.access(top + 0x1001n)).toBe(0x8001);
    table.unmap(top, K4);
    tlb.check();
    expect([tlb.access(top), tlb.access(0)]).toEqual([null, null]);
    finish(subject);
  });

  it("finds an entry that was changed live, where the architecture demands break-before-make", () => {
    const { memory, table, tlb } = watched();
    table.map(0, 0x7000, 2 * K4, RW);
    tlb.check();
    const { entryPaddr } = table.walk(0).at(-1) ?? { entryPaddr: 0 };
    const words = new Uint32Array(memory.buffer);
    const at = (entryPaddr - memory.physBase) / 4;
    words[at] = (words[at] ?? 0) + 0x10_0000;
    // Even where the flush comes after.
    tlb.flush.flushAll();
    expect(() => tlb.check()).toThrow(/0x0: .*break-before-make/);
  });

  it("takes a dirty bit that hardware sets for no change, and one that software clears for one", () => {
    const { memory, table, tlb } = watched(
      () => vtdSecondStage({ ias: 39, oas: 40 }),
      () => ({ flushRange: nothing }),
    );
    table.map(0, 0x7000, K4, RW);
    const { entryPaddr } = table.walk(0).at(-1) ?? { entryPaddr: 0 };
    const words = new Uint32Array(memory.buffer);
    const at = (entryPaddr - memory.physBase) / 4;
    words[at] = (words[at] ?? 0) | (1 << 9);
    tlb.check();
    expect(table.readDirty(0, K4, new Uint8Array(1), { clear: true })).toBe(1);
    expect(() => tlb.check()).toThrow(/0x0: the device remembers 0x7000 with protection 3, dirty/);
  });
});

describe("right flush operations are not blamed", () => {
  it("for tables that repeat, and become a range's own", () => {
    const subject = watched();
    const { table, tlb } = subject;
    table.mapRepeat(0, 2 ** 33, { paddr: 0x7000, size: K4 }, RW);
    tlb.check();
    table.unmap(2 ** 30 + K4, K4);
    tlb.check();
    table.protect(2 ** 31, 2 * M2 + K4, Prot.READ);
    tlb.check();
    expect([tlb.access(2 ** 31), tlb.access(2 ** 32 + 1)]).toEqual([0x7000, 0x7001]);
    table.unmap(0, 2 ** 33);
    tlb.check();
    finish(subject);
  });

  it("and a lost one is found among shared tables", () => {
    const { table, tlb } = watched(armS1, () => ({ flushWalk: nothing }));
    table.mapRepeat(0, 2 ** 33, { paddr: 0x7000, size: K4 }, RW);
    table.unmap(2 ** 30 + K4, K4);
    expect(() => tlb.check()).toThrow(/0x40000000: the device remembers a pointer to a table page/);
  });

  it("for a table that grows", () => {
    const tops: number[] = [];
    const subject = watched(() =>
      amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: (_, mode) => void tops.push(mode) }),
    );
    const { table, tlb } = subject;
    table.map(0, 0x7000, K4, RW);
    tlb.check();
    table.map(2 ** 40, 0x9000, K4, RW);
    expect([tops.length, tlb.access(1), tlb.access(2 ** 40)]).toEqual([1, 0x7001, 0x9000]);
    table.unmap(0, 2 ** 41);
    tlb.check();
    finish(subject);
  });

  it("for a walker that does not snoop", () => {
    const synced: number[] = [];
    const syncForDevice = (_: number, bytes: number) => void synced.push(bytes);
    const subject = watched(() => armLpaeS1({ ias: 39, oas: 40, coherentWalk: false, syncForDevice }));
    const { table, tlb } = subject;
    table.map(0, 0x7000, 600 * K4, RW);
    table.replace(K4, 0x9000, 512 * K4, Prot.READ);
    table.unmap(0, 3 * K4);
    table.map(0, 0x9000, K4, RW);
    tlb.check();
    expect(synced.length).toBeGreaterThan(0);
    finish(subject);
  });

  it("but an entry that was not written back is found", () => {
    const { memory, table, tlb } = watched(() =>
      armLpaeS1({ ias: 39, oas: 40, coherentWalk: false, syncForDevice: nothing }),
    );
    table.map(0, 0x7000, K4, RW);
    tlb.check();
    const { entryPaddr } = table.walk(0).at(-1) ?? { entryPaddr: 0 };
    new Uint32Array(memory.buffer)[(entryPaddr - memory.physBase) / 4 + 2] = 0x8403;
    expect(() => tlb.check()).toThrow(`0x${(entryPaddr + 8).toString(16)} was not written back for the device`);
  });

  it("of an owner who flushes before he acknowledges", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const tlb = new AdversarialTlb();
    const table = new IoPageTable(memory, { format: armS1(), flush: flushedByOwner("the test does, below") });
    tlb.watch(table);
    table.map(0, 0x7000, K4, RW);
    table.unmap(0, K4);
    tlb.check();
    const mark = table.flushMark();
    table.map(M2, 0x7000, K4, RW);
    table.unmap(M2, K4);
    tlb.flush.flushWalk(0, M2, K4);
    table.acknowledgeFlush(mark);
    // What came after the mark may wait.
    tlb.check();
    table.acknowledgeFlush();
    expect(() => tlb.check()).toThrow(/free/);
    tlb.flush.flushAll();
    tlb.check();
    table.destroy();
    tlb.flush.flushAll();
    table.acknowledgeFlush();
    tlb.check();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("where one threw and is owed", () => {
    let throws = true;
    const subject = watched(armS1, (right) => ({
      flushRange: (iova, size, granule) => {
        if (throws) throw new Error("not now");
        right.flushRange(iova, size, granule);
      },
    }));
    const { table, tlb } = subject;
    table.map(0, 0x7000, 4 * K4, RW);
    expect(() => table.unmap(0, K4)).toThrow("not now");
    expect(tlb.access(0)).toBe(0x7000);
    tlb.check();
    throws = false;
    table.unmap(K4, K4);
    expect(tlb.access(0)).toBeNull();
    tlb.check();
    finish(subject);
  });
});

describe("watch", () => {
  it("takes one table for one device, and one that is changed here", () => {
    const subject = watched();
    const { table, tlb, memory } = subject;
    failureOf(() => tlb.watch(table), "EINVAL");
    failureOf(() => new AdversarialTlb().watch(table), "EINVAL");
    failureOf(() => new AdversarialTlb().watch({} as IoPageTable), "EINVAL");
    failureOf(() => new AdversarialTlb().check(), "EINVAL");
    failureOf(() => new AdversarialTlb().access(0), "EINVAL");
    failureOf(() => tlb.access(-1), "EINVAL");
    const root = Number((table.registers as { ttbr: bigint }).ttbr);
    const opened = IoPageTable.open(memory, { format: armS1(), root });
    failureOf(() => new AdversarialTlb().watch(opened), "ENOTSUP");
    finish(subject);
    failureOf(() => new AdversarialTlb().watch(table), "EINVAL");
  });

  it("finds what is in the table already, and refuses to be asked in a callback", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const tlb = new AdversarialTlb();
    const codes: string[] = [];
    const flush: FlushOps = {
      ...tlb.flush,
      flushRange: () => {
        codes.push(failureOf(() => tlb.check(), "EBUSY").code, failureOf(() => tlb.access(0), "EBUSY").code);
      },
    };
    const table = new IoPageTable(memory, { format: armS1(), flush });
    table.map(0, 0x7000, 2 * K4, RW);
    tlb.watch(table);
    table.unmap(0, K4);
    expect(codes).toEqual(["EBUSY", "EBUSY"]);
    expect(() => tlb.check()).toThrow(StaleTlbError);
  });
});

describe("mapPages over tables that map something", () => {
  it.each([
    { name: "ARM", format: armS1, page: K4, block: M2 },
    { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), page: K4, block: 2 ** 20 },
    { name: "v7s, 16M", format: () => armV7s({ ias: 32, oas: 32 }), page: K4, block: 2 ** 24 },
  ])("flushes them before the leaf takes their place: $name", ({ format, page, block }) => {
    const subject = watched(format);
    const { table, tlb } = subject;
    table.map(0, 0x7000, page, RW);
    table.map(block - page, 0x7000, page, RW);
    table.map(block, 0x7000, page, RW);
    expect(table.mapPages(0, 2 * block, block, 2, Prot.READ)).toEqual({ mapped: 2 * block, error: null });
    tlb.check();
    expect([table.iovaToPhys(0), table.iovaToPhys(block)]).toEqual([2 * block, 3 * block]);
    finish(subject);
  });

  it("is done when the flush in between throws, which is owed", () => {
    let throws = true;
    const subject = watched(armS1, (right) => ({
      flushWalk: (iova, size, granule) => {
        if (throws) throw new Error("not now");
        right.flushWalk(iova, size, granule);
      },
    }));
    const { memory, table } = subject;
    table.map(0, 0x7000, K4, RW);
    const pages = memory.stats().tablePagesInUse;
    expect(() => table.mapPages(0, M2, M2, 1, RW)).toThrow("not now");
    expect([table.iovaToPhys(5), memory.stats().tablePagesInUse]).toEqual([M2 + 5, pages]);
    throws = false;
    table.unmap(0, M2);
    expect(memory.stats().tablePagesInUse).toBe(1);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("names every one of more tables than one answer of the core holds", () => {
    const memory = TableMemory.create({ bytes: 2 ** 26 });
    const walks: number[] = [];
    const flush = { flushAll: nothing, flushRange: nothing, flushWalk: (iova: number) => void walks.push(iova) };
    const format = armLpaeS1({ ias: 36, oas: 40, pageSizes: [2 ** 14, 2 ** 25] });
    const table = new IoPageTable(memory, { format, flush });
    const count = 1500;
    for (let i = 0; i < count; i++) table.map(i * 2 ** 25, 2 ** 14, 2 ** 14, RW);
    expect(table.mapPages(0, 0, 2 ** 25, count, RW)).toEqual({ mapped: count * 2 ** 25, error: null });
    expect(walks).toEqual(Array.from({ length: count }, (_, i) => i * 2 ** 25));
    expect(memory.stats().tablePagesInUse).toBe(1);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
