// The contiguous hint, bit 52 of a block or page descriptor, from the Arm Architecture Reference Manual (DDI 0487), section "The Contiguous bit":
// adjacent entries that it joins each hold their own output address, and there are as many of them as the granule and the level say:
//
//   4K    16 at level 1 (16 GiB), 2 (32 MiB) and 3 (64 KiB)
//   16K   32 at level 2 (1 GiB), 128 at level 3 (2 MiB)
//   64K   32 at level 2 (16 GiB) and 3 (2 MiB)
//
// Input and output address of the first are aligned to the size of all.
import { describe, expect, it } from "vitest";
import { type ArmLpaeConfig, arm32LpaeS2, armLpaeS1, armLpaeS2, armMaliLpae, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, walkOf } from "./entryOf.js";

const RW = Prot.READ | Prot.WRITE;
const HINT = 1n << 52n;
const GRANULES = {
  "4K": [2 ** 12, 2 ** 21, 2 ** 30],
  "16K": [2 ** 14, 2 ** 25],
  "64K": [2 ** 16, 2 ** 29],
};
type Granule = keyof typeof GRANULES;

const stage1 = (granule: Granule, config: Partial<ArmLpaeConfig> = {}) =>
  armLpaeS1({ ias: 48, oas: 48, contiguousHint: true, pageSizes: GRANULES[granule], ...config });
const stage2 = (granule: Granule) =>
  armLpaeS2({ ias: 48, oas: 48, contiguousHint: true, pageSizes: GRANULES[granule] });

/** A run at 0: its first entries and its last one. */
const RUNS: {
  granule: Granule;
  paddr: number;
  size: number;
  level: number;
  count: number;
  first: string[];
  last: string;
}[] = [
  {
    granule: "4K",
    paddr: 0x876543210000,
    size: 2 ** 16,
    level: 3,
    count: 16,
    first: ["10876543210e43", "10876543211e43"],
    last: "1087654321fe43",
  },
  {
    granule: "4K",
    paddr: 0x876542000000,
    size: 2 ** 25,
    level: 2,
    count: 16,
    first: ["10876542000e41", "10876542200e41"],
    last: "10876543e00e41",
  },
  {
    granule: "4K",
    paddr: 0x876400000000,
    size: 2 ** 34,
    level: 1,
    count: 16,
    first: ["10876400000e41", "10876440000e41"],
    last: "108767c0000e41",
  },
  {
    granule: "16K",
    paddr: 0x876543200000,
    size: 2 ** 21,
    level: 3,
    count: 128,
    first: ["10876543200e43", "10876543204e43"],
    last: "108765433fce43",
  },
  {
    granule: "16K",
    paddr: 0x876540000000,
    size: 2 ** 30,
    level: 2,
    count: 32,
    first: ["10876540000e41", "10876542000e41"],
    last: "1087657e000e41",
  },
  {
    granule: "64K",
    paddr: 0x876543200000,
    size: 2 ** 21,
    level: 3,
    count: 32,
    first: ["10876543200e43", "10876543210e43"],
    last: "108765433f0e43",
  },
  {
    granule: "64K",
    paddr: 0x876400000000,
    size: 2 ** 34,
    level: 2,
    count: 32,
    first: ["10876400000e41", "10876420000e41"],
    last: "108767e0000e41",
  },
];

describe.each(RUNS)(
  "$count entries at level $level with $granule",
  ({ granule, paddr, size, level, count, first, last }) => {
    it("each have the hint and their own address", () => {
      useTable(stage1(granule), ({ table }) => {
        table.map(0, paddr, size, RW);
        const items = itemsOf(table);
        expect(items).toHaveLength(count);
        expect(items.slice(0, 2)).toEqual(first.map((raw, i) => `${level} ${i} ${raw}`));
        expect(items.at(-1)).toBe(`${level} ${count - 1} ${last}`);
        expect([...table.stats().leaves]).toEqual([[size, 1]]);
        const item = size / count;
        for (const i of [0, 1, count / 2, count - 1]) expect(table.iovaToPhys(i * item + 5)).toBe(paddr + i * item + 5);
      });
    });

    it("are one leaf to a walk, which shows the entry that hardware reads", () => {
      useTable(stage1(granule), ({ table }) => {
        table.map(0, paddr, size, RW);
        const item = size / count;
        const head = table.walk(0).at(-1);
        const step = table.walk(3 * item + 1).at(-1);
        expect(step).toEqual({
          level,
          kind: "leaf",
          iova: 0n,
          size,
          entryPaddr: (head?.entryPaddr ?? 0) + 3 * 8,
          entry: (head?.entry ?? 0n) + 3n * BigInt(item),
          prot: RW,
        });
        expect([...table.mappings(3 * item, 1)]).toMatchObject([{ iova: 0n, paddr, size, pageSize: size }]);
      });
    });

    it("stand at stage 2 too", () => {
      const head = walkOf(stage2(granule), { paddr, size, prot: RW }).at(-1);
      expect([head?.level, head?.size]).toEqual([level, size]);
      expect((head?.entry ?? 0n) & HINT).toBe(HINT);
    });

    it.each([
      { says: "no hint for fewer entries", iova: 0, off: 0, bytes: size - size / count },
      { says: "no hint at an unaligned input address", iova: size / count, off: size / count, bytes: size },
      { says: "no hint at an unaligned output address", iova: 0, off: size / count, bytes: size },
    ])("$says", ({ iova, off, bytes }) => {
      useTable(stage1(granule), ({ table }) => {
        table.map(iova, paddr - size + off, bytes, RW);
        for (const leaf of table.stats().leaves.keys()) expect(leaf).toBeLessThan(size);
        expect(table.iovaToPhys(iova + bytes - 1)).toBe(paddr - size + off + bytes - 1);
      });
    });

    it("are not made by two calls that meet, nor where the configuration does not ask for them", () => {
      useTable(stage1(granule), ({ table }) => {
        table.map(0, paddr, size / 2, RW);
        table.map(size / 2, paddr + size / 2, size / 2, RW);
        expect([...table.stats().leaves.keys()].every((leaf) => leaf < size)).toBe(true);
      });
      useTable(stage1(granule, { contiguousHint: false }), ({ table }) => {
        table.map(0, paddr, size, RW);
        expect([...table.stats().leaves]).toEqual([[size / count, count]]);
        expect(itemsOf(table).every((line) => (BigInt(`0x${line.split(" ")[2]}`) & HINT) === 0n)).toBe(true);
      });
    });
  },
);

