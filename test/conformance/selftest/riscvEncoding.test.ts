// RISC-V entries written out by hand from the RISC-V Instruction Set Manual, volume II (privileged architecture), chapter "Supervisor-Level
// ISA", sections on Sv39, Sv48 and Sv57, and the chapters on Svnapot and Svpbmt:
//
//   [0] V   [1] R   [2] W   [3] X   [4] U   [5] G   [6] A   [7] D   [53:10] PPN = PA[55:12]   [62:61] PBMT   [63] N
//   none of R, W, X: a table. N with PPN[3:0] = 0b1000: 64 KiB, the same entry 16 times. PBMT: 0 PMA, 1 NC, 2 IO
import { describe, expect, it } from "vitest";
import { Prot, riscv } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, leafOf, pointersOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const sv48 = () => riscv({ ias: 48, oas: 56 });
const sv57 = () => riscv({ ias: 57, oas: 56 });
const napot = () => riscv({ ias: 39, oas: 56, svnapot: true });
const memoryTypes = () => riscv({ ias: 39, oas: 56, svnapot: true, svpbmt: true });
const PAGE = { paddr: 0xfedcba98765000, size: 2 ** 12 };

describe("RISC-V leaves", () => {
  it.each([
    // A | U | V, and D | W where it is writable
    { prot: READ | WRITE, entry: "0x003fb72ea61d94df", says: "read, write, execute" },
    { prot: READ, entry: "0x003fb72ea61d945b", says: "read, execute" },
    { prot: WRITE, entry: "0x003fb72ea61d94df", says: "write-only is reserved: readable" },
    { prot: READ | WRITE | NOEXEC, entry: "0x003fb72ea61d94d7", says: "no execution: X clear" },
    { prot: READ | NOEXEC, entry: "0x003fb72ea61d9453", says: "read" },
    { prot: READ | CACHE | MMIO | PRIV, entry: "0x003fb72ea61d945b", says: "CACHE, MMIO and PRIV have no bit" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(sv48(), { ...PAGE, prot })).toEqual({ level: 0, entry });
  });

  it.each([
    { paddr: 0xfedcba98600000, size: 2 ** 21, level: 1, entry: "0x003fb72ea61800df" },
    { paddr: 0xfedcba80000000, size: 2 ** 30, level: 2, entry: "0x003fb72ea00000df" },
    { paddr: 0xfedc8000000000, size: 2 ** 39, level: 3, entry: "0x003fb720000000df" },
    { paddr: 0xfe000000000000, size: 2 ** 48, level: 4, entry: "0x003f8000000000df" },
    { paddr: 0xfffffffffff000, size: 2 ** 12, level: 0, entry: "0x003ffffffffffcdf" },
    { paddr: 0xff000000000000, size: 2 ** 48, level: 4, entry: "0x003fc000000000df" },
  ])("$size bytes at $paddr", ({ paddr, size, level, entry }) => {
    expect(leafOf(sv57(), { paddr, size, prot: READ | WRITE })).toEqual({ level, entry });
  });

  it.each([
    { ias: 39, sizes: [2 ** 12, 2 ** 21, 2 ** 30] },
    { ias: 48, sizes: [2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39] },
    { ias: 57, sizes: [2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39, 2 ** 48] },
  ])("at every level of $ias bits", ({ ias, sizes }) => {
    useTable(riscv({ ias, oas: 56 }), ({ table }) => {
      expect([...table.pageSizes].sort((a, b) => a - b)).toEqual(sizes);
    });
  });
});

describe("Svnapot", () => {
  it.each([
    { paddr: 0xfedcba98760000, entry: "0x803fb72ea61da0df" },
    { paddr: 0xffffffffff0000, entry: "0x803fffffffffe0df" },
    { paddr: 0, entry: "0x80000000000020df" },
  ])("64K at $paddr", ({ paddr, entry }) => {
    expect(leafOf(napot(), { paddr, size: 2 ** 16, prot: READ | WRITE })).toEqual({ level: 0, entry });
  });

  it("is the same entry sixteen times, and ends where a leaf is cut", () => {
    useTable(napot(), ({ table }) => {
      table.map(0x30000, 0xfedcba98760000, 0x10000, READ | NOEXEC);
      expect(itemsOf(table)).toEqual(Array.from({ length: 16 }, (_, i) => `0 ${48 + i} 803fb72ea61da053`));
      expect(table.iovaToPhys64(0x3ffff)).toBe(0xfedcba9876ffffn);
      table.unmap(0x31000, 0xe000);
      expect(itemsOf(table)).toEqual(["0 48 3fb72ea61d8053", "0 63 3fb72ea61dbc53"]);
    });
  });

  it("is not used unless it is asked for", () => {
    expect(leafOf(sv48(), { paddr: 0xfedcba98760000, size: 2 ** 16, prot: READ }).entry).toBe("0x003fb72ea61d805b");
  });
});

