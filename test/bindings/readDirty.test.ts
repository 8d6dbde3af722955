// Dirty state as the device leaves it in the entries, read back as bits.
import { describe, expect, it } from "vitest";
import {
  Access,
  amdV1,
  appleDart,
  arm32LpaeS1,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type ErrorCode,
  Fault,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;

/** What the device does to an entry when it writes through it. */
type Touch = (entry: bigint) => bigint;
const READ_ONLY = 1n << 7n;
const armWrite: Touch = (entry) => entry & ~READ_ONLY;
const stage2Write: Touch = (entry) => entry | (1n << 7n);
const amdWrite: Touch = (entry) => entry | (1n << 6n);
const vtdWrite: Touch = (entry) => entry | (1n << 9n);

const pagesOnly = () => armLpaeS1({ ias: 48, oas: 48, pageSizes: [K4], quirks: ["ARM_HD"] });
const stage1 = () => armLpaeS1({ ias: 48, oas: 48, quirks: ["ARM_HD"] });

function tableOf<R>(format: Format<R>) {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format, flush: journal.flush });
  const words = new BigUint64Array(memory.buffer);
  const touch = (iova: number, write: Touch): void => {
    const at = ((table.walk(iova).at(-1)?.entryPaddr ?? 0) - memory.physBase) / 8;
    words[at] = write(words[at] ?? 0n);
  };
  const finish = (): void => {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { memory, journal, table, touch, finish };
}

function bitsOf(bitmap: Uint8Array): number[] {
  return [...bitmap].flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((b) => (byte >> b) & 1).map((b) => i * 8 + b),
  );
}

