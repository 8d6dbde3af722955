// 52-bit addresses with the 4K and 16K granules, written out by hand from the Arm Architecture Reference Manual (DDI 0487): "VMSAv8-64 Block descriptor and
// Page descriptor formats" and "VMSAv8-64 Table descriptor format" with FEAT_LPA2 (TCR_ELx.DS = 1): output address bits 51:50 in [9:8], bits 49:n in place;
// TCR_EL1 (DS, T0SZ, IPS 0b110 = 52 bits) and VTCR_EL2 (DS, SL0, SL2).
import { describe, expect, it } from "vitest";
import { armLpaeS1, armLpaeS2, IoPageTable, Prot, TableMemory } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { flushJournal } from "../../bindings/support/flushJournal.js";
import { leafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE } = Prot;
const K = 1024;
const G = K ** 3;
const HIGH = 0x000d_8765_4321_0000;
const wide4K = () => armLpaeS1({ ias: 52, oas: 52, lpa2: true, pageSizes: [4 * K, 2 * K * K, G, 512 * G] });
const wide16K = () => armLpaeS1({ ias: 52, oas: 52, lpa2: true, pageSizes: [16 * K, 32 * K * K, 64 * G] });

describe("descriptors with 52-bit addresses", () => {
  it.each([
    // Address bits 51:50 are 0b11, hence [9:8] = 3; bits 49:48 stay in place. nG | AF | AP[1] | AttrIndx 0.
    { format: wide4K, paddr: HIGH, size: 4 * K, level: 3, entry: "0x0001876543210f43", says: "4K page" },
    { format: wide4K, paddr: 0x000b_8765_4320_0000, size: 2 ** 21, level: 2, entry: "0x0003876543200e41", says: "2M" },
    { format: wide4K, paddr: 0x0004_8765_4000_0000, size: G, level: 1, entry: "0x0000876540000d41", says: "1G" },
    {
      format: wide4K,
      paddr: 0x000c_8780_0000_0000,
      size: 512 * G,
      level: 0,
      entry: "0x0000878000000f41",
      says: "512G",
    },
    { format: wide16K, paddr: HIGH, size: 16 * K, level: 3, entry: "0x0001876543210f43", says: "16K page" },
    { format: wide16K, paddr: 0x000d_8760_0000_0000, size: 64 * G, level: 1, entry: "0x0001876000000f41", says: "64G" },
  ])("$says", ({ format, paddr, size, level, entry }) => {
    expect(leafOf(format(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });

  it("hold no shareability: cached memory differs in AttrIndx alone", () => {
    expect(leafOf(wide4K(), { paddr: 0x1000, size: 4 * K, prot: READ | WRITE | CACHE }).entry).toBe(
      "0x0000000000001c47",
    );
    failureOf(() => leafOf(wide4K(), { paddr: 0x1000, size: 4 * K, prot: READ | WRITE | Prot.SHARE_INNER }), "ENOTSUP");
  });

  it("point to tables above 48 bits", () => {
    const physBase = 0x000d_0000_0000_0000;
    const walk = walkOf(wide4K(), { paddr: 0, size: 4 * K, prot: READ }, physBase);
    expect(walk.map(({ level }) => level)).toEqual([-1, 0, 1, 2, 3]);
    for (const [index, { entry }] of walk.slice(0, -1).entries()) {
      const next = BigInt(walk[index + 1]?.entryPaddr ?? 0) & ~0xfffn;
      expect(next >> 48n).toBe(0xdn);
      expect(entry).toBe((next & 0x3_ffff_ffff_f000n) | (3n << 8n) | 3n);
    }
  });

  it("translate in all 52 bits, the last byte included, and dump without the table addresses", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const table = new IoPageTable(memory, { format: wide4K(), flush: flushJournal().flush });
    const last = 2 ** 52 - 4 * K;
    table.map(last, HIGH, 4 * K, READ | WRITE);
    expect(table.iovaToPhys(2 ** 52 - 1)).toBe(HIGH + 0xfff);
    expect(table.dump().split("\n")).toEqual([
      "R 0 -1 16",
      "T -1 15 f000000000000 3",
      "T 0 511 fff8000000000 3",
      "T 1 511 fffffc0000000 3",
      "T 2 511 fffffffe00000 3",
      "P 3 511 ffffffffff000 1876543210f43",
      "",
    ]);
    failureOf(() => table.map(2 ** 52, 0, 4 * K, READ), "ERANGE");
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("registers", () => {
  const registersOf = (format: Parameters<typeof IoPageTable.open>[1]["format"]) => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    using table = new IoPageTable(memory, { format, flush: flushJournal().flush });
    return table.registers;
  };

  it("of stage 1 say DS and 52 bits", () => {
    expect(registersOf(wide4K())).toMatchObject({ tcr: { tg: 0, tsz: 12, ips: 6, ds: 1 } });
    expect(registersOf(wide16K())).toMatchObject({ tcr: { tg: 2, tsz: 12, ips: 6, ds: 1 } });
    expect(registersOf(armLpaeS1({ ias: 48, oas: 48 }))).not.toHaveProperty("tcr.ds");
  });

  it("of stage 2 start at level -1 by SL2", () => {
    expect(registersOf(armLpaeS2({ ias: 52, oas: 52, lpa2: true }))).toMatchObject({
      vtcr: { tg: 0, tsz: 12, ps: 6, sl: 0, sl2: 1, ds: 1 },
    });
    expect(registersOf(armLpaeS2({ ias: 48, oas: 52, lpa2: true }))).toMatchObject({ vtcr: { sl: 2, ds: 1 } });
  });

  it("without lpa2 are clamped to 48 bits", () => {
    expect(registersOf(armLpaeS1({ ias: 52, oas: 52 }))).toMatchObject({ tcr: { tsz: 16, ips: 5 } });
  });
});
