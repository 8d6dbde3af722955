// MediaTek's extension of the short descriptors, as Linux programs it (its quirks ARM_MTK_EXT and ARM_MTK_TTBR_EXT; MediaTek publishes no
// manual): output addresses of 35 bits, with PA[32] in bit 9, PA[33] in bit 4 and PA[34] in bit 5 of a descriptor, which has no permissions;
// with the second quirk the address of a table has its upper bits in the same places, and the root register has PA[34:32] in [2:0].
import { describe, expect, it } from "vitest";
import { Access, armV7s, Prot, TableMemory } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { type Fixture, GIB, MIB, useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, pointersOf, shortLeafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, MMIO } = Prot;
const extended = (ias = 32) => armV7s({ ias, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT"] });
const everywhere = () => armV7s({ ias: 32, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT", "ARM_MTK_TTBR_EXT"] });

describe("35-bit output addresses", () => {
  it.each([
    // nG | S | TEX 1
    { paddr: 0x0_8765_4000, size: 2 ** 12, entry: "0x87654c42", says: "a small page below 4 GiB" },
    { paddr: 0x1_8765_4000, size: 2 ** 12, entry: "0x87654e42", says: "PA[32]: bit 9" },
    { paddr: 0x2_8765_4000, size: 2 ** 12, entry: "0x87654c52", says: "PA[33]: bit 4" },
    { paddr: 0x4_8765_4000, size: 2 ** 12, entry: "0x87654c62", says: "PA[34]: bit 5" },
    { paddr: 0x7_ffff_f000, size: 2 ** 12, entry: "0xfffffe72", says: "the highest small page" },
    { paddr: 0x5_8765_0000, size: 2 ** 16, entry: "0x87651e21", says: "a large page" },
    { paddr: 0x6_8760_0000, size: 2 ** 20, entry: "0x87631032", says: "a section" },
    { paddr: 0x7_8700_0000, size: 2 ** 24, entry: "0x87071232", says: "a supersection" },
  ])("$says", ({ paddr, size, entry }) => {
    expect(shortLeafOf(extended(), { paddr, size, prot: READ | WRITE }).entry).toBe(entry);
    useTable(extended(), ({ table }) => {
      table.map(0, paddr, size, READ | WRITE);
      expect(table.iovaToPhys(size - 1)).toBe(paddr + size - 1);
      expect(table.access(size - 8, Access.READ)).toBe(paddr + size - 8);
    });
  });

  it.each([
    { prot: READ | WRITE | CACHE, entry: "0x87654e7e", says: "cached" },
    { prot: READ | WRITE | MMIO, entry: "0x87654e36", says: "device" },
    { prot: READ, entry: "0x87654e72", says: "read-only cannot be said" },
  ])("the memory type stands beside them: $says", ({ prot, entry }) => {
    expect(shortLeafOf(extended(), { paddr: 0x7_8765_4000, size: 2 ** 12, prot }).entry).toBe(entry);
  });

  it("a run of pages passes from one 4 GiB to the next", () => {
    useTable(extended(), ({ table }) => {
      table.map(0x5000, 4 * GIB - 0x1000, 0x2000, READ | WRITE);
      expect(itemsOf(table)).toEqual(["2 5 fffffc42", "2 6 e42"]);
      expect(table.iovaToPhys(0x6123)).toBe(4 * GIB + 0x123);
    });
  });

  it("input addresses have up to 34 bits, in a root of up to 64 KiB", () => {
    useTable(extended(34), ({ table }) => {
      expect(table.dump()).toBe("R 0 1 16384\n");
      table.map(16 * GIB - 0x1000, 0x7_ffff_f000, 0x1000, READ | WRITE);
      expect(itemsOf(table)).toEqual(["2 255 fffffe72"]);
      expect(table.iovaToPhys(16 * GIB - 1)).toBe(0x7_ffff_ffff);
    });
  });
});

describe("table addresses", () => {
  it.each([
    { physBase: 0x0_8000_0000, high: "0x00000001", low: 0n, says: "below 4 GiB" },
    { physBase: 0x1_8000_0000, high: "0x00000201", low: 1n, says: "PA[32]" },
    { physBase: 0x2_8000_0000, high: "0x00000011", low: 2n, says: "PA[33]" },
    { physBase: 0x4_8000_0000, high: "0x00000021", low: 4n, says: "PA[34]" },
    { physBase: 0x7_ff00_0000, high: "0x00000231", low: 7n, says: "the last 16 MiB" },
  ])("have their upper bits with ARM_MTK_TTBR_EXT: $says", ({ physBase, high, low }) => {
    const steps = walkOf(everywhere(), { iova: 0x12345000, paddr: 0x1000, size: 0x1000, prot: READ }, physBase);
    const [pointer] = pointersOf(steps, 10);
    expect(hex((pointer?.entry ?? 0n) & 0x3ffn, 8)).toBe(high);
    expect((pointer?.entry ?? 0n) & 0xfffffc00n).toBe((pointer?.target ?? 0n) & 0xfffffc00n);
    const memory = TableMemory.create({ bytes: 16 * MIB, physBase });
    const body = ({ table }: Fixture<{ ttbr: number }>) => {
      const root = BigInt(table.walk(0)[0]?.entryPaddr ?? 0);
      expect(root >> 32n).toBe(low);
      expect(BigInt(table.registers.ttbr)).toBe((root & 0xffff_ffffn) | low);
    };
    useTable(everywhere(), body, { memory });
  });
});

describe("the quirks of the extension", () => {
  it.each([
    { quirks: ["ARM_MTK_EXT"] as const, says: "ARM_MTK_EXT without NO_PERMS" },
    { quirks: ["NO_PERMS", "ARM_MTK_TTBR_EXT"] as const, says: "ARM_MTK_TTBR_EXT without ARM_MTK_EXT" },
  ])("$says is EINVAL", ({ quirks }) => {
    failureOf(() => armV7s({ ias: 32, oas: 32, quirks }), "EINVAL");
  });

  it.each([
    { ias: 33, oas: 32, quirks: [] },
    { ias: 32, oas: 33, quirks: ["NO_PERMS"] as const },
    { ias: 35, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT"] as const },
    { ias: 34, oas: 36, quirks: ["NO_PERMS", "ARM_MTK_EXT"] as const },
  ])("ias $ias and oas $oas with $quirks are EINVAL", (config) => {
    failureOf(() => armV7s(config), "EINVAL");
  });
});
