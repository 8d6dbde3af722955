// Short descriptors written out by hand from the Arm Architecture Reference Manual for ARMv7-A (DDI 0406C), B3.5.1 "Short-descriptor
// translation table format descriptors" and B3.7.2 / B3.8.3 for what the attributes mean (TEX remap, access flag):
//
//   table       [31:10] address   [3] NS   [1:0] 0b01
//   section     [31:20] address   [19] NS   [18] 0   [17] nG   [16] S   [15] AP[2] read-only   [14:12] TEX   [11] AP[1] unprivileged
//               [10] AP[0] access flag   [4] XN   [3] C   [2] B   [1:0] 0b10; supersection: [31:24] address, [18] 1, 16 times
//   small page  [31:12] address   [11] nG   [10] S   [9] AP[2]   [8:6] TEX   [5:4] AP[1:0]   [3] C   [2] B   [1] 1   [0] XN
//   large page  [31:16] address   [15] XN   [14:12] TEX   [11] nG   [10] S   [9] AP[2]   [5:4] AP[1:0]   [3] C   [2] B   [1:0] 0b01; 16 times
import { describe, expect, it } from "vitest";
import { armV7s, Prot } from "../../../bindings/index.js";
import { useTable } from "../../bindings/support/fixture.js";
import { hex, itemsOf, pointersOf, shortLeafOf, walkOf } from "./entryOf.js";

const { READ, WRITE, CACHE, NOEXEC, MMIO, PRIV } = Prot;
const short = () => armV7s({ ias: 32, oas: 32 });
const nonSecure = () => armV7s({ ias: 32, oas: 32, quirks: ["ARM_NS"] });
const withoutPermissions = () => armV7s({ ias: 32, oas: 32, quirks: ["NO_PERMS"] });

/** A leaf of each size: the attributes' places differ. */
const SMALL = { paddr: 0x87654000, size: 2 ** 12 };
const LARGE = { paddr: 0x87650000, size: 2 ** 16 };
const SECTION = { paddr: 0x87600000, size: 2 ** 20 };
const SUPERSECTION = { paddr: 0x87000000, size: 2 ** 24 };

describe("short descriptors of each size", () => {
  it.each([
    // nG | S | TEX 1 | unprivileged | access flag
    { prot: READ | WRITE, small: "0x87654c72", large: "0x87651c31", section: "0x87631c02", says: "read and write" },
    { prot: READ, small: "0x87654e72", large: "0x87651e31", section: "0x87639c02", says: "read-only: AP[2]" },
    { prot: WRITE, small: "0x87654c72", large: "0x87651c31", section: "0x87631c02", says: "write-only is readable" },
    {
      prot: READ | WRITE | CACHE,
      small: "0x87654c7e",
      large: "0x87651c3d",
      section: "0x87631c0e",
      says: "cached: C and B",
    },
    {
      prot: READ | WRITE | MMIO,
      small: "0x87654c36",
      large: "0x87650c35",
      section: "0x87630c06",
      says: "device: B, TEX 0",
    },
    {
      prot: READ | WRITE | MMIO | CACHE,
      small: "0x87654c36",
      large: "0x87650c35",
      section: "0x87630c06",
      says: "device wins over cached",
    },
    {
      prot: READ | WRITE | NOEXEC,
      small: "0x87654c73",
      large: "0x87659c31",
      section: "0x87631c12",
      says: "no execution: XN",
    },
    {
      prot: READ | WRITE | PRIV,
      small: "0x87654c52",
      large: "0x87651c11",
      section: "0x87631402",
      says: "privileged: AP[1] clear",
    },
    {
      prot: READ | CACHE | NOEXEC | PRIV,
      small: "0x87654e5f",
      large: "0x87659e1d",
      section: "0x8763941e",
      says: "all that may be combined",
    },
  ])("$says", ({ prot, small, large, section }) => {
    expect(shortLeafOf(short(), { ...SMALL, prot })).toEqual({ level: 2, entry: small });
    expect(shortLeafOf(short(), { ...LARGE, prot })).toEqual({ level: 2, entry: large });
    expect(shortLeafOf(short(), { ...SECTION, prot })).toEqual({ level: 1, entry: section });
    // The same as the section's, with bit 18 and an address of 16 MiB.
    const supersection = hex((BigInt(section) & 0x000fffffn) | 0x87040000n, 8);
    expect(shortLeafOf(short(), { ...SUPERSECTION, prot })).toEqual({ level: 1, entry: supersection });
  });

  it("writes a supersection out as it is", () => {
    expect(shortLeafOf(short(), { ...SUPERSECTION, prot: READ | WRITE }).entry).toBe("0x87071c02");
  });

  it.each([
    { leaf: SMALL, iova: 0xfffff000, paddr: 0xfffff000, entry: "0xfffffc72" },
    { leaf: LARGE, iova: 0xffff0000, paddr: 0xffff0000, entry: "0xffff1c31" },
    { leaf: SECTION, iova: 0xfff00000, paddr: 0xfff00000, entry: "0xfff31c02" },
    { leaf: SUPERSECTION, iova: 0xff000000, paddr: 0xff000000, entry: "0xff071c02" },
  ])("the highest addresses: $entry", ({ leaf, iova, paddr, entry }) => {
    expect(shortLeafOf(short(), { iova, paddr, size: leaf.size, prot: READ | WRITE }).entry).toBe(entry);
  });
});