describe("what the device wrote through", () => {
  it.each<{ name: string; format: () => Format; write: Touch }>([
    { name: "ARM stage 1 with ARM_HD", format: stage1, write: armWrite },
    {
      name: "ARM 32-bit stage 1",
      format: () => arm32LpaeS1({ ias: 32, oas: 40, quirks: ["ARM_HD"] }),
      write: armWrite,
    },
    { name: "ARM stage 1", format: () => armLpaeS1({ ias: 48, oas: 48, dirtyTracking: true }), write: armWrite },
    { name: "ARM stage 2", format: () => armLpaeS2({ ias: 48, oas: 48, dirtyTracking: true }), write: stage2Write },
    { name: "AMDv1", format: () => amdV1({ ias: 48, oas: 52, pageSizes: [K4, M2] }), write: amdWrite },
    { name: "VT-d", format: () => vtdSecondStage({ ias: 48, oas: 52 }), write: vtdWrite },
  ])("$name: is read once and cleared once", ({ format, write }) => {
    const { table, journal, touch, finish } = tableOf(format());
    table.map(M2 - 2 * K4, M2 - 2 * K4, M2 + 4 * K4, RW);
    const clean = new Uint8Array(130);
    table.readDirty(M2 - 2 * K4, M2 + 4 * K4, clean, { clear: true });
    journal.take();
    expect(table.readDirty(M2 - 2 * K4, M2 + 4 * K4, new Uint8Array(130))).toBe(0);
    touch(M2 - K4, write);
    touch(2 * M2 + K4, write);
    const bitmap = new Uint8Array(130);
    expect(table.readDirty(M2 - 2 * K4, M2 + 4 * K4, bitmap)).toBe(2);
    expect(bitsOf(bitmap)).toEqual([1, 515]);
    expect(journal.take()).toEqual([]);
    expect(table.readDirty(M2 - 2 * K4, M2 + 4 * K4, bitmap, { clear: true }), "bits that are set already").toBe(0);
    expect(journal.take()).toEqual([
      { kind: "range", iova: BigInt(M2 - K4), size: 4096n, granule: 4096n },
      { kind: "range", iova: BigInt(2 * M2 + K4), size: 4096n, granule: 4096n },
    ]);
    expect(table.readDirty(M2 - 2 * K4, M2 + 4 * K4, new Uint8Array(130))).toBe(0);
    for (const { prot } of table.mappings()) expect(prot & RW, "clean is writable still").toBe(RW);
    expect(table.access(M2 - K4, Access.WRITE)).toBe(M2 - K4);
    finish();
  });

  it("is every bit that a large leaf covers, at any page size of the bitmap", () => {
    const { table, touch, finish } = tableOf(amdV1({ ias: 48, oas: 52 }));
    table.map(0x10000, 0x10000, 0x10000, RW);
    touch(0x13000, amdWrite);
    const read = (iova: number, size: number, pageSize: number) => {
      const bitmap = new Uint8Array(8);
      const count = table.readDirty(iova, size, bitmap, { pageSize });
      expect(bitsOf(bitmap).length).toBe(count);
      return bitsOf(bitmap);
    };
    expect(read(0, 0x40000, 0x8000)).toEqual([2, 3]);
    expect(read(0, 0x40000, 2 ** 40)).toEqual([0]);
    expect(read(0x1f000, 0x1000, 0x400)).toEqual([0, 1, 2, 3]);
    expect(read(0xf000, 0x3000, 0x2000), "bits count from the start of the range").toEqual([0, 1]);
    finish();
  });

  it("is read from more leaves than one call of the core reports", () => {
    const { table, journal, touch, finish } = tableOf(pagesOnly());
    const pages = 5000;
    table.map(0, 0, pages * K4, RW);
    const bitmap = new Uint8Array(pages / 8);
    expect(table.readDirty(0, pages * K4, bitmap, { clear: true })).toBe(pages);
    journal.take();
    for (let page = 0; page < pages; page += 2) touch(page * K4, armWrite);
    expect(table.readDirty(0, pages * K4, new Uint8Array(pages / 8))).toBe(pages / 2);
    const odd = new Uint8Array(pages / 8);
    expect(table.readDirty(0, pages * K4, odd, { clear: true })).toBe(pages / 2);
    expect(odd.every((byte) => byte === 0x55)).toBe(true);
    expect(journal.take().length).toBe(pages / 2);
    expect(table.readDirty(0, pages * K4, new Uint8Array(pages / 8))).toBe(0);
    finish();
  });

  it("goes to a gather, which flushes it once", () => {
    const { table, journal, finish } = tableOf(stage1());
    table.map(0, 0, 4 * K4, RW);
    table.map(8 * K4, 0, K4, RW);
    const gather = table.gather();
    table.readDirty(0, 16 * K4, new Uint8Array(2), { clear: true, gather });
    expect(journal.take()).toEqual([]);
    gather.sync();
    expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(9 * K4), granule: 4096n }]);
    finish();
  });

  it("is written back for a walker that does not snoop", () => {
    const synced: [number, number][] = [];
    const format = armLpaeS1({
      ias: 39,
      oas: 40,
      quirks: ["ARM_HD"],
      coherentWalk: false,
      syncForDevice: (paddr, bytes) => synced.push([paddr, bytes]),
    });
    const { table, finish } = tableOf(format);
    table.map(0, 0, 4 * K4, RW);
    synced.length = 0;
    table.readDirty(K4, 2 * K4, new Uint8Array(1), { clear: true });
    expect(synced).toEqual([[table.walk(K4).at(-1)?.entryPaddr, 16]]);
    finish();
  });

  it("is one state for all items of the contiguous hint", () => {
    const { table, touch, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48, quirks: ["ARM_HD"], contiguousHint: true }));
    table.map(0, 0, 0x10000, RW);
    table.readDirty(0, 0x10000, new Uint8Array(2), { clear: true });
    touch(0x5000, armWrite);
    const part = new Uint8Array(1);
    expect(table.readDirty(0, 0x8000, part, { clear: true })).toBe(8);
    const whole = new Uint8Array(2);
    expect(table.readDirty(0, 0x10000, whole, { clear: true }), "kept by the read of a part").toBe(16);
    expect(table.readDirty(0, 0x10000, new Uint8Array(2))).toBe(0);
    finish();
  });

  it("below two entries is the state of both, and stays; beside them it is made clean", () => {
    const { table, finish } = tableOf(pagesOnly());
    table.mapRepeat(0, 2 * M2, { paddr: 0, size: M2 }, RW);
    table.map(4 * M2, 0, K4, RW);
    const read = (iova: number, size: number) => table.readDirty(iova, size, new Uint8Array(128), { clear: true });
    expect(read(0, 2 * M2)).toBe(1024);
    expect(read(0, 2 * M2)).toBe(1024);
    expect(read(4 * M2, K4)).toBe(1);
    expect(read(4 * M2, K4)).toBe(0);
    finish();
  });

  it("is read of a table that somebody else built, but not cleared", () => {
    const { memory, table, touch, finish } = tableOf(amdV1({ ias: 48, oas: 52 }));
    table.map(0x10000, 0x10000, 0x10000, RW);
    table.map(0x30000, 0, K4, RW);
    touch(0x17000, amdWrite);
    touch(0x30000, amdWrite);
    const opened = IoPageTable.open(memory, {
      format: amdV1({ ias: 48, oas: 52 }),
      root: Number(table.registers.root),
    });
    for (const reader of [table, opened]) {
      const bitmap = new Uint8Array(5);
      expect(reader.readDirty(0x12000, 0x1f000, bitmap)).toBe(15);
      expect(bitsOf(bitmap)).toEqual([...Array(14).keys(), 30]);
    }
    failureOf(() => opened.readDirty(0, 0x40000, new Uint8Array(8), { clear: true }), "ENOTSUP");
    finish();
  });
});

