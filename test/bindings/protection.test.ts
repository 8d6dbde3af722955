import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  appleDart2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type Format,
  type IoPageTable,
  Prot,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { type Fixture, useTable } from "./support/fixture.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV, SHARE_NONE, SHARE_INNER, SHARE_OUTER } = Prot;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });
const stage2 = () => armLpaeS2({ ias: 48, oas: 48 });
const mali = () => armMaliLpae({ ias: 48, oas: 40 });
const amd = () => amdV1({ ias: 48, oas: 52 });
const short = () => armV7s({ ias: 32, oas: 32 });
const noPerms = () => armV7s({ ias: 32, oas: 32, quirks: ["NO_PERMS"] });
const dart = () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] });
const dart2 = () => appleDart2({ ias: 32, oas: 36 });
const vtd = () => vtdSecondStage({ ias: 48, oas: 52 });
const x86 = () => x86_64({ ias: 48, oas: 52 });
const sv39 = () => riscv({ ias: 39, oas: 56 });
const svpbmt = () => riscv({ ias: 39, oas: 56, svpbmt: true });
const EVERY: Record<string, () => Format> = {
  stage1,
  stage2,
  mali,
  amd,
  short,
  noPerms,
  dart,
  dart2,
  vtd,
  x86,
  sv39,
  svpbmt,
};

describe("Prot", () => {
  it("has Linux's values, and its own flags beside them", () => {
    expect([READ, WRITE, CACHE, NOEXEC, MMIO, PRIV]).toEqual([1, 2, 4, 8, 16, 32]);
    const own = [SHARE_NONE, SHARE_INNER, SHARE_OUTER, ...[0, 1, 7, 15].map((index) => Prot.memoryType(index))];
    expect(own.every((flags) => flags > 0 && (flags & 63) === 0)).toBe(true);
    expect(new Set(own).size).toBe(own.length);
  });

  it.each([Number.NaN, -1, 0.5, "1", undefined, 1n, 2 ** 53 + 2])("has no memory type %o", (index) => {
    failureOf(() => Prot.memoryType(index as number), "EINVAL");
  });
});

describe("a protection that the format cannot say explicitly is ENOTSUP, nothing mapped", () => {
  it.each<{ says: string; format: () => Format; prot: number }>([
    { says: "shareability on AMDv1: none", format: amd, prot: READ | SHARE_NONE },
    { says: "shareability on AMDv1: inner", format: amd, prot: READ | SHARE_INNER },
    { says: "shareability on AMDv1: outer", format: amd, prot: READ | SHARE_OUTER },
    { says: "a memory type on AMDv1", format: amd, prot: READ | Prot.memoryType(0) },
    { says: "a ninth memory type on stage 1", format: stage1, prot: READ | Prot.memoryType(8) },
    ...Object.entries({ short, dart, dart2, vtd, x86, sv39, svpbmt }).flatMap(([name, format]) =>
      [SHARE_NONE, SHARE_INNER, SHARE_OUTER].map((share) => ({
        says: `shareability ${share} on ${name}`,
        format,
        prot: READ | share,
      })),
    ),
    ...Object.entries({ short, dart, dart2, sv39 }).map(([name, format]) => ({
      says: `a memory type on ${name}`,
      format,
      prot: READ | Prot.memoryType(0),
    })),
    { says: "a ninth memory type on x86-64", format: x86, prot: READ | Prot.memoryType(8) },
    { says: "a fourth memory type with Svpbmt", format: svpbmt, prot: READ | Prot.memoryType(3) },
    { says: "a reserved memory type on VT-d", format: vtd, prot: READ | Prot.memoryType(2) },
  ])("$says", ({ format, prot }) => {
    useTable(format(), ({ table }) => expectRefused(table, prot, "ENOTSUP"));
  });
});

describe("a protection with neither READ nor WRITE is EINVAL, nothing mapped", () => {
  it.each(Object.entries(EVERY))("%s", (_, format) => {
    useTable(format(), ({ table }) => {
      for (const prot of [0, CACHE | MMIO | NOEXEC | PRIV, SHARE_INNER, Prot.memoryType(0)]) {
        expectRefused(table, prot, "EINVAL");
      }
    });
  });
});

function expectRefused(table: IoPageTable, prot: number, code: "EINVAL" | "ENOTSUP"): void {
  const [page = 0] = table.pageSizes;
  const dump = table.dump();
  expect(failureOf(() => table.map(5 * page, page, page, prot), code).operation).toBe("map");
  expect(table.mapPages(5 * page, page, page, 1, prot)).toEqual({ mapped: 0, error: code });
  expect(table.mapRange(5 * page, page, page, prot)).toEqual({ mapped: 0, error: code });
  expect(table.dump()).toBe(dump);
}

