// Stage 1 descriptors written out by hand from the Arm Architecture Reference Manual (DDI 0487), sections "VMSAv8-64 Table
// descriptor format", "VMSAv8-64 Block descriptor and Page descriptor formats" and "Stage 1 attribute fields in VMSAv8-64
// Block and Page descriptors":
//
//   [1:0] 0b11 table or page, 0b01 block   [4:2] AttrIndx   [5] NS   [6] AP[1] unprivileged   [7] AP[2] read-only
//   [9:8] SH (0 none, 2 outer, 3 inner)    [10] AF   [11] nG   [51] DBM   [53] PXN   [54] UXN   [63] NSTable (table)
//   64K granule with 52-bit addresses: [15:12] hold OA[51:48]
import { describe, expect, it } from "vitest";
import { armLpaeS1, Prot } from "../../../bindings/index.js";
import { hex, leafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const PAGE = { paddr: 0x876543210000, size: 0x1000 };
const granule4k = () => armLpaeS1({ ias: 48, oas: 48 });
const granule64k = () => armLpaeS1({ ias: 52, oas: 52, pageSizes: [2 ** 16, 2 ** 29, 2 ** 42] });

describe("stage 1 page descriptors", () => {
  it.each([
    // AF | nG | SH outer | unprivileged | AttrIndx 0 | page
    { prot: READ | WRITE, entry: "0x0000876543210e43", says: "read and write" },
    { prot: READ, entry: "0x0000876543210ec3", says: "read-only: AP[2]" },
    { prot: WRITE, entry: "0x0000876543210e43", says: "write-only cannot be said: readable" },
    { prot: READ | WRITE | CACHE, entry: "0x0000876543210f47", says: "cached: AttrIndx 1, inner shareable" },
    { prot: READ | CACHE, entry: "0x0000876543210fc7", says: "cached, read-only" },
    { prot: READ | WRITE | MMIO, entry: "0x0000876543210e4b", says: "device: AttrIndx 2" },
    {
      prot: READ | MMIO | CACHE,
      entry: "0x0000876543210fcb",
      says: "device wins over cached, shareability stays inner",
    },
    { prot: READ | WRITE | NOEXEC, entry: "0x0060876543210e43", says: "no execution: PXN and UXN" },
    { prot: READ | WRITE | PRIV, entry: "0x0000876543210e03", says: "privileged: AP[1] clear" },
    { prot: READ | PRIV, entry: "0x0000876543210e83", says: "privileged, read-only" },
    { prot: READ | WRITE | CACHE | NOEXEC | PRIV, entry: "0x0060876543210f07", says: "all that may be combined" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(granule4k(), { ...PAGE, prot })).toEqual({ level: 3, entry });
  });
});

describe("stage 1 explicit shareability and memory type", () => {
  it.each([
    { prot: READ | WRITE | Prot.SHARE_NONE, entry: "0x0000876543210c43", says: "SH 0" },
    { prot: READ | WRITE | Prot.SHARE_OUTER, entry: "0x0000876543210e43", says: "SH 2" },
    { prot: READ | WRITE | Prot.SHARE_INNER, entry: "0x0000876543210f43", says: "SH 3" },
    { prot: READ | WRITE | CACHE | Prot.SHARE_NONE, entry: "0x0000876543210c47", says: "cached with SH 0" },
    { prot: READ | WRITE | Prot.memoryType(0), entry: "0x0000876543210e43", says: "AttrIndx 0" },
    { prot: READ | WRITE | Prot.memoryType(3), entry: "0x0000876543210e4f", says: "AttrIndx 3" },
    { prot: READ | WRITE | Prot.memoryType(7), entry: "0x0000876543210e5f", says: "AttrIndx 7" },
    {
      prot: READ | WRITE | MMIO | Prot.memoryType(0),
      entry: "0x0000876543210e43",
      says: "explicit AttrIndx 0 over MMIO",
    },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(granule4k(), { ...PAGE, prot }).entry).toBe(entry);
  });
});

