// What the hostile tables found: looking addresses up in tables that hold what the library would not write.
import { describe, expect, it } from "vitest";
import { Access, amdV1, appleDart, type Format, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";
import { RawTables } from "./support/rawTables.js";

const RW = Prot.READ | Prot.WRITE;

function built(format: Format) {
  const memory = TableMemory.create({ bytes: 2 ** 20 });
  const table = new IoPageTable(memory, { format, flush: flushJournal().flush });
  const finish = (): void => {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { memory, table, raw: new RawTables(memory), finish };
}

/** Where an address is outside, whoever asks. */
function expectOutside(table: IoPageTable, iova: number): void {
  expect(table.walk(iova)).toEqual([]);
  expect(table.iovaToPhys(iova)).toBeNull();
  expect(table.iovaToPhys64(iova)).toBeNull();
  expect(table.access(iova, Access.READ)).toBe(-3);
  const out = new Float64Array(1);
  expect(table.translate(Float64Array.of(iova), out)).toBe(0);
  expect([...out]).toEqual([-1]);
}

function expectAt(table: IoPageTable, iova: number, paddr: number): void {
  expect(table.iovaToPhys(iova)).toBe(paddr);
  expect(table.iovaToPhys64(iova)).toBe(BigInt(paddr));
  expect(table.access(iova, Access.READ)).toBe(paddr);
  for (const iovas of [Float64Array.of(iova), BigUint64Array.of(BigInt(iova))]) {
    const out = new Float64Array(1);
    expect(table.translate(iovas, out)).toBe(1);
    expect([...out]).toEqual([paddr]);
  }
}

describe("an opened table", () => {
  it("of a format that grows does not look beyond its root", () => {
    const growing = () => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined });
    const { memory, table, finish } = built(growing());
    const root = table.walk(0)[0]?.entryPaddr ?? 0;
    const opened = IoPageTable.open(memory, { format: growing(), root });
    for (const iova of [2 ** 30, 2 ** 40, 2 ** 52]) expectOutside(opened, iova);
    finish();
  });

  it("of one root out of four does not look beyond it", () => {
    const four = () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] });
    const { memory, table, finish } = built(four());
    table.map(2 ** 30, 0x5000, 0x1000, RW);
    const root = table.walk(0)[0]?.entryPaddr ?? 0;
    const opened = IoPageTable.open(memory, { format: four(), root });
    expectOutside(opened, 2 ** 30);
    expectOutside(opened, 3 * 2 ** 30);
    finish();
  });
});

describe("a leaf that the table would not write", () => {
  it.each(["built", "opened"])("that is smaller than its pages is found by its own address, %s", (kind) => {
    const format = () => amdV1({ ias: 48, oas: 48, pageSizes: [2 ** 16] });
    const { memory, table, raw, finish } = built(format());
    table.map(0, 2 ** 20, 2 ** 16, RW);
    const item = table.walk(0x3000).at(-1)?.entryPaddr ?? 0;
    raw.write(item, 0x6000000000000001n | (7n << 20n));
    const root = table.walk(0)[0]?.entryPaddr ?? 0;
    expectAt(kind === "built" ? table : IoPageTable.open(memory, { format: format(), root }), 0x3004, 0x700004);
    table.unmap(0, 2 ** 16);
    finish();
  });

  it.each(["built", "opened"])("with an address inside a page gives the same to every call, %s", (kind) => {
    const format = () => appleDart({ ias: 36, oas: 36, pageSizes: [2 ** 14] });
    const { memory, table, raw, finish } = built(format());
    table.map(0, 2 ** 20, 2 ** 14, RW);
    const item = table.walk(0).at(-1)?.entryPaddr ?? 0;
    raw.write(item, raw.read(item) | 0x1000n);
    const root = table.walk(0)[0]?.entryPaddr ?? 0;
    const reader = kind === "built" ? table : IoPageTable.open(memory, { format: format(), root });
    expectAt(reader, 0x2004, 0x103004);
    expectAt(reader, 0x1004, 0x101004);
    table.unmap(0, 2 ** 14);
    finish();
  });
});
