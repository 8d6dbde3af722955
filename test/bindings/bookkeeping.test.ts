// The region for the library's records: how small it may be, what there is when it is full, and that nothing is written beside it.
import { describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, type IoPgtableError, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB = 2 ** 20;
const { flush } = flushJournal();
const format = () => armLpaeS1({ ias: 39, oas: 48 });

/** Pages one behind the other; what comes back is not given again. */
function allocator(first = 0) {
  let next = first;
  let live = 0;
  const alloc = (bytes: number): number => {
    const at = Math.ceil(next / bytes) * bytes;
    next = at + bytes;
    live++;
    return at;
  };
  return { alloc, free: () => void live--, live: () => live };
}

const REGION_AT = 0x1_0000;

/** The first 64 KiB are for table pages. */
function guest(bytes: number, offset = REGION_AT, memoryBytes = MIB) {
  const pages = memoryBytes / 0x1_0000;
  const wasm = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const windows = [{ offset: 0, bytes: REGION_AT, physBase: MIB }];
  return { wasm, memory: TableMemory.over(wasm, { windows, bookkeeping: { offset, bytes } }) };
}

describe("a region that is too small", () => {
  it.each([1, 64, 65, 100, 200, 256, 320, 4096, 0x2_0000, 0x4_0000, 0x4_4000, 0x4_a000])(
    "of %i bytes is refused each time, and only its own bytes are written",
    (bytes) => {
      const { wasm, memory } = guest(bytes, REGION_AT, MIB / 2);
      // As a superblock this would say that there is room from 0x5_0000 to 0x7_0000.
      const pattern = Uint32Array.from({ length: MIB / 8 }, (_, i) => (i % 2 === 0 ? 0x5_0000 : 0x7_0000));
      new Uint32Array(wasm.buffer).set(pattern);
      const make = () => new IoPageTable(memory, { format: format(), flush, allocator: allocator() });
      for (let i = 0; i < 3; i++) failureOf(make, "ENOMEM");
      const after = new Uint8Array(wasm.buffer);
      after.set(new Uint8Array(pattern.buffer, REGION_AT, bytes), REGION_AT);
      expect(Buffer.compare(after, new Uint8Array(pattern.buffer))).toBe(0);
    },
  );

  it("at the end of the memory is refused as elsewhere", () => {
    for (const bytes of [65, 80, 128, 192]) {
      const { memory } = guest(bytes, MIB - bytes);
      failureOf(() => new IoPageTable(memory, { format: format(), flush, allocator: allocator() }), "ENOMEM");
    }
  });

  it("serves, from one size on, or leaves nothing behind", () => {
    const served: boolean[] = [];
    for (let bytes = 300_000; bytes < 330_000; bytes += 500) {
      const { memory } = guest(bytes);
      const pages = allocator();
      try {
        const table = new IoPageTable(memory, { format: format(), flush, allocator: pages });
        served.push(true);
        table.map(PAGE, 5 * PAGE, PAGE, RW);
        expect(table.iovaToPhys(PAGE)).toBe(5 * PAGE);
        table.destroy();
      } catch (error) {
        expect((error as IoPgtableError).code).toBe("ENOMEM");
        served.push(false);
      }
      expect(pages.live()).toBe(0);
      expect(memory.stats().tablePagesInUse).toBe(0);
    }
    const first = served.indexOf(true);
    expect(first).toBeGreaterThan(0);
    expect(served.slice(first)).not.toContain(false);
  });
});

describe("a full region", () => {
  it("of a memory with a pool: no realm, no table and no page more, and what there is works on", () => {
    const memory = TableMemory.create({ bytes: 16 * MIB });
    const first = new IoPageTable(memory, { format: format(), flush });
    const handle = memory.share();
    let realms = 0;
    const attach = () => {
      for (; realms < 1000; realms++) TableMemory.attach(handle);
    };
    failureOf(attach, "ENOMEM");
    expect(realms).toBeGreaterThan(31);
    const tables = [first];
    const build = () => {
      while (tables.length < 1000) tables.push(new IoPageTable(memory, { format: format(), flush }));
    };
    failureOf(build, "ENOMEM");
    let mapped = 0;
    const map = () => {
      for (; mapped < 1000; mapped++) first.map(mapped * 2 * MIB, (mapped + 1) * PAGE, PAGE, RW);
    };
    failureOf(map, "ENOMEM");
    const iovas = [...Array(mapped).keys()].map((i) => i * 2 * MIB);
    expect(iovas.map((iova) => first.iovaToPhys(iova))).toEqual(iovas.map((_, i) => (i + 1) * PAGE));
    first.unmap(0, 2 * MIB);
    first.map(mapped * 2 * MIB, PAGE, PAGE, RW);
    // Arrays take no records.
    expect(memory.float64Array(MIB / 8).length).toBe(MIB / 8);
    for (const table of tables) table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("has no room for an array either, however large", () => {
    const { memory } = guest(TableMemory.bookkeepingBytes(REGION_AT));
    for (const length of [MIB, 2 ** 28, 2 ** 29 - 8, 2 ** 29 - 1, 2 ** 29]) {
      failureOf(() => memory.float64Array(length), "ENOMEM");
    }
    expect(memory.float64Array(100).length).toBe(100);
  });
});

describe("a descriptor", () => {
  it("of a destroyed table is used again, and with it those of tables beside it", () => {
    const { memory } = guest(TableMemory.bookkeepingBytes(REGION_AT));
    const make = (at: number) => {
      const pages = { alloc: () => at, free: () => undefined };
      return new IoPageTable(memory, { format: format(), flush, allocator: pages });
    };
    // There is room for some hundred.
    for (let i = 0; i < 300; i++) for (const table of [make(0), make(PAGE), make(2 * PAGE)]) table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

it("a region up to the end of 4 GiB is one like others (it was said to be too small)", () => {
  const wasm = new WebAssembly.Memory({ initial: 65536, maximum: 65536, shared: true });
  const windows = [{ offset: 2 ** 32 - 2 * MIB, bytes: MIB, physBase: MIB }];
  const memory = TableMemory.over(wasm, { windows, bookkeeping: { offset: 2 ** 32 - MIB, bytes: MIB } });
  const table = new IoPageTable(memory, { format: format(), flush, allocator: allocator(2 ** 32 - 2 * MIB) });
  table.map(0, 5 * PAGE, PAGE, RW);
  expect(table.iovaToPhys(7)).toBe(5 * PAGE + 7);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