describe("stage 1 block descriptors", () => {
  it.each([
    { format: granule4k, paddr: 0x876543200000, size: 2 ** 21, level: 2, entry: "0x0000876543200e41" },
    { format: granule4k, paddr: 0x876540000000, size: 2 ** 30, level: 1, entry: "0x0000876540000e41" },
    {
      format: () => armLpaeS1({ ias: 47, oas: 48, pageSizes: [2 ** 14, 2 ** 25] }),
      paddr: 0x876542000000,
      size: 2 ** 25,
      level: 2,
      entry: "0x0000876542000e41",
    },
    {
      format: () => armLpaeS1({ ias: 48, oas: 48, pageSizes: [2 ** 16, 2 ** 29] }),
      paddr: 0x876560000000,
      size: 2 ** 29,
      level: 2,
      entry: "0x0000876560000e41",
    },
  ])("$size bytes at level $level", ({ format, paddr, size, level, entry }) => {
    expect(leafOf(format(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });
});

describe("52-bit addresses with the 64K granule", () => {
  it.each([
    { paddr: 0xf432187650000, size: 2 ** 16, level: 3, entry: "0x000043218765fe43", says: "page" },
    { paddr: 0x0432187650000, size: 2 ** 16, level: 3, entry: "0x0000432187650e43", says: "page below 2^48" },
    { paddr: 0xa432160000000, size: 2 ** 29, level: 2, entry: "0x000043216000ae41", says: "512M block" },
    { paddr: 0x9040000000000, size: 2 ** 42, level: 1, entry: "0x0000040000009e41", says: "4T block" },
  ])("$says", ({ paddr, size, level, entry }) => {
    expect(leafOf(granule64k(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });

  it("puts OA[51:48] of a table address in [15:12] of the table descriptor", () => {
    const [root, middle] = walkOf(granule64k(), { paddr: 0, size: 2 ** 16, prot: READ }, 0x7000080000000);
    const low = (paddr: number | undefined) => BigInt(paddr ?? 0) & 0x0000ffffffff0000n;
    expect(root?.kind).toBe("table");
    expect(root?.entry).toBe(low(middle?.entryPaddr) | 0x7003n);
  });
});

describe("stage 1 quirks", () => {
  const withQuirks = (...quirks: ("ARM_NS" | "ARM_HD")[]) => armLpaeS1({ ias: 48, oas: 48, quirks });
  it.each([
    { format: withQuirks("ARM_NS"), prot: READ | WRITE, entry: "0x0000876543210e63", says: "ARM_NS: NS" },
    {
      format: withQuirks("ARM_HD"),
      prot: READ | WRITE,
      entry: "0x0008876543210e43",
      says: "ARM_HD: DBM on a writable page",
    },
    {
      format: withQuirks("ARM_HD"),
      prot: READ,
      entry: "0x0000876543210ec3",
      says: "ARM_HD: no DBM on a read-only page",
    },
  ])("$says", ({ format, prot, entry }) => {
    expect(leafOf(format, { ...PAGE, prot }).entry).toBe(entry);
  });

  it.each([
    { format: granule4k(), attributes: "0x0000000000000003", says: "nothing but the type" },
    { format: withQuirks("ARM_NS"), attributes: "0x8000000000000003", says: "NSTable with ARM_NS" },
    {
      format: armLpaeS1({ ias: 48, oas: 48, coherentWalk: false }),
      attributes: "0x0080000000000003",
      says: "the software bit 55 with a walker that does not snoop",
    },
  ])("table descriptors hold $says", ({ format, attributes }) => {
    const steps = walkOf(format, { ...PAGE, prot: READ });
    const tables = steps.filter((step) => step.kind === "table");
    expect(tables).toHaveLength(3);
    for (const [index, step] of tables.entries()) {
      const next = BigInt(steps[index + 1]?.entryPaddr ?? 0);
      expect(hex(step.entry & ~0x0000fffffffff000n)).toBe(attributes);
      expect(step.entry & 0x0000fffffffff000n).toBe(next & ~0xfffn);
    }
  });
});
