// Explicit memory types and shareability in Arm descriptors, written out by hand from the Arm Architecture Reference Manual (DDI 0487): "Stage 1 attribute
// fields" (AttrIndx [4:2], SH [9:8]), "Stage 2 memory region type and cacheability attributes" without and with FEAT_S2FWB (MemAttr [5:2]), and SH as
// 0b00 none, 0b10 outer, 0b11 inner. Mali has AttrIndx and SH in the same places; its index is one of the bytes of the MEMATTR register.
import { describe, expect, it } from "vitest";
import { armLpaeS1, armLpaeS2, armMaliLpae, type Format, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex } from "./entryOf.js";

const { CACHE, MMIO, SHARE_NONE, SHARE_INNER, SHARE_OUTER } = Prot;
const RW = Prot.READ | Prot.WRITE;
const PADDR = 0x8765432000;
const stage1 = () => armLpaeS1({ ias: 48, oas: 40 });
const stage2 = () => armLpaeS2({ ias: 40, oas: 40 });
const writeBackForced = () => armLpaeS2({ ias: 40, oas: 40, quirks: ["ARM_S2FWB"] });
const mali = () => armMaliLpae({ ias: 48, oas: 40 });
const type = (index: number): number => Prot.memoryType(index);

interface Row {
  asks: number;
  entry: string;
  /** What is read back, where it is not what was asked: the same in flags. */
  reads?: number;
}

const STAGE_1: Row[] = [
  // nG | AF | SH | AP[1] | AttrIndx | page
  { asks: type(0), entry: "0x0000008765432e43", reads: 0 },
  { asks: type(1), entry: "0x0000008765432e47", reads: CACHE | SHARE_OUTER },
  { asks: type(2), entry: "0x0000008765432e4b", reads: MMIO },
  { asks: type(3), entry: "0x0000008765432e4f" },
  { asks: type(4), entry: "0x0000008765432e53" },
  { asks: type(5), entry: "0x0000008765432e57" },
  { asks: type(6), entry: "0x0000008765432e5b" },
  { asks: type(7), entry: "0x0000008765432e5f" },
  { asks: SHARE_NONE, entry: "0x0000008765432c43" },
  { asks: SHARE_INNER, entry: "0x0000008765432f43" },
  { asks: SHARE_OUTER, entry: "0x0000008765432e43", reads: 0 },
  { asks: CACHE | SHARE_NONE, entry: "0x0000008765432c47" },
  { asks: CACHE | SHARE_INNER, entry: "0x0000008765432f47", reads: CACHE },
  { asks: CACHE | SHARE_OUTER, entry: "0x0000008765432e47" },
  { asks: MMIO | SHARE_NONE, entry: "0x0000008765432c4b" },
  { asks: MMIO | SHARE_INNER, entry: "0x0000008765432f4b", reads: MMIO | CACHE },
  { asks: type(3) | SHARE_NONE, entry: "0x0000008765432c4f" },
  { asks: type(7) | SHARE_INNER, entry: "0x0000008765432f5f" },
  { asks: CACHE | type(4), entry: "0x0000008765432f53", reads: type(4) | SHARE_INNER },
];

const STAGE_2: Row[] = [
  // AF | SH | S2AP | MemAttr | page: 0b00xx device nGnRnE, nGnRE, nGRE, GRE
  { asks: type(0), entry: "0x00000087654326c3" },
  { asks: type(1), entry: "0x00000087654326c7", reads: MMIO },
  { asks: type(2), entry: "0x00000087654326cb" },
  { asks: type(3), entry: "0x00000087654326cf" },
  // outer non-cacheable; inner non-cacheable, write-through, write-back
  { asks: type(5), entry: "0x00000087654326d7", reads: 0 },
  { asks: type(6), entry: "0x00000087654326db" },
  { asks: type(7), entry: "0x00000087654326df" },
  // outer write-through
  { asks: type(9), entry: "0x00000087654326e7" },
  { asks: type(10), entry: "0x00000087654326eb" },
  { asks: type(11), entry: "0x00000087654326ef" },
  // outer write-back
  { asks: type(13), entry: "0x00000087654326f7" },
  { asks: type(14), entry: "0x00000087654326fb" },
  { asks: type(15), entry: "0x00000087654326ff", reads: CACHE | SHARE_OUTER },
  { asks: SHARE_NONE, entry: "0x00000087654324d7" },
  { asks: SHARE_INNER, entry: "0x00000087654327d7" },
  { asks: CACHE | SHARE_NONE, entry: "0x00000087654324ff" },
  { asks: type(10) | SHARE_INNER, entry: "0x00000087654327eb" },
];