describe("a refused read", () => {
  it.each<{ name: string; format: () => Format }>([
    { name: "ARM stage 1 without ARM_HD", format: () => armLpaeS1({ ias: 48, oas: 48 }) },
    { name: "ARM stage 2", format: () => armLpaeS2({ ias: 48, oas: 48 }) },
    { name: "Mali", format: () => armMaliLpae({ ias: 48, oas: 40 }) },
    { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }) },
    { name: "DART", format: () => appleDart({ ias: 32, oas: 36 }) },
    { name: "x86-64", format: () => x86_64({ ias: 48, oas: 52 }) },
    { name: "RISC-V", format: () => riscv({ ias: 39, oas: 56 }) },
  ])("$name keeps no dirty state: ENOTSUP", ({ format }) => {
    const { table, finish } = tableOf(format());
    failureOf(() => table.readDirty(0, 2 ** 20, new Uint8Array(64)), "ENOTSUP");
    finish();
  });

  it("of a device without the right: an entry with the dirty bit modifier is read-only where hardware keeps no dirty state", () => {
    const { table, touch, finish } = tableOf(armLpaeS1({ ias: 48, oas: 48 }));
    table.map(0, 0, K4, Prot.READ);
    touch(0, (entry) => entry | (1n << 51n));
    expect(table.access(0, Access.WRITE)).toBe(-Fault.PERMISSION);
    finish();
  });

  it.each<[string, (table: IoPageTable, bitmap: Uint8Array) => unknown, ErrorCode]>([
    ["a short bitmap", (t) => t.readDirty(0, 0x9000, new Uint8Array(1)), "EINVAL"],
    ["no bitmap", (t) => t.readDirty(0, 0x1000, [0] as unknown as Uint8Array), "EINVAL"],
    ["a page size that is no power of two", (t, b) => t.readDirty(0, 0x1000, b, { pageSize: 0x3000 }), "EINVAL"],
    ["page size 0", (t, b) => t.readDirty(0, 0x1000, b, { pageSize: 0 }), "EINVAL"],
    ["clear of another type", (t, b) => t.readDirty(0, 0x1000, b, { clear: 1 as unknown as boolean }), "EINVAL"],
    ["size 0", (t, b) => t.readDirty(0, 0, b), "EINVAL"],
    ["a range outside", (t, b) => t.readDirty(2 ** 48 - 0x1000, 0x2000, b), "ERANGE"],
    ["a misaligned range", (t, b) => t.readDirty(0x800, 0x1000, b), "EINVAL"],
  ])("%s", (_name, read, code) => {
    const { table, journal, finish } = tableOf(stage1());
    table.map(0, 0, 0x10000, RW);
    const before = table.dump();
    const bitmap = new Uint8Array(8);
    failureOf(() => read(table, bitmap), code);
    expect(bitsOf(bitmap)).toEqual([]);
    expect(table.dump()).toBe(before);
    expect(journal.take()).toEqual([]);
    finish();
  });
});
