// A word that something else has written is in the way of a map whichever of its bytes is not 0, and wherever it stands among those that are written at once.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armV7s, type IoPageTable, Prot } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const COUNT = 40;
const IOVA = 0x10_0000;
const PAGES = Float64Array.from({ length: COUNT }, (_, i) => (0x8_0000 + 3 * i) * PAGE);

const CALLS: [string, (table: IoPageTable<unknown>, first: number) => unknown][] = [
  ["map", (table, first) => table.map(IOVA + first * PAGE, 0, (COUNT - first) * PAGE, RW)],
  ["mapList", (table, first) => table.mapList(IOVA + first * PAGE, PAGES.subarray(first), PAGE, RW)],
];

describe.each(CALLS)("%s", (_, call) => {
  it.each([
    ["ARM", 8, () => armLpaeS1({ ias: 32, oas: 48, pageSizes: [PAGE] })],
    ["v7s", 4, () => armV7s({ ias: 32, oas: 32, pageSizes: [PAGE] })],
  ] as const)("meets each byte: %s", (_name, itemBytes, format) => {
    useTable<unknown>(format(), ({ table, memory }) => {
      // Keeps the table.
      table.map(IOVA + 100 * PAGE, 0, PAGE, RW);
      const first = (table.walk(IOVA).at(-1)?.entryPaddr ?? 0) - memory.physBase;
      const bytes = new Uint8Array(memory.buffer);
      for (let i = 0; i < COUNT * itemBytes; i++) {
        bytes[first + i] = 0x80;
        for (const start of [0, 1]) {
          if (i < start * itemBytes) continue;
          const failure = failureOf(() => call(table, start), "EEXIST");
          expect(failure.iova).toBe(BigInt(IOVA + Math.floor(i / itemBytes) * PAGE));
        }
        bytes[first + i] = 0;
        expect(bytes.subarray(first, first + COUNT * itemBytes).every((byte) => byte === 0)).toBe(true);
      }
      table.unmap(IOVA + 100 * PAGE, PAGE);
    });
  });
});
