// Stage 2 descriptors written out by hand from the Arm Architecture Reference Manual (DDI 0487), sections "VMSAv8-64 Block
// descriptor and Page descriptor formats", "Stage 2 attribute fields in VMSAv8-64 Block and Page descriptors" and, for the
// values of MemAttr, "Stage 2 memory region type and cacheability attributes" without and with FEAT_S2FWB:
//
//   [1:0] as stage 1   [5:2] MemAttr   [6] S2AP read   [7] S2AP write   [9:8] SH   [10] AF   [54:53] XN
import { describe, expect, it } from "vitest";
import { arm32LpaeS2, armLpaeS2, Prot } from "../../../bindings/index.js";
import { leafOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const PAGE = { paddr: 0x876543210000, size: 0x1000 };
const stage2 = () => armLpaeS2({ ias: 48, oas: 48 });
const writeBackForced = () => armLpaeS2({ ias: 48, oas: 48, quirks: ["ARM_S2FWB"] });

describe("stage 2 page descriptors", () => {
  it.each([
    // AF | SH outer | S2AP | MemAttr 0b0101 (outer and inner non-cacheable) | page
    { format: stage2, prot: READ | WRITE, entry: "0x00008765432106d7", says: "read and write" },
    { format: stage2, prot: READ, entry: "0x0000876543210657", says: "read-only" },
    { format: stage2, prot: WRITE, entry: "0x0000876543210697", says: "write-only" },
    {
      format: stage2,
      prot: READ | WRITE | CACHE,
      entry: "0x00008765432107ff",
      says: "cached: MemAttr 0b1111, inner shareable",
    },
    { format: stage2, prot: READ | WRITE | MMIO, entry: "0x00008765432106c7", says: "device: MemAttr 0b0001" },
    { format: stage2, prot: READ | WRITE | NOEXEC, entry: "0x00608765432106d7", says: "no execution: XN[1:0]" },
    {
      format: stage2,
      prot: READ | WRITE | PRIV,
      entry: "0x00008765432106d7",
      says: "no privilege bit: request ignored",
    },
    { format: writeBackForced, prot: READ | WRITE | CACHE, entry: "0x00008765432107db", says: "FWB: MemAttr 0b0110" },
    {
      format: writeBackForced,
      prot: READ | WRITE,
      entry: "0x00008765432106d7",
      says: "FWB: non-cacheable stays 0b0101",
    },
    {
      format: stage2,
      prot: READ | WRITE | Prot.memoryType(10),
      entry: "0x00008765432106eb",
      says: "explicit MemAttr 0b1010",
    },
    { format: stage2, prot: READ | WRITE | Prot.SHARE_NONE, entry: "0x00008765432104d7", says: "explicit SH 0" },
    { format: stage2, prot: READ | WRITE | Prot.SHARE_INNER, entry: "0x00008765432107d7", says: "explicit SH 3" },
  ])("$says", ({ format, prot, entry }) => {
    expect(leafOf(format(), { ...PAGE, prot })).toEqual({ level: 3, entry });
  });
});

describe("stage 2 block descriptors", () => {
  it.each([
    { format: stage2(), paddr: 0x876543200000, size: 2 ** 21, level: 2, entry: "0x00008765432006d5" },
    { format: stage2(), paddr: 0x876540000000, size: 2 ** 30, level: 1, entry: "0x00008765400006d5" },
    {
      format: arm32LpaeS2({ ias: 40, oas: 40 }),
      paddr: 0x8765400000,
      size: 2 ** 21,
      level: 2,
      entry: "0x00000087654006d5",
    },
    {
      format: armLpaeS2({ ias: 52, oas: 52, pageSizes: [2 ** 16, 2 ** 29] }),
      paddr: 0xa432160000000,
      size: 2 ** 29,
      level: 2,
      entry: "0x000043216000a6d5",
    },
  ])("$size bytes at level $level of $format.name", ({ format, paddr, size, level, entry }) => {
    expect(leafOf(format, { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });
});
