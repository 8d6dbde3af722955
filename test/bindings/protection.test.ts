import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, armLpaeS2, armMaliLpae, type Format, Prot } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV, SHARE_NONE, SHARE_INNER, SHARE_OUTER } = Prot;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });
const stage2 = () => armLpaeS2({ ias: 48, oas: 48 });
const mali = () => armMaliLpae({ ias: 48, oas: 40 });
const amd = () => amdV1({ ias: 48, oas: 52 });

describe("Prot", () => {
  it("has Linux's values, and its own flags beside them", () => {
    expect([READ, WRITE, CACHE, NOEXEC, MMIO, PRIV]).toEqual([1, 2, 4, 8, 16, 32]);
    const own = [SHARE_NONE, SHARE_INNER, SHARE_OUTER, ...[0, 1, 7, 15].map((index) => Prot.memoryType(index))];
    expect(own.every((flags) => flags > 0 && (flags & 63) === 0)).toBe(true);
    expect(new Set(own).size).toBe(own.length);
  });

  it.each([Number.NaN, -1, 0.5, "1", undefined, 1n, 2 ** 53 + 2])("has no memory type %o", (index) => {
    failureOf(() => Prot.memoryType(index as number), "EINVAL");
  });
});

describe("a protection that the format cannot say explicitly is ENOTSUP, nothing mapped", () => {
  it.each<{ says: string; format: () => Format; prot: number }>([
    { says: "shareability on AMDv1: none", format: amd, prot: READ | SHARE_NONE },
    { says: "shareability on AMDv1: inner", format: amd, prot: READ | SHARE_INNER },
    { says: "shareability on AMDv1: outer", format: amd, prot: READ | SHARE_OUTER },
    { says: "a memory type on AMDv1", format: amd, prot: READ | Prot.memoryType(0) },
    { says: "a ninth memory type on stage 1", format: stage1, prot: READ | Prot.memoryType(8) },
  ])("$says", ({ format, prot }) => {
    useTable(format(), ({ table }) => {
      const dump = table.dump();
      expect(failureOf(() => table.map(0x5000, 0x1000, 0x1000, prot), "ENOTSUP").operation).toBe("map");
      expect(table.mapPages(0x5000, 0x1000, 0x1000, 1, prot)).toEqual({ mapped: 0, error: "ENOTSUP" });
      expect(table.mapRange(0x5000, 0x1000, 0x1000, prot)).toEqual({ mapped: 0, error: "ENOTSUP" });
      expect(table.dump()).toBe(dump);
    });
  });
});

const DROPPED: { says: string; format: () => Format; prot: number; becomes: number }[] = [
  { says: "write-only on stage 1 becomes readable", format: stage1, prot: WRITE, becomes: READ | WRITE },
  { says: "PRIV on stage 2", format: stage2, prot: READ | PRIV, becomes: READ },
  { says: "PRIV on Mali", format: mali, prot: READ | PRIV, becomes: READ },
  { says: "NOEXEC on AMDv1", format: amd, prot: READ | NOEXEC, becomes: READ },
  { says: "PRIV on AMDv1", format: amd, prot: READ | WRITE | PRIV, becomes: READ | WRITE },
];
const PERMISSIONS = READ | WRITE | NOEXEC | PRIV;

describe.each(DROPPED)("$says", ({ format, prot, becomes }) => {
  it("is accepted as Linux does, and mappings() says what the entry allows", () => {
    useTable(format(), ({ table }) => {
      table.map(0x5000, 0x1000, 0x1000, prot);
      expect([...table.mappings()].map((mapping) => mapping.prot & PERMISSIONS)).toEqual([becomes]);
    });
  });

  it("is ENOTSUP with strictProtection", () => {
    const body = ({ table }: Parameters<Parameters<typeof useTable>[1]>[0]) => {
      const dump = table.dump();
      failureOf(() => table.map(0x5000, 0x1000, 0x1000, prot), "ENOTSUP");
      expect(table.mapPages(0x5000, 0x1000, 0x1000, 1, prot)).toEqual({ mapped: 0, error: "ENOTSUP" });
      expect(table.mapRange(0x5000, 0x1000, 0x1000, prot)).toEqual({ mapped: 0, error: "ENOTSUP" });
      expect(table.dump()).toBe(dump);
      table.map(0x5000, 0x1000, 0x1000, becomes);
      expect(table.iovaToPhys(0x5000)).toBe(0x1000);
    };
    useTable(format(), body, { strictProtection: true });
  });
});