const DROPPED: { says: string; format: () => Format; prot: number; becomes: number }[] = [
  { says: "write-only on stage 1 becomes readable", format: stage1, prot: WRITE, becomes: READ | WRITE },
  { says: "PRIV on stage 2", format: stage2, prot: READ | PRIV, becomes: READ },
  { says: "PRIV on Mali", format: mali, prot: READ | PRIV, becomes: READ },
  { says: "NOEXEC on AMDv1", format: amd, prot: READ | NOEXEC, becomes: READ },
  { says: "PRIV on AMDv1", format: amd, prot: READ | WRITE | PRIV, becomes: READ | WRITE },
  { says: "CACHE on AMDv1", format: amd, prot: READ | CACHE, becomes: READ },
  { says: "MMIO on AMDv1", format: amd, prot: READ | MMIO, becomes: READ },
  { says: "write-only short descriptors become readable", format: short, prot: WRITE, becomes: READ | WRITE },
  { says: "CACHE beside MMIO in short descriptors", format: short, prot: READ | MMIO | CACHE, becomes: READ | MMIO },
  { says: "read-only without permissions becomes writable", format: noPerms, prot: READ, becomes: READ | WRITE },
  { says: "write-only without permissions", format: noPerms, prot: WRITE, becomes: READ | WRITE },
  { says: "NOEXEC without permissions", format: noPerms, prot: READ | WRITE | NOEXEC, becomes: READ | WRITE },
  { says: "PRIV without permissions", format: noPerms, prot: READ | WRITE | PRIV, becomes: READ | WRITE },
  { says: "CACHE on DART", format: dart, prot: WRITE | CACHE, becomes: WRITE },
  { says: "NOEXEC on DART", format: dart, prot: READ | NOEXEC, becomes: READ },
  { says: "MMIO on DART2", format: dart2, prot: READ | CACHE | MMIO, becomes: READ | CACHE },
  { says: "PRIV on DART2", format: dart2, prot: READ | PRIV, becomes: READ },
  { says: "CACHE on VT-d", format: vtd, prot: WRITE | CACHE, becomes: WRITE },
  { says: "NOEXEC on VT-d", format: vtd, prot: READ | NOEXEC, becomes: READ },
  { says: "MMIO on VT-d", format: vtd, prot: READ | MMIO, becomes: READ },
  { says: "PRIV on VT-d", format: vtd, prot: READ | PRIV, becomes: READ },
  { says: "write-only on x86-64 becomes readable", format: x86, prot: WRITE, becomes: READ | WRITE },
  { says: "CACHE on x86-64", format: x86, prot: READ | CACHE, becomes: READ },
  { says: "NOEXEC on x86-64", format: x86, prot: READ | NOEXEC, becomes: READ },
  { says: "MMIO on x86-64", format: x86, prot: READ | MMIO, becomes: READ },
  { says: "PRIV on x86-64", format: x86, prot: READ | PRIV, becomes: READ },
  { says: "write-only on RISC-V becomes readable", format: sv39, prot: WRITE, becomes: READ | WRITE },
  { says: "CACHE on RISC-V", format: sv39, prot: READ | CACHE, becomes: READ },
  { says: "MMIO on RISC-V", format: sv39, prot: READ | MMIO, becomes: READ },
  { says: "PRIV on RISC-V", format: sv39, prot: READ | PRIV, becomes: READ },
  { says: "CACHE beside MMIO with Svpbmt", format: svpbmt, prot: READ | MMIO | CACHE, becomes: READ | MMIO },
];

describe("strictProtection takes every protection that the entry holds as it is", () => {
  it.each<{ says: string; format: () => Format; prots: number[] }>([
    { says: "short descriptors", format: short, prots: [READ, READ | WRITE | CACHE, READ | MMIO | NOEXEC | PRIV] },
    { says: "short descriptors without permissions", format: noPerms, prots: [READ | WRITE, READ | WRITE | MMIO] },
    { says: "DART", format: dart, prots: [READ, WRITE, READ | WRITE] },
    { says: "DART2", format: dart2, prots: [READ, WRITE, READ | WRITE | CACHE] },
    { says: "VT-d", format: vtd, prots: [READ, WRITE, READ | WRITE] },
    { says: "x86-64", format: x86, prots: [READ, READ | WRITE] },
    { says: "RISC-V", format: sv39, prots: [READ, READ | NOEXEC, READ | WRITE | NOEXEC] },
    { says: "RISC-V with Svpbmt", format: svpbmt, prots: [READ, READ | CACHE, READ | WRITE | MMIO] },
  ])("$says", ({ format, prots }) => {
    const body = ({ table }: Fixture<unknown>) => {
      const [page = 0] = table.pageSizes;
      prots.forEach((prot, i) => {
        table.map(2 * i * page, page, page, prot);
      });
      expect([...table.mappings()].map(({ prot }) => prot)).toEqual(prots);
    };
    useTable(format(), body, { strictProtection: true });
  });
});

describe.each(DROPPED)("$says", ({ format, prot, becomes }) => {
  it("is accepted as Linux does, and mappings() says what the entry allows", () => {
    useTable(format(), ({ table }) => {
      const [page = 0] = table.pageSizes;
      table.map(5 * page, page, page, prot);
      expect([...table.mappings()].map((mapping) => mapping.prot)).toEqual([becomes]);
    });
  });

  it("is ENOTSUP with strictProtection, and what it would become is not", () => {
    const body = ({ table }: Fixture<unknown>) => {
      const [page = 0] = table.pageSizes;
      expectRefused(table, prot, "ENOTSUP");
      table.map(5 * page, page, page, becomes);
      expect(table.iovaToPhys(5 * page)).toBe(page);
    };
    useTable(format(), body, { strictProtection: true });
  });
});
