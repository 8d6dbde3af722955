// The selftest matrix of Linux's io-pgtable-arm, as behaviour: every page-size set, every legal pair of address sizes,
// both stages; in each the same five steps.
import { describe, expect, it } from "vitest";
import { type ArmLpaeConfig, armLpaeS1, armLpaeS2, type Format, type IoPageTable } from "../../../bindings/index.js";
import { GIB, useTable } from "../../bindings/support/fixture.js";
import { expectEmpty, mapEachSize, READ_WRITE_DATA, remapEachSize } from "./selftestSteps.js";

const ADDRESS_SIZES = [32, 36, 40, 42, 44, 48];
const PAGE_SIZE_SETS = [
  [2 ** 12, 2 ** 21, 2 ** 30],
  [2 ** 14, 2 ** 25],
  [2 ** 16, 2 ** 29],
];
const STAGES: { stage: string; format: (config: ArmLpaeConfig) => Format }[] = [
  { stage: "stage 1", format: armLpaeS1 },
  { stage: "stage 2", format: armLpaeS2 },
];

function runs() {
  return STAGES.flatMap(({ stage, format }) =>
    PAGE_SIZE_SETS.flatMap((pageSizes) =>
      ADDRESS_SIZES.flatMap((ias) =>
        ADDRESS_SIZES.filter((oas) => ias <= oas).map((oas) => ({
          name: `${stage}, ${pageSizes.map((size) => `0x${size.toString(16)}`).join(" ")}, ias ${ias}, oas ${oas}`,
          format: () => format({ ias, oas, pageSizes }),
          ias,
          oas,
          pageSizes,
        })),
      ),
    ),
  );
}

/** The last page of the largest size: where a concatenated root has its last table. */
function mapLastPage(table: IoPageTable, ias: number, sizes: readonly number[]): void {
  const size = Math.max(...sizes);
  const iova = 2 ** ias - size;
  // With 32 bits of input the last gibibyte is free: the page of each size above stays below it.
  expect(table.mapPages(iova, iova, size, 1, READ_WRITE_DATA)).toEqual({ mapped: size, error: null });
  expect(table.iovaToPhys(iova + 42)).toBe(iova + 42);
  expect(table.iovaToPhys(2 ** ias - 1)).toBe(2 ** ias - 1);
  expect(table.unmapPages(iova, size, 1)).toBe(size);
  expect(table.iovaToPhys(iova + 42)).toBeNull();
}

describe("the io-pgtable-arm selftest matrix", () => {
  const matrix = runs();

  it("has its 126 runs", () => {
    expect(matrix).toHaveLength(126);
  });

  it.each(matrix)("$name", ({ format, ias, oas, pageSizes }) => {
    useTable(format(), ({ table }) => {
      expect([table.ias, table.oas]).toEqual([ias, oas]);
      expect([...table.pageSizes].sort((a, b) => a - b)).toEqual(pageSizes);
      expectEmpty(table);
      mapEachSize(table, pageSizes, GIB);
      remapEachSize(table, pageSizes, GIB);
      mapLastPage(table, ias, pageSizes);
    });
  });
});
