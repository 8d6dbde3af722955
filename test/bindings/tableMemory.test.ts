import { describe, expect, it } from "vitest";
import { armLpaeS1, type ErrorCode, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestBytes, guestMemory, physicalOf } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const format = () => armLpaeS1({ ias: 48, oas: 48 });
const { flush } = flushJournal();

describe("TableMemory.create", () => {
  it.each([
    { says: "bytes 0", options: { bytes: 0 } },
    { says: "bytes negative", options: { bytes: -1 } },
    { says: "bytes NaN", options: { bytes: Number.NaN } },
    { says: "bytes a fraction", options: { bytes: 4096.5 } },
    { says: "bytes above 4 GiB", options: { bytes: 2 ** 32 + 65536 } },
    { says: "bytes a string", options: { bytes: "4096" } },
    { says: "bytes a bigint", options: { bytes: 4096n } },
    { says: "physBase misaligned", options: { physBase: 0x80000800 } },
    { says: "physBase negative", options: { physBase: -4096 } },
    { says: "physBase a fraction", options: { physBase: 0.5 } },
    { says: "shared no boolean", options: { shared: "yes" } },
    { says: "touchAhead negative", options: { touchAhead: -1 } },
    { says: "touchAhead no number", options: { touchAhead: true } },
    { says: "no object", options: 4096 },
  ])("refuses $says", ({ options }) => {
    failureOf(() => TableMemory.create(options as Parameters<typeof TableMemory.create>[0]), "EINVAL", "ERANGE");
  });

  it("is the only way besides over and attach", () => {
    failureOf(() => Reflect.construct(TableMemory, []), "EINVAL");
  });

  it("has room for what was asked, and starts with nothing in use", () => {
    const stats = TableMemory.create({ bytes: 3 * MIB }).stats();
    expect(stats.bytes).toBeGreaterThanOrEqual(3 * MIB);
    expect(stats).toMatchObject({ tablePagesInUse: 0, tablePagesPeak: 0 });
  });

  it.each([0, 0x40000000, 0xf_8000_0000])("puts its pages at physBase + offset: %i", (physBase) => {
    const memory = TableMemory.create({ bytes: MIB, physBase });
    expect(memory.physBase).toBe(physBase);
    using table = new IoPageTable(memory, { format: format(), flush });
    table.map(0x5000, 0x7000, 0x1000, RW);
    const leaf = table.walk(0x5000).at(-1);
    const offset = (leaf?.entryPaddr ?? 0) - physBase;
    expect(new BigUint64Array(memory.buffer, offset, 1)[0]).toBe(0x7e43n);
    expect(leaf?.entry).toBe(0x7e43n);
  });

  it.each([true, false])("changes nothing by touching ahead while tables are made, shared: %s", async (shared) => {
    const memory = TableMemory.create({ bytes: 4 * MIB, shared, touchAhead: 2 ** 32 });
    const table = new IoPageTable(memory, { format: format(), flush });
    const iovas = Array.from({ length: 64 }, (_, i) => i * 2 * MIB);
    for (const iova of iovas) {
      table.map(iova, iova + 0x8000, 0x1000, RW);
      if (iova % (16 * MIB) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await memory.touched;
    expect(iovas.map((iova) => table.iovaToPhys(iova))).toEqual(iovas.map((iova) => iova + 0x8000));
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("has physBase 0x80000000 unless told", () => {
    expect(TableMemory.create({ bytes: MIB }).physBase).toBe(0x80000000);
  });

  it("runs full with ENOMEM, nothing changed, and has its room back when tables go", () => {
    const memory = TableMemory.create({ bytes: 65536 });
    const table = new IoPageTable(memory, { format: format(), flush });
    let pages = 0;
    const next = () => table.map(pages * 2 * MIB, 0x1000, 0x1000, RW);
    let dump = table.dump();
    const fill = () => {
      for (; pages < 1000; pages++) {
        dump = table.dump();
        next();
      }
    };
    failureOf(fill, "ENOMEM");
    expect(pages).toBeGreaterThan(2);
    expect(table.dump()).toBe(dump);
    const inUse = memory.stats().tablePagesInUse;
    expect(inUse).toBe(table.stats().tablePages);
    table.unmap(0, 2 * MIB);
    next();
    expect(memory.stats().tablePagesInUse).toBe(inUse);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("has room for tables of a smaller granule and for short roots once those of a larger one that took all of it are gone", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const make = (ias: number, page: number) =>
      new IoPageTable(memory, { format: armLpaeS1({ ias, oas: 48, pageSizes: [page] }), flush });
    const fill = (table: IoPageTable, page: number) => {
      const map = (i: number) => table.map(i * page * (page / 8), 0x10_0000, page, RW);
      failureOf(() => Array.from({ length: 1000 }, (_, i) => map(i)), "ENOMEM");
      return memory.stats().tablePagesInUse;
    };
    const large = make(48, 0x10000);
    const most = fill(large, 0x10000);
    large.destroy();
    for (const table of [make(39, 0x1000), make(30, 0x4000), make(31, 0x1000)]) {
      expect(fill(table, table.pageSizes[0] ?? 0)).toBeGreaterThan(1);
      table.destroy();
    }
    expect(most).toBeGreaterThan(8);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("counts: in use, the most so far, and the pool's", () => {
    const memory = TableMemory.create({ bytes: MIB });
    using table = new IoPageTable(memory, { format: format(), flush });
    table.map(0, 0x1000, 0x1000, RW);
    expect(memory.stats()).toMatchObject({ tablePagesInUse: 4, tablePagesPeak: 4 });
    table.unmap(0, 0x1000);
    const after = memory.stats();
    expect(after).toMatchObject({ tablePagesInUse: 1, tablePagesPeak: 4 });
    expect(after.tablePagesPooled).toBeGreaterThanOrEqual(3);
  });

  it("makes unshared memory on request, which cannot be shared", () => {
    const memory = TableMemory.create({ bytes: MIB, shared: false });
    expect(memory.buffer).toBeInstanceOf(ArrayBuffer);
    expect(failureOf(() => memory.share(), "ENOTSUP").operation).toMatch(/share/);
    using table = new IoPageTable(memory, { format: format(), flush });
    table.map(0, 0x1000, 0x1000, RW);
    expect(table.iovaToPhys(0x10)).toBe(0x1010);
    expect(TableMemory.create({ bytes: MIB, shared: true }).buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});

describe("TableMemory.over", () => {
  const wasm = () => new WebAssembly.Memory({ initial: 256, maximum: 512, shared: true });
  const window = { offset: 4 * MIB, bytes: 4 * MIB, physBase: 0x40000000 };
  const second = { offset: 8 * MIB, bytes: 4 * MIB, physBase: 0x80000000 };

  it.each([
    { says: "no windows", options: { windows: [] } },
    { says: "a window outside the memory", options: { windows: [{ ...window, bytes: 16 * MIB }] } },
    { says: "an empty window", options: { windows: [{ ...window, bytes: 0 }] } },
    { says: "a misaligned window", options: { windows: [{ ...window, offset: 4 * MIB + 8 }] } },
    { says: "a misaligned physical address", options: { windows: [{ ...window, physBase: 0x40000010 }] } },
    { says: "windows that overlap in the memory", options: { windows: [window, { ...second, offset: 6 * MIB }] } },
    {
      says: "windows that overlap in physical addresses",
      options: { windows: [window, { ...second, physBase: 0x40200000 }] },
    },
    { says: "a window with a fraction", options: { windows: [{ ...window, bytes: 4096.5 }] } },
    {
      says: "bookkeeping inside a window",
      options: { windows: [window], bookkeeping: { offset: 4 * MIB, bytes: 2 * MIB } },
    },
    {
      says: "bookkeeping outside the memory",
      options: { windows: [window], bookkeeping: { offset: 15 * MIB, bytes: 2 * MIB } },
    },
    { says: "no options", options: undefined },
  ])("refuses $says", ({ options }) => {
    failureOf(() => TableMemory.over(wasm(), options as Parameters<typeof TableMemory.over>[1]), "EINVAL");
  });

  it("builds no table where the bookkeeping has no room", () => {
    const guest = guestMemory();
    const make = () => {
      const bookkeeping = { offset: 0, bytes: 64 };
      const memory = TableMemory.over(guest.wasm, { windows: guest.windows, bookkeeping });
      return new IoPageTable(memory, { format: format(), flush, allocator: new PageAllocator(guest) });
    };
    failureOf(make, "EINVAL", "ENOMEM");
  });

  it("refuses what is no memory", () => {
    failureOf(() => TableMemory.over({} as WebAssembly.Memory, { windows: [window] }), "EINVAL");
  });

  it("writes nothing, also not for an opened table and its readings", () => {
    const memory = wasm();
    new Uint8Array(memory.buffer).fill(0x5a);
    const over = TableMemory.over(memory, { windows: [window, second] });
    const opened = IoPageTable.open(over, { format: format(), root: 0x40000000 });
    expect(opened.iovaToPhys(0)).toBeNull();
    expect(opened.access(0, 1)).toBeLessThan(0);
    opened.walk(0);
    over.stats();
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0x5a)).toBe(true);
  });

  it.each<{ says: string; bookkeeping: boolean; allocator: boolean }>([
    { says: "without bookkeeping", bookkeeping: false, allocator: true },
    { says: "without an allocator", bookkeeping: true, allocator: false },
  ])("builds no tables $says", ({ bookkeeping, allocator }) => {
    const guest = guestMemory();
    const memory = bookkeeping ? guest.memory : TableMemory.over(guest.wasm, { windows: guest.windows });
    const pages = new PageAllocator(guest);
    const options = { format: format(), flush, ...(allocator ? { allocator: pages } : {}) };
    failureOf(() => new IoPageTable(memory, options), "EINVAL", "ENOTSUP", "ENOMEM");
    expect(pages.live.size).toBe(0);
  });

  it("writes to the pages that the allocator gave, and to nothing else of the guest's", () => {
    const guest = guestMemory();
    const pages = new PageAllocator(guest);
    const before = guestBytes(guest);
    using table = new IoPageTable(guest.memory, { format: format(), flush, allocator: pages });
    pages.watchesFrees = false;
    table.map(0, 0x1000, 4 * MIB, RW);
    table.unmap(MIB, 0x1000);
    const after = guestBytes(guest);
    for (const { offset, bytes } of pages.requests) {
      before.fill(0, offset - 8 * MIB, offset - 8 * MIB + bytes);
      after.fill(0, offset - 8 * MIB, offset - 8 * MIB + bytes);
    }
    expect(Buffer.compare(before, after)).toBe(0);
    const [root] = pages.requests;
    expect(table.registers.ttbr).toBe(BigInt(physicalOf(guest, root?.offset ?? 0)));
  });
});

describe("a memory that grows", () => {
  it("unshared: tables work on, arrays of before are detached, new ones are not", () => {
    const guest = guestMemory({ shared: false });
    const allocator = new PageAllocator(guest);
    allocator.watchesFrees = false;
    using table = new IoPageTable(guest.memory, { format: format(), flush, allocator });
    table.map(0, 0x5000, 0x1000, RW);
    const iovas = guest.memory.float64Array(2);
    const out = guest.memory.float64Array(2);
    expect(table.translate(iovas, out)).toBe(2);

    guest.wasm.grow(16);
    expect(iovas.length).toBe(0);
    const before = table.dump();
    expect(failureOf(() => table.translate(iovas, out), "EINVAL").operation).toBe("translate");
    failureOf(() => table.translate(Float64Array.of(0), out), "EINVAL");
    expect(table.dump()).toBe(before);

    expect(table.iovaToPhys(0x123)).toBe(0x5123);
    table.map(0x200000, 0x7000, 0x1000, RW);
    const again = guest.memory.float64Array(1);
    expect(table.translate(Float64Array.of(0x200001), again)).toBe(1);
    expect(again[0]).toBe(0x7001);
    expect(guest.memory.buffer).toBe(guest.wasm.buffer);
  });

  it("shared: arrays of before stay, views are made anew", () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    allocator.watchesFrees = false;
    using table = new IoPageTable(guest.memory, { format: format(), flush, allocator });
    table.map(0, 0x5000, 0x1000, RW);
    const out = guest.memory.float64Array(1);
    guest.wasm.grow(16);
    expect(table.translate(Float64Array.of(0x10), out)).toBe(1);
    expect(out[0]).toBe(0x5010);
    table.map(0x200000, 0x7000, 0x1000, RW);
    expect(table.iovaToPhys(0x200000)).toBe(0x7000);
    expect(guest.memory.buffer).toBe(guest.wasm.buffer);
  });
});

describe("float64Array", () => {
  it.each<{ length: unknown; codes: ErrorCode[] }>([
    { length: Number.NaN, codes: ["EINVAL"] },
    { length: -1, codes: ["EINVAL"] },
    { length: 0.5, codes: ["EINVAL"] },
    { length: "1", codes: ["EINVAL"] },
    { length: undefined, codes: ["EINVAL"] },
    { length: 1n, codes: ["EINVAL"] },
    { length: 2 ** 53 + 2, codes: ["EINVAL", "ENOMEM", "ERANGE"] },
    { length: MIB, codes: ["ENOMEM"] },
  ])("refuses $length", ({ length, codes }) => {
    const memory = TableMemory.create({ bytes: MIB });
    failureOf(() => memory.float64Array(length as number), ...codes);
  });

  it("gives arrays that overlap neither each other nor table pages", () => {
    const memory = TableMemory.create({ bytes: 4 * MIB });
    using table = new IoPageTable(memory, { format: format(), flush });
    table.map(0, 0x1000, 0x1000, RW);
    const arrays = [1, 1000, 3, 0].map((length) => memory.float64Array(length));
    expect(arrays.map((array) => array.length)).toEqual([1, 1000, 3, 0]);
    const dump = table.dump();
    arrays.forEach((array, i) => {
      array.fill(i + 1);
    });
    arrays.forEach((array, i) => {
      expect(array.every((value) => value === i + 1)).toBe(true);
    });
    table.map(MIB * 2, 0x1000, 0x1000, RW);
    table.unmap(MIB * 2, 0x1000);
    expect(table.dump()).toBe(dump);
  });
});

describe("bookkeepingBytes", () => {
  it("grows with the table bytes, and refuses what is no size", () => {
    const sizes = [MIB, 64 * MIB, 1024 * MIB].map((bytes) => TableMemory.bookkeepingBytes(bytes));
    expect([...sizes].sort((a, b) => a - b)).toEqual(sizes);
    for (const bad of [Number.NaN, -1, 0.5, "1", undefined]) {
      failureOf(() => TableMemory.bookkeepingBytes(bad as number), "EINVAL");
    }
  });
});

describe("attach", () => {
  it.each([undefined, {}, { memory: {} }, { memory: new WebAssembly.Memory({ initial: 1 }) }])(
    "refuses %o",
    (handle) => {
      failureOf(() => TableMemory.attach(handle as ReturnType<TableMemory["share"]>), "EINVAL");
    },
  );
});
