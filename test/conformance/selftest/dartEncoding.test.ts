// Apple DART entries written out by hand. Apple publishes no manual; the layouts are those that Linux programs and that the m1n1 project found:
//
//   both   [63:52] sub-page start   [51:40] sub-page end: 0 and 0xfff are the whole page   [0] valid; a table entry has an address and bit 0 alone
//   DART   [35:12] PA[35:12]   [8] no read   [7] no write   [1] sub-page protection off
//   DART2  [37:10] PA[41:14]   [3] no read   [2] no write   [1] no cache
import { describe, expect, it } from "vitest";
import { appleDart, appleDart2, type Format, Prot } from "../../../bindings/index.js";
import { failureOf } from "../../bindings/support/failure.js";
import { hex, leafOf, pointersOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const K4 = 2 ** 12;
const K16 = 2 ** 14;
const dart = (page = K16) => appleDart({ ias: 36, oas: 36, pageSizes: [page] });
const dart2 = () => appleDart2({ ias: 36, oas: 42 });

describe("DART pages", () => {
  it.each([
    { prot: READ | WRITE, entry: "0x000fff0f87654003", says: "read and write" },
    { prot: READ, entry: "0x000fff0f87654083", says: "read-only: no write" },
    { prot: WRITE, entry: "0x000fff0f87654103", says: "write-only: no read" },
    { prot: READ | WRITE | CACHE, entry: "0x000fff0f87654003", says: "CACHE has no bit" },
    { prot: READ | WRITE | NOEXEC | MMIO | PRIV, entry: "0x000fff0f87654003", says: "nor NOEXEC, MMIO and PRIV" },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(dart(), { paddr: 0xf_8765_4000, size: K16, prot })).toEqual({ level: 1, entry });
    expect(leafOf(dart(K4), { paddr: 0xf_8765_4000, size: K4, prot })).toEqual({ level: 1, entry });
  });

  it.each([
    { page: K16, paddr: 0, entry: "0x000fff0000000003" },
    { page: K16, paddr: 2 ** 36 - K16, entry: "0x000fff0fffffc003" },
    { page: K4, paddr: 2 ** 36 - K4, entry: "0x000fff0ffffff003" },
  ])("of $page bytes at $paddr", ({ page, paddr, entry }) => {
    expect(leafOf(dart(page), { paddr, size: page, prot: READ | WRITE }).entry).toBe(entry);
  });
});

describe("DART2 pages", () => {
  it.each([
    { prot: READ | WRITE | CACHE, entry: "0x000fff3edcba9401", says: "read and write, cached" },
    { prot: READ | WRITE, entry: "0x000fff3edcba9403", says: "not cached: no cache" },
    { prot: READ | CACHE, entry: "0x000fff3edcba9405", says: "read-only: no write" },
    { prot: WRITE | CACHE, entry: "0x000fff3edcba9409", says: "write-only: no read" },
    {
      prot: READ | WRITE | CACHE | NOEXEC | MMIO | PRIV,
      entry: "0x000fff3edcba9401",
      says: "NOEXEC, MMIO, PRIV ignored",
    },
  ])("$says", ({ prot, entry }) => {
    expect(leafOf(dart2(), { paddr: 0x3ed_cba9_4000, size: K16, prot })).toEqual({ level: 1, entry });
  });

  it.each([
    { paddr: 0, entry: "0x000fff0000000001" },
    { paddr: 2 ** 42 - K16, entry: "0x000fff3ffffffc01" },
  ])("at $paddr", ({ paddr, entry }) => {
    expect(leafOf(dart2(), { paddr, size: K16, prot: READ | WRITE | CACHE }).entry).toBe(entry);
  });
});

describe("DART table entries", () => {
  it.each<{ says: string; format: () => Format; page: number; tableLg2: number; levels: number[]; shift: bigint }>([
    { says: "DART, 16K", format: () => dart(), page: K16, tableLg2: 14, levels: [2], shift: 0n },
    { says: "DART, 4K", format: () => dart(K4), page: K4, tableLg2: 12, levels: [3, 2], shift: 0n },
    { says: "DART2", format: dart2, page: K16, tableLg2: 14, levels: [2], shift: 4n },
    {
      says: "DART2 of three levels",
      format: () => appleDart2({ ias: 42, oas: 42 }),
      page: K16,
      tableLg2: 14,
      levels: [3, 2],
      shift: 4n,
    },
  ])("$says: an address and the valid bit", ({ format, page, tableLg2, levels, shift }) => {
    const request = { iova: 2 ** 36 - page, paddr: page, size: page, prot: READ };
    const physBase = 0xf_0000_0000;
    const pointers = pointersOf(walkOf(format(), request, physBase), tableLg2);
    expect(pointers.map(({ level }) => level)).toEqual(levels);
    for (const { entry, target } of pointers) expect(hex(entry)).toBe(hex((target >> shift) | 1n));
  });
});

describe("DART configurations", () => {
  it.each<{ says: string; make: () => unknown; code: "EINVAL" | "ENOTSUP" }>([
    { says: "two page sizes", make: () => appleDart({ ias: 32, oas: 36, pageSizes: [K4, K16] }), code: "EINVAL" },
    { says: "pages of 64K", make: () => appleDart({ ias: 32, oas: 36, pageSizes: [2 ** 16] }), code: "EINVAL" },
    { says: "oas 40", make: () => appleDart({ ias: 32, oas: 40 }), code: "EINVAL" },
    { says: "ias above oas", make: () => appleDart2({ ias: 37, oas: 36 }), code: "EINVAL" },
    { says: "more than four roots", make: () => appleDart({ ias: 42, oas: 42, pageSizes: [K4] }), code: "EINVAL" },
    { says: "DART2 with pages of 4K", make: () => appleDart2({ ias: 32, oas: 36, pageSizes: [K4] }), code: "ENOTSUP" },
    {
      says: "a walker that does not snoop",
      make: () => appleDart({ ias: 32, oas: 36, coherentWalk: false }),
      code: "ENOTSUP",
    },
  ])("$says: $code", ({ make, code }) => {
    failureOf(make, code);
  });
});
