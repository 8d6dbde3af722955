// The selftest of Linux's io-pgtable-arm-v7s, as behaviour: one page of each of the four sizes, 16 MiB apart, in non-secure memory; and the same
// steps with the other quirks, whose descriptors differ.
import { describe, expect, it } from "vitest";
import { armV7s } from "../../../bindings/index.js";
import { MIB, useTable } from "../../bindings/support/fixture.js";
import { itemsOf } from "./entryOf.js";
import { expectEmpty, mapEachSize, READ_WRITE_DATA, remapEachSize } from "./selftestSteps.js";

const SIZES = [2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24];
const APART = 16 * MIB;
const FORMATS = [
  { name: "ARM_NS, as Linux's", format: () => armV7s({ ias: 32, oas: 32, pageSizes: SIZES, quirks: ["ARM_NS"] }) },
  { name: "no quirk", format: () => armV7s({ ias: 32, oas: 32, pageSizes: SIZES }) },
  { name: "NO_PERMS", format: () => armV7s({ ias: 32, oas: 32, pageSizes: SIZES, quirks: ["NO_PERMS"] }) },
  {
    name: "MediaTek",
    format: () => armV7s({ ias: 34, oas: 35, pageSizes: SIZES, quirks: ["NO_PERMS", "ARM_MTK_EXT"] }),
  },
];

describe.each(FORMATS)("the io-pgtable-arm-v7s selftest, $name", ({ format }) => {
  it("passes", () => {
    useTable(format(), ({ table }) => {
      expectEmpty(table);
      mapEachSize(table, SIZES, APART);
      expect(itemsOf(table)).toHaveLength(1 + 16 + 1 + 16);
      remapEachSize(table, SIZES, APART);
    });
  });

  it("has its last page of each size", () => {
    useTable(format(), ({ table }) => {
      for (const size of SIZES) {
        const iova = 2 ** table.ias - size;
        expect(table.mapPages(iova, 2 ** table.oas - size, size, 1, READ_WRITE_DATA)).toEqual({
          mapped: size,
          error: null,
        });
        expect(table.iovaToPhys(2 ** table.ias - 1)).toBe(2 ** table.oas - 1);
        expect(table.unmapPages(iova, size, 1)).toBe(size);
        expect(table.iovaToPhys(2 ** table.ias - 1)).toBeNull();
      }
    });
  });

  it("cuts no page of 16 items: a part of it is not unmapped", () => {
    useTable(format(), ({ table }) => {
      mapEachSize(table, SIZES, APART);
      const dump = table.dump();
      expect(table.unmapPages(APART, 2 ** 12, 1)).toBe(0);
      expect(table.unmapPages(APART + 2 ** 12, 2 ** 12, 15)).toBe(0);
      expect(table.unmapPages(3 * APART, 2 ** 20, 16)).toBe(0);
      expect(table.dump()).toBe(dump);
    });
  });
});