describe("Svpbmt", () => {
  it.each([
    { prot: READ | WRITE | CACHE, entry: "0x003fb72ea61d94df", says: "CACHE: the platform's own type" },
    { prot: READ | WRITE, entry: "0x203fb72ea61d94df", says: "neither: NC" },
    { prot: READ | WRITE | MMIO, entry: "0x403fb72ea61d94df", says: "MMIO: IO" },
    { prot: READ | WRITE | MMIO | CACHE, entry: "0x403fb72ea61d94df", says: "MMIO wins over CACHE" },
    { prot: READ | WRITE | Prot.memoryType(0), entry: "0x003fb72ea61d94df", says: "explicit PMA" },
    { prot: READ | WRITE | CACHE | Prot.memoryType(1), entry: "0x203fb72ea61d94df", says: "explicit NC over CACHE" },
    { prot: READ | WRITE | CACHE | Prot.memoryType(2), entry: "0x403fb72ea61d94df", says: "explicit IO over CACHE" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(memoryTypes(), { ...PAGE, prot }).entry).toBe(entry);
  });

  it.each([
    { paddr: 0xfedcba98760000, size: 2 ** 16, entry: "0xc03fb72ea61da0df", says: "together with Svnapot" },
    { paddr: 0xfedcba98600000, size: 2 ** 21, entry: "0x403fb72ea61800df", says: "2M" },
    { paddr: 0xfedcba80000000, size: 2 ** 30, entry: "0x403fb72ea00000df", says: "1G" },
  ])("in leaves of every size: $says", ({ paddr, size, entry }) => {
    expect(leafOf(memoryTypes(), { paddr, size, prot: READ | WRITE | MMIO }).entry).toBe(entry);
  });

  it("is what mappings() tells", () => {
    useTable(memoryTypes(), ({ table }) => {
      [CACHE, 0, MMIO].forEach((memory, i) => {
        table.map(i * 0x2000, 0x1000, 0x1000, READ | memory);
      });
      expect([...table.mappings()].map(({ prot }) => prot)).toEqual([READ | CACHE, READ, READ | MMIO]);
    });
  });
});

describe("RISC-V table entries", () => {
  it.each([
    { ias: 39, levels: [2, 1] },
    { ias: 48, levels: [3, 2, 1] },
    { ias: 57, levels: [4, 3, 2, 1] },
  ])("have a page number and V alone: ias $ias", ({ ias, levels }) => {
    const format = riscv({ ias, oas: 56, svpbmt: true });
    const request = { iova: 2 ** 36, paddr: 0x1000, size: 0x1000, prot: READ };
    const pointers = pointersOf(walkOf(format, request, 0xfe_dcba_0000_0000), 12);
    expect(pointers.map(({ level }) => level)).toEqual(levels);
    for (const { entry, target } of pointers) expect(hex(entry)).toBe(hex((target >> 2n) | 1n));
  });
});

describe("RISC-V configurations", () => {
  it.each([
    { config: { ias: 32, oas: 34 }, code: "EINVAL" as const },
    { config: { ias: 47, oas: 56 }, code: "EINVAL" as const },
    { config: { ias: 39, oas: 57 }, code: "EINVAL" as const },
    { config: { ias: 39, oas: 56, pageSizes: [2 ** 16] }, code: "EINVAL" as const },
    { config: { ias: 39, oas: 56, coherentWalk: false }, code: "ENOTSUP" as const },
  ])("$config: $code", ({ config, code }) => {
    failureOf(() => riscv(config), code);
  });
});
