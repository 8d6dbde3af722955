// Table pages at physical addresses that the format's entries cannot hold are refused, not truncated.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  TableMemory,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const MIB = 2 ** 20;
const CASES: { name: string; format: () => Format; bits: number }[] = [
  { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), bits: 32 },
  { name: "DART", format: () => appleDart({ ias: 32, oas: 36 }), bits: 36 },
  { name: "LPAE with 48 bits", format: () => armLpaeS1({ ias: 48, oas: 48 }), bits: 48 },
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
