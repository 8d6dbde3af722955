// AMD I/O page tables written out by hand from the AMD I/O Virtualization Technology (IOMMU) Specification (48882), sections
// "I/O Page Table Entry" (PTE and PDE formats) and "Encoding of page sizes":
//
//   [0] PR   [11:9] NextLevel: 0 leaf of the level's own size, 7 leaf with a size code, else the level of the child
//   [51:12] address; with NextLevel 7 its low bits are 0 1...1: a page of 2^n bytes has n - 13 ones from bit 12
//   [60] FC   [61] IR   [62] IW
import { describe, expect, it } from "vitest";
import { amdV1, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, leafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const amd = () => amdV1({ ias: 48, oas: 52 });

describe("AMDv1 leaves", () => {
  it.each([
    { prot: READ | WRITE, entry: "0x6008765432101001", says: "read and write: IR, IW" },
    { prot: READ, entry: "0x2008765432101001", says: "read-only: IR" },
    { prot: WRITE, entry: "0x4008765432101001", says: "write-only: IW" },
    { prot: READ | WRITE | CACHE, entry: "0x6008765432101001", says: "CACHE has no bit" },
    { prot: READ | NOEXEC | PRIV, entry: "0x2008765432101001", says: "NOEXEC and PRIV have no bit" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(amd(), { iova: 0x1000, paddr: 0x8765432101000, size: 0x1000, prot })).toEqual({ level: 0, entry });
  });

  it.each([
    { paddr: 0x8765432102000, size: 2 ** 13, level: 0, entry: "0x6008765432102e01", says: "8K: no ones" },
    { paddr: 0x8765432104000, size: 2 ** 14, level: 0, entry: "0x6008765432105e01", says: "16K: one" },
    { paddr: 0x8765432110000, size: 2 ** 16, level: 0, entry: "0x6008765432117e01", says: "64K: three" },
    { paddr: 0x8765432100000, size: 2 ** 20, level: 0, entry: "0x600876543217fe01", says: "1M: seven" },
    { paddr: 0x8765432200000, size: 2 ** 21, level: 1, entry: "0x6008765432200001", says: "2M: own size of level 1" },
    { paddr: 0x8765432400000, size: 2 ** 22, level: 1, entry: "0x60087654325ffe01", says: "4M: nine" },
    { paddr: 0x8765440000000, size: 2 ** 30, level: 2, entry: "0x6008765440000001", says: "1G: own size of level 2" },
    { paddr: 0x8765480000000, size: 2 ** 31, level: 2, entry: "0x60087654bffffe01", says: "2G: eighteen" },
    { paddr: 0x8760000000000, size: 2 ** 40, level: 3, entry: "0x6008767ffffffe01", says: "1T: twenty-seven" },
    { paddr: 0x8765432103000, size: 2 ** 12, level: 0, entry: "0x6008765432103001", says: "4K: own size of level 0" },
    { paddr: 0xffffffffff000, size: 2 ** 12, level: 0, entry: "0x600ffffffffff001", says: "4K: the highest" },
    { paddr: 0x8000000000000, size: 2 ** 47, level: 3, entry: "0x60083ffffffffe01", says: "128T: thirty-four" },
  ])("$says", ({ paddr, size, level, entry }) => {
    expect(leafOf(amd(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });

  it.each([
    { paddr: 0x3000000000000, size: 2 ** 48, entry: "0x6003000000000001", says: "256T: own size of level 4" },
    { paddr: 0x2000000000000, size: 2 ** 49, entry: "0x6002fffffffffe01", says: "512T: thirty-six" },
    { paddr: 0x8000000000000, size: 2 ** 51, entry: "0x600bfffffffffe01", says: "2P: thirty-eight" },
  ])("$says", ({ paddr, size, entry }) => {
    expect(leafOf(amdV1({ ias: 64, oas: 52 }), { paddr, size, prot: READ | WRITE })).toEqual({ level: 4, entry });
  });

  it("repeats the entry in every item of a leaf", () => {
    useTable(amd(), ({ table }) => {
      table.map(0x8000, 0x10008000, 0x8000, READ | WRITE);
      expect(itemsOf(table)).toEqual([8, 9, 10, 11, 12, 13, 14, 15].map((i) => `0 ${i} 600000001000be01`));
    });
  });

  it("has no page of 512G: two of 256G stand for it", () => {
    useTable(amdV1({ ias: 48, oas: 48 }), ({ table }) => {
      table.map(2 ** 39, 0, 2 ** 39, READ | WRITE);
      expect([...table.stats().leaves]).toEqual([[2 ** 38, 2]]);
    });
  });
});

describe("AMDv1 table entries", () => {
  it("names the child's level and allows read and write", () => {
    const steps = walkOf(amd(), { paddr: 0x1000, iova: 0x1000, size: 0x1000, prot: READ });
    const tables = steps.filter((step) => step.kind === "table");
    expect(tables.map((step) => hex(step.entry & ~0x000ffffffffff000n))).toEqual([
      "0x6000000000000601",
      "0x6000000000000401",
      "0x6000000000000201",
    ]);
    for (const [index, step] of tables.entries()) {
      const next = BigInt(steps[index + 1]?.entryPaddr ?? 0);
      expect(step.entry & 0x000ffffffffff000n).toBe(next & ~0xfffn);
    }
  });
});

describe("AMDv1 options", () => {
  it.each([
    { config: { forceCoherence: true }, prot: READ | WRITE, entry: "0x7000065432101001", says: "forceCoherence: FC" },
    { config: { encryptionBit: 47 }, prot: READ | WRITE, entry: "0x6000865432101001", says: "encryptionBit on memory" },
    {
      config: { encryptionBit: 47 },
      prot: READ | WRITE | MMIO,
      entry: "0x6000065432101001",
      says: "no encryptionBit on MMIO",
    },
  ])("$says", ({ config, prot, entry }) => {
    const format = amdV1({ ias: 48, oas: 52, ...config });
    expect(leafOf(format, { iova: 0x1000, paddr: 0x65432101000, size: 0x1000, prot }).entry).toBe(entry);
  });

  const both = () => amdV1({ ias: 57, oas: 47, forceCoherence: true, encryptionBit: 47 });
  it.each([
    { prot: READ | WRITE, paddr: 0x65432101000, size: 2 ** 12, level: 0, entry: "0x7000865432101001" },
    { prot: READ, paddr: 0x65432110000, size: 2 ** 16, level: 0, entry: "0x3000865432117e01" },
    { prot: WRITE, paddr: 0x65432200000, size: 2 ** 21, level: 1, entry: "0x5000865432200001" },
    { prot: READ | WRITE, paddr: 0x65480000000, size: 2 ** 31, level: 2, entry: "0x70008654bffffe01" },
    { prot: READ | WRITE | MMIO, paddr: 0x65480000000, size: 2 ** 31, level: 2, entry: "0x70000654bffffe01" },
    { prot: READ | WRITE, paddr: 0x400000000000, size: 2 ** 46, level: 3, entry: "0x7000dffffffffe01" },
  ])("both, in a leaf of $size bytes at level $level", ({ prot, paddr, size, level, entry }) => {
    expect(leafOf(both(), { paddr, size, prot })).toEqual({ level, entry });
    useTable(both(), ({ table }) => {
      table.map(0, paddr, size, prot);
      expect(table.iovaToPhys(size - 1)).toBe(paddr + size - 1);
    });
  });

  it("FC stands in leaves alone, the encryption bit in table entries as well", () => {
    const tables = walkOf(both(), { paddr: 0x1000, size: 0x1000, prot: READ }).slice(0, -1);
    expect(tables.map(({ entry }) => hex(entry & ~0x00007ffffffff000n))).toEqual([
      "0x6000800000000801",
      "0x6000800000000601",
      "0x6000800000000401",
      "0x6000800000000201",
    ]);
  });

  it("has nothing to do with the registers: the root is a plain address", () => {
    useTable(both(), ({ table }) => {
      expect(table.registers).toEqual({ root: BigInt(table.walk(0)[0]?.entryPaddr ?? 0), mode: 5 });
    });
  });

  it.each([
    { encryptionBit: 11 },
    { encryptionBit: 52 },
    { encryptionBit: 40.5 },
    { startLevels: 1 },
    { startLevels: 7 },
  ])("refuses $encryptionBit $startLevels", (config) => {
    failureOf(() => amdV1({ ias: 48, oas: 52, ...config }), "EINVAL");
  });

  it("refuses a walker that does not snoop", () => {
    failureOf(() => amdV1({ ias: 48, oas: 52, coherentWalk: false }), "ENOTSUP");
  });

  it("marks tables as encrypted too, and strips the bit from look-ups", () => {
    const steps = walkOf(amdV1({ ias: 48, oas: 52, encryptionBit: 47 }), { paddr: 0, size: 0x1000, prot: READ });
    for (const step of steps) expect(step.entry & (1n << 47n)).toBe(1n << 47n);
    useTable(amdV1({ ias: 48, oas: 52, encryptionBit: 47 }), ({ table }) => {
      table.map(0x1000, 0x65432101000, 0x1000, READ);
      expect(table.iovaToPhys(0x1234)).toBe(0x65432101234);
    });
  });
});
