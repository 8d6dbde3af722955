// Table pages at physical addresses that the format's entries cannot hold are refused, not truncated.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  appleDart2,
  armLpaeS1,
  armMaliLpae,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { type Fixture, useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";

const MIB = 2 ** 20;
const CASES: { name: string; format: () => Format; bits: number }[] = [
  { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), bits: 32 },
  { name: "DART", format: () => appleDart({ ias: 32, oas: 36 }), bits: 36 },
  { name: "LPAE with 48 bits", format: () => armLpaeS1({ ias: 48, oas: 48 }), bits: 48 },
  {
    name: "v7s with MediaTek's outputs",
    format: () => armV7s({ ias: 32, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT"] }),
    bits: 32,
  },
  {
    name: "v7s with MediaTek's tables",
    format: () => armV7s({ ias: 32, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT", "ARM_MTK_TTBR_EXT"] }),
    bits: 35,
  },
  { name: "DART2", format: () => appleDart2({ ias: 32, oas: 36 }), bits: 42 },
  { name: "Mali", format: () => armMaliLpae({ ias: 48, oas: 40 }), bits: 48 },
  { name: "AMDv1", format: () => amdV1({ ias: 48, oas: 48 }), bits: 52 },
  { name: "VT-d", format: () => vtdSecondStage({ ias: 48, oas: 48 }), bits: 52 },
  { name: "x86-64", format: () => x86_64({ ias: 48, oas: 48 }), bits: 52 },
  { name: "LPAE with lpa2", format: () => armLpaeS1({ ias: 52, oas: 52, lpa2: true }), bits: 52 },
  // The bit that marks encrypted memory is no address bit.
  { name: "AMDv1, encrypted", format: () => amdV1({ ias: 48, oas: 47, encryptionBit: 47 }), bits: 47 },
  { name: "x86-64, encrypted", format: () => x86_64({ ias: 48, oas: 46, encryptionBit: 46 }), bits: 46 },
];

describe.each(CASES)("$name", ({ format, bits }) => {
  it("has no root beyond its reach", () => {
    const memory = TableMemory.create({ bytes: MIB, physBase: 2 ** bits });
    const failure = failureOf(
      () => new IoPageTable(memory, { format: format(), flush: flushJournal().flush }),
      "EINVAL",
    );
    expect(failure.message).toContain(`the first ${bits} bits`);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("has no table beyond its reach from the memory's own pool", () => {
    // The pool begins behind the library's books: a part of it is within reach.
    const books = TableMemory.create({ bytes: 8 * MIB });
    const first = new IoPageTable(books, { format: format(), flush: flushJournal().flush }).walk(0)[0]?.entryPaddr ?? 0;
    const physBase = 2 ** bits - (first - books.physBase) - MIB / 2;
    const memory = TableMemory.create({ bytes: 8 * MIB, physBase });
    const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
    const [page = 0] = table.pageSizes;
    const mapEach = () => {
      for (let iova = 0; iova < 2 ** 31; iova += 2 ** 20) table.map(iova, 0, page, Prot.READ);
    };
    failureOf(mapEach, "ENOMEM");
    expect(memory.stats().tablePagesInUse).toBeGreaterThan(8);
    for (const { iova } of table.mappings()) {
      for (const { entryPaddr } of table.walk(iova)) expect(entryPaddr).toBeLessThan(2 ** bits);
    }
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("takes no page beyond its reach from a caller's allocator", () => {
    const wasm = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    const windows = [{ offset: 0, bytes: MIB, physBase: 2 ** bits - MIB / 2 }];
    const bookkeeping = { offset: MIB, bytes: TableMemory.bookkeepingBytes(MIB) };
    const memory = TableMemory.over(wasm, { windows, bookkeeping });
    const offsets = [0, MIB / 2];
    const freed: number[] = [];
    const allocator = { alloc: () => offsets.shift() ?? null, free: (offset: number) => void freed.push(offset) };
    const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush, allocator });
    failureOf(() => table.map(0, 0, table.pageSizes[0] ?? 0, Prot.READ), "EINVAL");
    expect(freed, "the page was refused, not taken").toEqual([]);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("a physBase that table pages are not aligned at", () => {
  it.each<{ name: string; format: () => Format; physBase: number }>([
    { name: "16K", format: () => armLpaeS1({ ias: 40, oas: 48, pageSizes: [2 ** 14] }), physBase: 0x8000_1000 },
    { name: "64K", format: () => armLpaeS1({ ias: 48, oas: 48, pageSizes: [2 ** 16] }), physBase: 0x8000_4000 },
    { name: "DART", format: () => appleDart({ ias: 32, oas: 36 }), physBase: 0x8000_1000 },
  ])("is EINVAL: $name, also where the root is smaller", ({ format, physBase }) => {
    const memory = TableMemory.create({ bytes: 8 * MIB, physBase });
    failureOf(() => new IoPageTable(memory, { format: format(), flush: flushJournal().flush }), "EINVAL");
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it.each<{ name: string; format: () => Format }>([
    { name: "RISC-V", format: () => riscv({ ias: 39, oas: 56 }) },
    { name: "v7s", format: () => armV7s({ ias: 24, oas: 32 }) },
  ])("is none for $name, whose tables have 4 KiB at most", ({ format }) => {
    const memory = TableMemory.create({ bytes: 8 * MIB, physBase: 0x8000_3000 });
    const body = ({ table }: Fixture<unknown>) => {
      table.map(0x30_0000, 0x1000, 0x1000, Prot.READ);
      expect(table.iovaToPhys(0x30_0fff)).toBe(0x1fff);
    };
    useTable(format(), body, { memory });
  });
});
