// Second-stage entries written out by hand from the Intel Virtualization Technology for Directed I/O Architecture Specification (D51397),
// section "Second-Stage Paging Entries" (9.8 in revision 4), formats of SS-PML5E down to SS-PTE:
//
//   [0] R   [1] W   [5:3] EMT (leaves)   [6] IPAT (leaves)   [7] PS: a leaf above the last level   [8] A   [9] D   [11] SNP (leaves)   [51:12] address
//   [10], [62:52] ignored by hardware: [10] in a table entry is the software's "written back"
//   There is no present bit: an entry with neither R nor W is not present.
import { describe, expect, it } from "vitest";
import { Prot, vtdSecondStage } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, leafOf, pointersOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const secondStage = () => vtdSecondStage({ ias: 48, oas: 52 });
const snooping = () => vtdSecondStage({ ias: 48, oas: 52, forceCoherence: true });
const PAGE = { paddr: 0x8765432101000, size: 2 ** 12 };

describe("second-stage leaves", () => {
  it.each([
    { prot: READ | WRITE, entry: "0x0008765432101003", says: "read and write" },
    { prot: READ, entry: "0x0008765432101001", says: "read-only" },
    { prot: WRITE, entry: "0x0008765432101002", says: "write-only" },
    { prot: READ | WRITE | CACHE, entry: "0x0008765432101003", says: "CACHE has no bit" },
    { prot: READ | NOEXEC | MMIO | PRIV, entry: "0x0008765432101001", says: "nor NOEXEC, MMIO and PRIV" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(secondStage(), { ...PAGE, prot })).toEqual({ level: 0, entry });
  });

  it.each([
    { paddr: 0x8765432200000, size: 2 ** 21, level: 1, plain: "0x0008765432200083", snooped: "0x0008765432200883" },
    { paddr: 0x8765440000000, size: 2 ** 30, level: 2, plain: "0x0008765440000083", snooped: "0x0008765440000883" },
    { paddr: 0xffffffffff000, size: 2 ** 12, level: 0, plain: "0x000ffffffffff003", snooped: "0x000ffffffffff803" },
    { paddr: 0xfffffc0000000, size: 2 ** 30, level: 2, plain: "0x000fffffc0000083", snooped: "0x000fffffc0000883" },
  ])("$size bytes at $paddr, without and with SNP", ({ paddr, size, level, plain, snooped }) => {
    expect(leafOf(secondStage(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry: plain });
    expect(leafOf(snooping(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry: snooped });
  });

  it("has SNP whatever the protection, with forceCoherence", () => {
    const entries = [READ, WRITE, READ | CACHE].map((prot) => leafOf(snooping(), { ...PAGE, prot }).entry);
    expect(entries).toEqual(["0x0008765432101801", "0x0008765432101802", "0x0008765432101801"]);
  });

  it("a read-only page at address 0 is present", () => {
    useTable(secondStage(), ({ table }) => {
      table.map(0x3000, 0, 0x1000, READ);
      expect(itemsOf(table)).toEqual(["0 3 1"]);
      expect(table.iovaToPhys(0x3000)).toBe(0);
      failureOf(() => table.map(0x3000, 0, 0x1000, READ), "EEXIST");
    });
  });
});

describe("second-stage memory types: the index of IPAT, EMT", () => {
  it.each([
    // EMT 0 uncacheable, 1 write-combining, 4 write-through, 5 write-protected, 6 write-back
    { index: 0, entry: "0x0008765432101003" },
    { index: 1, entry: "0x000876543210100b" },
    { index: 4, entry: "0x0008765432101023" },
    { index: 5, entry: "0x000876543210102b" },
    { index: 6, entry: "0x0008765432101033" },
    { index: 8, entry: "0x0008765432101043" },
    { index: 14, entry: "0x0008765432101073" },
  ])("$index", ({ index, entry }) => {
    const prot = READ | WRITE | Prot.memoryType(index);
    expect(leafOf(secondStage(), { ...PAGE, prot }).entry).toBe(entry);
    useTable(secondStage(), ({ table }) => {
      table.map(0, PAGE.paddr, PAGE.size, prot);
      // Index 0 is what every entry says that asks for nothing.
      expect([...table.mappings()].map((mapping) => mapping.prot)).toEqual([index === 0 ? READ | WRITE : prot]);
    });
  });

  it.each([2, 3, 7, 10, 11, 15])("%i is reserved: ENOTSUP", (index) => {
    useTable(secondStage(), ({ table }) => {
      failureOf(() => table.map(0, 0, 0x1000, READ | Prot.memoryType(index)), "ENOTSUP");
    });
  });

  it("stand in larger leaves as well", () => {
    const request = { paddr: 0x8765440000000, size: 2 ** 30, prot: READ | Prot.memoryType(6) };
    expect(leafOf(secondStage(), request)).toEqual({ level: 2, entry: "0x00087654400000b1" });
  });
});

describe("second-stage table entries", () => {
  it.each([
    { ias: 39, levels: [2, 1] },
    { ias: 48, levels: [3, 2, 1] },
    { ias: 57, levels: [4, 3, 2, 1] },
  ])("allow read and write, whatever the leaf: ias $ias", ({ ias, levels }) => {
    const request = { iova: 2 ** 36, paddr: 0x1000, size: 0x1000, prot: READ };
    for (const [coherentWalk, bits] of [
      [true, 0x003n],
      [false, 0x403n],
    ] as const) {
      const format = vtdSecondStage({ ias, oas: 46, coherentWalk, forceCoherence: true });
      const pointers = pointersOf(walkOf(format, request), 12);
      expect(pointers.map(({ level }) => level)).toEqual(levels);
      for (const { entry, target } of pointers) expect(hex(entry)).toBe(hex(target | bits));
    }
  });
});

describe("forceWriteable", () => {
  it("refuses what is read-only with EINVAL, and maps the rest as usual", () => {
    useTable(vtdSecondStage({ ias: 48, oas: 52, forceWriteable: true }), ({ table }) => {
      failureOf(() => table.map(0x1000, 0x1000, 0x1000, READ), "EINVAL");
      expect(table.mapPages(0x1000, 0x1000, 0x1000, 1, READ)).toEqual({ mapped: 0, error: "EINVAL" });
      expect(table.mapRange(0x1000, 0x1000, 0x1000, READ | CACHE)).toEqual({ mapped: 0, error: "EINVAL" });
      expect(table.dump()).toBe("R 0 3 512\n");
      table.map(0x1000, 0x1000, 0x1000, WRITE);
      table.map(0x2000, 0x1000, 0x1000, READ | WRITE);
      expect(itemsOf(table)).toEqual(["0 1 1002", "0 2 1003"]);
    });
  });
});

describe("second-stage configurations", () => {
  it.each([
    { ias: 30, oas: 48 },
    { ias: 58, oas: 48 },
    { ias: 48, oas: 53 },
    { ias: 48, oas: 12 },
    { ias: 48, oas: 48, pageSizes: [2 ** 16] },
  ])("$ias bits to $oas bits, leaves of $pageSizes: EINVAL", (config) => {
    failureOf(() => vtdSecondStage(config), "EINVAL");
  });
});
