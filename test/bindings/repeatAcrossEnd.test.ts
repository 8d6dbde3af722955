// A repeat whose source goes on from its end at its beginning, as a ring buffer does that is given from its middle: what is one run there may be one leaf.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, type Format, type IoPageTable, Prot, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const M1 = 2 ** 20;
const M2 = 2 ** 21;
const G1 = 2 ** 30;

const FORMATS: [string, () => Format][] = [
  ["ARM LPAE", () => armLpaeS1({ ias: 48, oas: 48 })],
  ["AMDv1", () => amdV1({ ias: 48, oas: 48, pageSizes: [K4, M2, G1] })],
  ["VT-d", () => vtdSecondStage({ ias: 48, oas: 48 })],
];
type Repeat = (table: IoPageTable, size: number, source: { paddr: number; size: number }[], phase: number) => void;
const CALLS: [string, Repeat][] = [
  ["mapRepeat", (table, size, source, phase) => table.mapRepeat(0, size, source, Prot.READ, phase)],
  [
    "prepare",
    (table, size, source, phase) =>
      table.prepare([{ op: "mapRepeat", iova: 0, size, source, prot: Prot.READ, phase }]).commit(),
  ],
];
const leaves = (table: IoPageTable): [iova: number, paddr: number, pageSize: number][] =>
  [...table.mappings()].map(({ iova, paddr, pageSize }) => [Number(iova), paddr, pageSize]);

describe.each(FORMATS)("%s", (_, format) => {
  describe.each(CALLS)("%s", (_name, repeat) => {
    it("makes leaves of a ring of their size (it failed with EFAULT, half mapped)", () => {
      useTable(format(), ({ table, memory }) => {
        const ring = [
          { paddr: M2 + M1, size: M1 },
          { paddr: M2, size: M1 },
        ];
        repeat(table, 4 * M2, ring, M1);
        expect(leaves(table)).toEqual([0, 1, 2, 3].map((i) => [i * M2, M2, M2]));
        const inUse = memory.stats().tablePagesInUse;
        table.map(4 * M2, 0, K4, Prot.READ);
        expect(memory.stats().tablePagesInUse).toBe(inUse + 1);
      });
    });

    it("makes leaves where a longer ring comes by its end, and links what comes again between them", () => {
      useTable(format(), ({ table }) => {
        const ring = [
          { paddr: M2 + M1, size: M1 },
          { paddr: 0, size: M1 },
          { paddr: 4 * M2, size: M1 },
          { paddr: M2, size: M1 },
        ];
        repeat(table, 8 * M2, ring, 3 * M1);
        expect(leaves(table).filter(([, , pageSize]) => pageSize === M2)).toEqual(
          [0, 2, 4, 6].map((i) => [i * M2, M2, M2]),
        );
        expect(table.iovaToPhys(7 * M2 + 5)).toBe(5);
        expect(table.iovaToPhys(7 * M2 + M1 + 5)).toBe(4 * M2 + 5);
      });
    });

    it("is no longer than the ring", () => {
      useTable(format(), ({ table }) => {
        repeat(
          table,
          M2,
          [
            { paddr: M2 + K4, size: K4 },
            { paddr: M2, size: K4 },
          ],
          K4,
        );
        for (const at of [0, K4, 2 * K4, 511 * K4]) expect(table.iovaToPhys(at)).toBe(M2 + (at % (2 * K4)));
      });
    });
  });
});