describe("the hint beside other bits", () => {
  it("has 52-bit addresses with the 64K granule", () => {
    const format = stage1("64K", { ias: 52, oas: 52 });
    const head = walkOf(format, { paddr: 0xf432187600000, size: 2 ** 21, prot: RW }).at(-1);
    expect(hex(head?.entry ?? 0n)).toBe("0x001043218760fe43");
  });

  it.each([
    { prot: Prot.READ | Prot.CACHE | Prot.NOEXEC, entry: "0x0070876543210fc7", says: "NOEXEC, read-only, cached" },
    { prot: RW | Prot.MMIO | Prot.PRIV, entry: "0x0010876543210e0b", says: "device, privileged" },
    { prot: RW | Prot.SHARE_NONE | Prot.memoryType(5), entry: "0x0010876543210c57", says: "explicit memory type" },
  ])("$says", ({ prot, entry }) => {
    const head = walkOf(stage1("4K"), { paddr: 0x876543210000, size: 2 ** 16, prot }).at(-1);
    expect(hex(head?.entry ?? 0n)).toBe(entry);
  });

  it("has the dirty bit modifier in every entry", () => {
    useTable(stage1("4K", { quirks: ["ARM_HD"] }), ({ table }) => {
      table.map(0, 0x876543210000, 2 ** 16, RW);
      const raw = itemsOf(table).map((line) => BigInt(`0x${line.split(" ")[2]}`));
      expect(raw.every((entry) => entry >> 51n === 3n)).toBe(true);
    });
  });

  it("is in the upper half as well", () => {
    useTable(stage1("4K", { quirks: ["ARM_TTBR1"] }), ({ table }) => {
      table.map(2n ** 64n - 2n ** 16n, 0x876543210000, 2 ** 16, RW);
      expect(itemsOf(table).at(-1)).toBe("3 511 1087654321fe43");
      expect(table.iovaToPhys(2n ** 64n - 1n)).toBe(0x87654321ffff);
    });
  });
});

describe("contiguousHint as an option", () => {
  it.each<{ says: string; sizes: readonly number[]; format: () => ReturnType<typeof armLpaeS1> }>([
    { says: "4K", sizes: [12, 16, 21, 25, 30, 34], format: () => stage1("4K") },
    { says: "16K", sizes: [14, 21, 25, 30], format: () => stage1("16K") },
    { says: "64K", sizes: [16, 21, 29, 34], format: () => stage1("64K") },
    { says: "4K pages alone", sizes: [12, 16], format: () => stage1("4K", { pageSizes: [2 ** 12] }) },
    {
      says: "pages and 1G",
      sizes: [12, 16, 30, 34],
      format: () => stage1("4K", { pageSizes: [2 ** 12, 2 ** 30] }),
    },
    { says: "16K pages alone", sizes: [14, 21], format: () => stage1("16K", { pageSizes: [2 ** 14] }) },
    { says: "32 input bits", sizes: [12, 16, 21, 25, 30], format: () => stage1("4K", { ias: 32 }) },
    { says: "32 output bits", sizes: [12, 16, 21, 25, 30], format: () => stage1("4K", { oas: 32 }) },
  ])("$says: the runs are leaf sizes of their own", ({ sizes, format }) => {
    useTable(format(), ({ table }) => expect(table.pageSizes).toEqual(sizes.map((lg2) => 2 ** lg2)));
  });

  it("uses no block that the table does not have for the sake of a run of them", () => {
    useTable(stage1("4K", { pageSizes: [2 ** 12] }), ({ table }) => {
      table.map(0, 0, 2 ** 25, RW);
      expect([...table.stats().leaves]).toEqual([[2 ** 16, 2 ** 9]]);
    });
  });

  it("exists for the 32-bit stage 2, not for Mali", () => {
    const head = walkOf(arm32LpaeS2({ ias: 40, oas: 40, contiguousHint: true }), { paddr: 0, size: 2 ** 34, prot: RW });
    expect(hex(head.at(-1)?.entry ?? 0n)).toBe("0x00100000000006d5");
    failureOf(() => armMaliLpae({ ias: 48, oas: 40, contiguousHint: true }), "ENOTSUP");
  });
});