describe("entries of 16 items", () => {
  it.each([
    { says: "a large page", iova: 0x130000, leaf: LARGE, level: 2, first: 48, raw: "87651c31" },
    { says: "a supersection", iova: 0x3000000, leaf: SUPERSECTION, level: 1, first: 48, raw: "87071c02" },
  ])("$says is the same item sixteen times", ({ iova, leaf, level, first, raw }) => {
    useTable(short(), ({ table }) => {
      table.map(iova, leaf.paddr, leaf.size, READ | WRITE);
      expect(itemsOf(table)).toEqual(Array.from({ length: 16 }, (_, i) => `${level} ${first + i} ${raw}`));
      expect(table.iovaToPhys(iova + leaf.size - 1)).toBe(leaf.paddr + leaf.size - 1);
      expect([...table.stats().leaves]).toEqual([[leaf.size, 1]]);
    });
  });

  it("a large page cut in two keeps XN and TEX, which move back to a small page's places", () => {
    useTable(short(), ({ table }) => {
      table.map(0, LARGE.paddr, LARGE.size, READ | NOEXEC);
      table.unmap(0x1000, 0xf000);
      expect(itemsOf(table)).toEqual(["2 0 87650e73"]);
    });
  });
});

describe("short descriptors with ARM_NS", () => {
  it.each([
    { leaf: SMALL, entry: "0x87654c72", says: "none in a small page: its table has it" },
    { leaf: LARGE, entry: "0x87651c31", says: "none in a large page" },
    { leaf: SECTION, entry: "0x876b1c02", says: "bit 19 of a section" },
    { leaf: SUPERSECTION, entry: "0x870f1c02", says: "bit 19 of a supersection" },
  ])("$says", ({ leaf, entry }) => {
    expect(shortLeafOf(nonSecure(), { ...leaf, prot: READ | WRITE }).entry).toBe(entry);
  });

  it.each([
    { format: short, attributes: "0x00000001", says: "type only" },
    { format: nonSecure, attributes: "0x00000009", says: "bit 3 with ARM_NS" },
  ])("table descriptors hold $says", ({ format, attributes }) => {
    const [pointer, ...more] = pointersOf(walkOf(format(), { ...SMALL, prot: READ }), 10);
    expect(more).toEqual([]);
    expect(pointer?.level).toBe(1);
    expect(hex((pointer?.entry ?? 0n) & 0x3ffn, 8)).toBe(attributes);
    expect((pointer?.entry ?? 0n) & 0xfffffc00n).toBe(pointer?.target);
  });
});

describe("short descriptors with NO_PERMS", () => {
  it.each([
    {
      prot: READ | WRITE,
      small: "0x87654c42",
      large: "0x87651c01",
      section: "0x87631002",
      says: "no AP, no access flag",
    },
    { prot: READ, small: "0x87654c42", large: "0x87651c01", section: "0x87631002", says: "read-only cannot be said" },
    {
      prot: READ | WRITE | NOEXEC | PRIV,
      small: "0x87654c42",
      large: "0x87651c01",
      section: "0x87631002",
      says: "nor NOEXEC and PRIV",
    },
    {
      prot: READ | WRITE | CACHE,
      small: "0x87654c4e",
      large: "0x87651c0d",
      section: "0x8763100e",
      says: "C and B stay",
    },
    {
      prot: READ | WRITE | MMIO,
      small: "0x87654c06",
      large: "0x87650c05",
      section: "0x87630006",
      says: "device stays",
    },
  ])("$says", ({ prot, small, large, section }) => {
    expect(shortLeafOf(withoutPermissions(), { ...SMALL, prot }).entry).toBe(small);
    expect(shortLeafOf(withoutPermissions(), { ...LARGE, prot }).entry).toBe(large);
    expect(shortLeafOf(withoutPermissions(), { ...SECTION, prot }).entry).toBe(section);
  });
});
