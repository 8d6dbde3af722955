// What devices other than Arm's long-descriptor ones are programmed with, each from its manual:
//   Arm ARM for ARMv7-A (DDI 0406C): TTBR0 with the multiprocessing extensions (IRGN[0] 6, NOS 5, RGN 4:3, S 1, IRGN[1] 0), PRRR (TRn 2n+1:2n,
//     DS 17:16, NS 19:18, NOSn 24+n), NMRR (IRn 2n+1:2n, ORn 2n+17:2n+16)
//   Intel VT-d (D51397), scalable-mode PASID table entry: SSPTPTR, and AW: 1 three levels, 2 four, 3 five
//   AMD APM volume 2 (24593): CR3 holds the root's address, with four levels or five
//   RISC-V ISA volume II, satp: PPN = PA[55:12], MODE 8 Sv39, 9 Sv48, 10 Sv57
// and DART as Linux programs it: one TTBR per root, and the levels counted with the TTBRs.
import { describe, expect, it } from "vitest";
import {
  appleDart,
  appleDart2,
  armV7s,
  type Format,
  type IoPageTable,
  riscv,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../../bindings/index.js";
import { type Fixture, MIB, useTable } from "../../bindings/support/fixture.js";

const PHYS_BASE = 0x4000_0000;

/** The registers of a fresh table, and the physical addresses of its roots as the walks of `iovas` begin there. */
function programmed<R>(format: Format<R>, iovas: readonly number[] = [0]): { registers: R; roots: bigint[] } {
  let result: { registers: R; roots: bigint[] } | undefined;
  const read = ({ table }: Fixture<R>) => {
    result = { registers: table.registers, roots: iovas.map((iova) => rootAt(table, iova)) };
  };
  useTable(format, read, { memory: TableMemory.create({ bytes: 2 * MIB, physBase: PHYS_BASE }) });
  if (!result) throw new Error("no table");
  return result;
}

/** `iova` is the first address of a root, so that the walk begins at its first entry. */
const rootAt = (table: IoPageTable, iova: number) => BigInt(table.walk(iova)[0]?.entryPaddr ?? 0);

describe("short-descriptor registers", () => {
  // Memory type n = TEX[0] C B: 1 (B, device), 4 (TEX, non-cacheable), 7 (TEX C B, write-back write-allocate, outer shareable).
  const TYPES = { tcr: 0, prrr: 0x800b8204, nmrr: 0x40004000 };

  it.each([
    // walks: shareable, inner and outer write-back write-allocate; or shareable and not cached
    { coherentWalk: true, attributes: 0x6a },
    { coherentWalk: false, attributes: 0x02 },
  ])("coherent walk: $coherentWalk", ({ coherentWalk, attributes }) => {
    const { registers, roots } = programmed(armV7s({ ias: 32, oas: 32, coherentWalk }));
    expect(registers).toEqual({ ttbr: Number(roots[0]) + attributes, ...TYPES });
  });

  it("MediaTek's root register has no attributes", () => {
    const { registers, roots } = programmed(armV7s({ ias: 34, oas: 35, quirks: ["NO_PERMS", "ARM_MTK_EXT"] }));
    expect(registers).toEqual({ ttbr: Number(roots[0]), ...TYPES });
  });

  it.each([
    { ias: 32, entries: 4096 },
    { ias: 30, entries: 1024 },
    { ias: 24, entries: 16 },
  ])("a root of $entries entries for $ias bits, aligned to its size", ({ ias, entries }) => {
    const { roots } = programmed(armV7s({ ias, oas: 32 }));
    expect((roots[0] ?? 1n) % BigInt(Math.max(entries * 4, 64))).toBe(0n);
    useTable(armV7s({ ias, oas: 32 }), ({ table }) => expect(table.dump()).toBe(`R 0 1 ${entries}\n`));
  });
});

describe("DART registers", () => {
  const ROOT_BYTES = 2 ** 30;
  it.each([
    { format: () => appleDart({ ias: 32, oas: 36 }), roots: [0], levels: 3 },
    { format: () => appleDart({ ias: 36, oas: 36 }), roots: [0], levels: 3 },
    { format: () => appleDart({ ias: 30, oas: 36, pageSizes: [4096] }), roots: [0], levels: 3 },
    {
      format: () => appleDart({ ias: 31, oas: 36, pageSizes: [4096] }),
      roots: [0, 1].map((i) => i * ROOT_BYTES),
      levels: 3,
    },
    {
      format: () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] }),
      roots: [0, 1, 2, 3].map((i) => i * ROOT_BYTES),
      levels: 3,
    },
    { format: () => appleDart({ ias: 36, oas: 36, pageSizes: [4096] }), roots: [0], levels: 4 },
    { format: () => appleDart2({ ias: 36, oas: 42 }), roots: [0], levels: 3 },
    { format: () => appleDart2({ ias: 37, oas: 42 }), roots: [0], levels: 4 },
    { format: () => appleDart2({ ias: 42, oas: 42 }), roots: [0], levels: 4 },
  ])("case %#: $levels levels", ({ format, roots, levels }) => {
    const { registers, roots: addresses } = programmed(format(), roots);
    expect(registers).toEqual({ ttbr: addresses, levels });
    expect(new Set(addresses).size).toBe(roots.length);
  });
});

describe("VT-d second-stage registers", () => {
  it.each([
    { ias: 39, aw: 1 },
    { ias: 46, aw: 2 },
    { ias: 48, aw: 2 },
    { ias: 57, aw: 3 },
  ])("ias $ias: AW $aw", ({ ias, aw }) => {
    const { registers, roots } = programmed(vtdSecondStage({ ias, oas: 52 }));
    expect(registers).toEqual({ ssptptr: roots[0], aw });
  });
});

describe("x86-64 registers", () => {
  it.each([
    { ias: 47, levels: 4 },
    { ias: 48, levels: 4 },
    { ias: 49, levels: 5 },
    { ias: 57, levels: 5 },
  ])("ias $ias: $levels levels", ({ ias, levels }) => {
    const { registers, roots } = programmed(x86_64({ ias, oas: 52 }));
    expect(registers).toEqual({ cr3: roots[0], levels });
    expect(programmed(x86_64({ ias, oas: 52, signExtend: true })).registers.levels).toBe(levels);
  });
});

describe("RISC-V registers", () => {
  it.each([
    { ias: 39, mode: 8 },
    { ias: 48, mode: 9 },
    { ias: 57, mode: 10 },
  ])("ias $ias: mode $mode", ({ ias, mode }) => {
    const { registers, roots } = programmed(riscv({ ias, oas: 56 }));
    expect(registers).toEqual({ ppn: (roots[0] ?? 0n) >> 12n, mode });
    expect(registers.ppn).toBeGreaterThanOrEqual(BigInt(PHYS_BASE) >> 12n);
  });
});
