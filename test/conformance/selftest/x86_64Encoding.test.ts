// x86-64 entries written out by hand from the AMD64 Architecture Programmer's Manual, volume 2 (24593), 5.3 "Long-Mode Page Translation" and
// 5.4 "Page-Translation-Table Entry Fields", and the Intel 64 and IA-32 Software Developer's Manual, volume 3A, 4.5:
//
//   [0] P   [1] R/W   [2] U/S   [3] PWT   [4] PCD   [5] A   [6] D (leaves)   [7] PAT (4K) or PS (larger leaves)   [12] PAT (larger leaves)
//   [11:9] ignored by hardware: [9] in a table entry is the software's "written back"   [51:12] address   [63] XD
import { describe, expect, it } from "vitest";
import { Prot, x86_64 } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, leafOf, pointersOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const x86 = () => x86_64({ ias: 48, oas: 52 });
const encrypted = () => x86_64({ ias: 48, oas: 47, encryptionBit: 47 });
const PAGE = { paddr: 0x8765432101000, size: 2 ** 12 };
const LARGE = { paddr: 0x8765432200000, size: 2 ** 21 };

describe("x86-64 leaves", () => {
  it.each([
    // A | U/S | P, and D | R/W where it is writable
    { prot: READ | WRITE, entry: "0x0008765432101067", says: "read and write" },
    { prot: READ, entry: "0x0008765432101025", says: "read-only" },
    { prot: WRITE, entry: "0x0008765432101067", says: "write-only is readable" },
    { prot: READ | WRITE | CACHE, entry: "0x0008765432101067", says: "CACHE has no bit" },
    { prot: READ | NOEXEC | MMIO | PRIV, entry: "0x0008765432101025", says: "NOEXEC, MMIO and PRIV are ignored" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(x86(), { ...PAGE, prot })).toEqual({ level: 0, entry });
  });

  it.each([
    { paddr: 0x8765432200000, size: 2 ** 21, level: 1, entry: "0x00087654322000e7" },
    { paddr: 0x8765440000000, size: 2 ** 30, level: 2, entry: "0x00087654400000e7" },
    { paddr: 0xffffffffff000, size: 2 ** 12, level: 0, entry: "0x000ffffffffff067" },
    { paddr: 0xfffffc0000000, size: 2 ** 30, level: 2, entry: "0x000fffffc00000e7" },
  ])("$size bytes at $paddr", ({ paddr, size, level, entry }) => {
    expect(leafOf(x86(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });
});

describe("x86-64 memory types: the index of PAT, PCD, PWT", () => {
  it.each([
    { index: 0, page: "0x0008765432101067", large: "0x00087654322000e7" },
    { index: 1, page: "0x000876543210106f", large: "0x00087654322000ef" },
    { index: 2, page: "0x0008765432101077", large: "0x00087654322000f7" },
    { index: 3, page: "0x000876543210107f", large: "0x00087654322000ff" },
    { index: 4, page: "0x00087654321010e7", large: "0x00087654322010e7" },
    { index: 5, page: "0x00087654321010ef", large: "0x00087654322010ef" },
    { index: 6, page: "0x00087654321010f7", large: "0x00087654322010f7" },
    { index: 7, page: "0x00087654321010ff", large: "0x00087654322010ff" },
  ])("$index", ({ index, page, large }) => {
    const prot = READ | WRITE | Prot.memoryType(index);
    expect(leafOf(x86(), { ...PAGE, prot }).entry).toBe(page);
    expect(leafOf(x86(), { ...LARGE, prot }).entry).toBe(large);
    useTable(x86(), ({ table }) => {
      table.map(0, PAGE.paddr, PAGE.size, prot);
      table.map(LARGE.size, LARGE.paddr, LARGE.size, prot);
      // Index 0 is what every entry says that asks for nothing.
      const said = index === 0 ? READ | WRITE : prot;
      expect([...table.mappings()].map((mapping) => mapping.prot)).toEqual([said, said]);
      expect(table.iovaToPhys(LARGE.size)).toBe(LARGE.paddr);
    });
  });

  it("moves PAT between its two places when a large leaf is split", () => {
    useTable(x86(), ({ table }) => {
      table.map(0, LARGE.paddr, LARGE.size, READ | Prot.memoryType(4));
      table.unmap(0x1000, LARGE.size - 0x1000);
      expect(hex(table.walk(0).at(-1)?.entry ?? 0n)).toBe("0x00087654322000a5");
      expect([...table.mappings()].map(({ prot }) => prot)).toEqual([READ | Prot.memoryType(4)]);
    });
  });
});

describe("x86-64 table entries", () => {
  it.each([
    { ias: 48, coherentWalk: true, levels: [3, 2, 1], bits: 0x027n },
    { ias: 57, coherentWalk: true, levels: [4, 3, 2, 1], bits: 0x027n },
    { ias: 48, coherentWalk: false, levels: [3, 2, 1], bits: 0x227n },
  ])("ias $ias, coherent $coherentWalk", ({ ias, coherentWalk, levels, bits }) => {
    const request = { iova: 2 ** 40, paddr: 0x1000, size: 0x1000, prot: READ };
    const pointers = pointersOf(walkOf(x86_64({ ias, oas: 52, coherentWalk }), request), 12);
    expect(pointers.map(({ level }) => level)).toEqual(levels);
    for (const { entry, target } of pointers) expect(hex(entry)).toBe(hex(target | bits));
  });

  it("are encrypted too", () => {
    const pointers = pointersOf(walkOf(encrypted(), { paddr: 0x1000, size: 0x1000, prot: READ }), 12);
    for (const { entry, target } of pointers) expect(hex(entry)).toBe(hex(target | (1n << 47n) | 0x27n));
  });
});

describe("x86-64 encryption bit", () => {
  it.each([
    { prot: READ | WRITE, size: 2 ** 12, entry: "0x0000c00000000067", says: "memory" },
    { prot: READ | WRITE, size: 2 ** 30, entry: "0x0000c000000000e7", says: "memory, 1G" },
    { prot: READ | WRITE | MMIO, size: 2 ** 12, entry: "0x0000400000000067", says: "not MMIO" },
    { prot: READ | WRITE | MMIO, size: 2 ** 21, entry: "0x00004000000000e7", says: "not MMIO, 2M" },
  ])("$says", ({ prot, size, entry }) => {
    expect(leafOf(encrypted(), { paddr: 2 ** 46, size, prot }).entry).toBe(entry);
    useTable(encrypted(), ({ table }) => {
      table.map(0, 2 ** 46, size, prot);
      expect(table.iovaToPhys(0x123)).toBe(2 ** 46 + 0x123);
    });
  });
});

describe("x86-64 configurations", () => {
  it.each([
    { ias: 39, oas: 48 },
    { ias: 58, oas: 48 },
    { ias: 48, oas: 53 },
    { ias: 48, oas: 48, encryptionBit: 11 },
    { ias: 48, oas: 48, encryptionBit: 52 },
    { ias: 48, oas: 48, pageSizes: [2 ** 16] },
  ])("$ias bits to $oas bits, encryptionBit $encryptionBit, leaves of $pageSizes: EINVAL", (config) => {
    failureOf(() => x86_64(config), "EINVAL");
  });
});
