// What the library did not write, in its own tables: an entry of a reserved encoding is one item, whatever sizes its bits would say, and its neighbours stay.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, armV7s, type Format, type IoPageTable, Prot, riscv, x86_64 } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";
import { RawTables } from "./support/rawTables.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
/** AMDv1 in a table of pages: the size codes of 2M and of 4M, and all ones (48882, table 14). */
const WORDS = [0x6000_0000_000f_fe01n, 0x6000_0000_001f_fe01n, 0x600f_ffff_ffff_fe01n];

const CALLS: Record<string, (table: IoPageTable) => unknown> = {
  unmap: (table) => table.unmap(0, PAGE),
  unmapRange: (table) => table.unmapRange(0, PAGE),
  unmapPages: (table) => table.unmapPages(0, PAGE, 1),
  replace: (table) => table.replace(0, PAGE, PAGE, RW),
  protect: (table) => table.protect(0, PAGE, Prot.READ),
  coalesce: (table) => table.coalesce(0, PAGE),
  "readDirty with clear": (table) => table.readDirty(0, PAGE, new Uint8Array(1), { clear: true }),
};

describe.each(Object.entries(CALLS))("%s", (_name, call) => {
  it.each(WORDS)("leaves the entries beside the word %s alone", (word) => {
    useTable(amdV1({ ias: 48, oas: 52 }), ({ table, memory }) => {
      table.map(0, PAGE, 8 * PAGE, RW);
      const raw = new RawTables(memory);
      const at = table.walk(0).at(-1)?.entryPaddr ?? 0;
      const rest = [1, 2, 3, 4, 5, 6, 7].map((i) => raw.read(at + 8 * i));
      raw.write(at, word);
      expect(table.walk(0).at(-1)).toMatchObject({ kind: "invalid", size: PAGE });
      call(table);
      expect([1, 2, 3, 4, 5, 6, 7].map((i) => raw.read(at + 8 * i))).toEqual(rest);
    });
  });
});

/** Formats whose valid bit is bit 0 of every entry. */
const VALID: [string, () => Format][] = [
  ["ARM", () => armLpaeS1({ ias: 48, oas: 48 })],
  ["v7s", () => armV7s({ ias: 32, oas: 32 })],
  ["AMDv1", () => amdV1({ ias: 48, oas: 52 })],
  ["x86-64", () => x86_64({ ias: 48, oas: 52 })],
  ["RISC-V", () => riscv({ ias: 48, oas: 56 })],
];

describe.each(VALID)("a table's entry without its valid bit is in the way: %s", (_, format) => {
  it.each<[string, (table: IoPageTable<unknown>) => unknown]>([
    ["map", (table) => table.map(PAGE, PAGE, PAGE, RW)],
    ["mapList", (table) => table.mapList(PAGE, [PAGE, 5 * PAGE], PAGE, RW)],
    ["mapRepeat", (table) => table.mapRepeat(PAGE, 2 * PAGE, { paddr: 0, size: PAGE }, RW)],
  ])("%s", (_name, call) => {
    useTable<unknown>(format(), ({ table, memory }) => {
      table.map(0, PAGE, PAGE, RW);
      // A realm remembers the table of pages that it used last.
      table.map(2 ** 30, PAGE, PAGE, RW);
      const raw = new RawTables(memory);
      const { entryPaddr = 0, entry = 0n } = table.walk(0).at(-2) ?? {};
      raw.write(entryPaddr, entry & ~1n);
      failureOf(() => call(table), "EEXIST");
      expect(table.iovaToPhys(0)).toBeNull();
      raw.write(entryPaddr, entry);
      expect([...table.mappings()].map(({ iova, size }) => [iova, size])).toEqual([
        [0n, PAGE],
        [2n ** 30n, PAGE],
      ]);
    });
  });
});