const FORCED: Row[] = [
  { asks: type(0), entry: "0x00000087654326c3" },
  { asks: type(1), entry: "0x00000087654326c7", reads: MMIO },
  { asks: type(2), entry: "0x00000087654326cb" },
  { asks: type(3), entry: "0x00000087654326cf" },
  // non-cacheable; write-back; what stage 1 says
  { asks: type(5), entry: "0x00000087654326d7", reads: 0 },
  { asks: type(6), entry: "0x00000087654326db", reads: CACHE | SHARE_OUTER },
  { asks: type(7), entry: "0x00000087654326df" },
];

const MALI: Row[] = [
  // SH | permissions | AttrIndx | type 0b01
  { asks: type(0), entry: "0x00000087654322c1", reads: 0 },
  { asks: type(1), entry: "0x00000087654322c5", reads: CACHE },
  { asks: type(2), entry: "0x00000087654322c9", reads: MMIO },
  { asks: type(3), entry: "0x00000087654322cd" },
  { asks: type(4), entry: "0x00000087654322d1" },
  { asks: type(5), entry: "0x00000087654322d5" },
  { asks: type(6), entry: "0x00000087654322d9" },
  { asks: type(7), entry: "0x00000087654322dd" },
  { asks: SHARE_NONE, entry: "0x00000087654320c1" },
  { asks: SHARE_INNER, entry: "0x00000087654323c1" },
  { asks: CACHE | SHARE_INNER, entry: "0x00000087654323c5" },
];

describe.each<[string, () => Format, Row[]]>([
  ["stage 1", stage1, STAGE_1],
  ["stage 2", stage2, STAGE_2],
  ["stage 2 with FWB", writeBackForced, FORCED],
  ["Mali", mali, MALI],
])("%s", (_, format, rows) => {
  it.each(rows)("$asks is $entry", ({ asks, entry, reads = asks }) => {
    useTable(format(), ({ table }) => {
      table.map(0x1000, PADDR, 0x1000, RW | asks);
      const leaf = table.walk(0x1000).at(-1);
      expect([hex(leaf?.entry ?? 0n), leaf?.prot]).toEqual([entry, RW | reads]);
      expect([...table.mappings()]).toMatchObject([{ paddr: PADDR, prot: RW | reads }]);
    });
  });
});

describe("reserved memory types are ENOTSUP", () => {
  it.each<{ says: string; format: () => Format; types: number[] }>([
    { says: "AttrIndx has three bits", format: stage1, types: [8, 9, 10, 11, 12, 13, 14, 15] },
    { says: "stage 2: no inner cacheability", format: stage2, types: [4, 8, 12] },
    { says: "with FWB", format: writeBackForced, types: [4, 8, 9, 10, 11, 12, 13, 14, 15] },
    { says: "Mali has eight bytes of attributes", format: mali, types: [8, 15] },
  ])("$says", ({ format, types }) => {
    useTable(format(), ({ table }) => {
      for (const index of types) failureOf(() => table.map(0, 0, 0x1000, RW | type(index)), "ENOTSUP");
      expect(table.stats().mappedBytes).toBe(0);
    });
  });
});

describe("the attributes that an index chooses from are those of `mair`", () => {
  it("in the register, slot by slot, those not given 0", () => {
    const { registers } = tableRegisters(armLpaeS1({ ias: 48, oas: 40, mair: [0x44, 0xff, 0x00, 0xbb] }));
    expect(registers).toMatchObject({ mair: 0xbb00ff44n });
  });

  it("flags stand for the same slots whatever is in them", () => {
    useTable(armLpaeS1({ ias: 48, oas: 40, mair: [0xff, 0x44, 0xbb] }), ({ table }) => {
      [RW, RW | CACHE, RW | MMIO].forEach((prot, i) => {
        table.map(i * 0x1000, 0, 0x1000, prot);
      });
      const slots = [0, 1, 2].map((page) => Number(((table.walk(page * 0x1000).at(-1)?.entry ?? 0n) >> 2n) & 7n));
      expect(slots).toEqual([0, 1, 2]);
    });
  });
});

function tableRegisters(format: Format): { registers: unknown } {
  let registers: unknown;
  useTable(format, ({ table }) => {
    registers = table.registers;
  });
  return { registers };
}
