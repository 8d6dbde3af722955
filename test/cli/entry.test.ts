// Entries in words: what the manuals say of literal ones, and encode and decode against each other.
import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import { runCli } from "./runCli.js";

interface ReadingJson {
  levels: number[];
  kind: string;
  size: number;
  items: number;
  paddr: string | null;
  prot: string[] | null;
  fields: { name: string; bits: string; value: string; says: string; section: string }[];
  reserved: string;
}

async function decode(...args: string[]): Promise<ReadingJson[]> {
  const { out } = await runCli("decode", [...args, "--json"]);
  const { entries } = JSON.parse(out) as { entries: { readings: ReadingJson[] }[] };
  return entries.flatMap(({ readings }) => readings);
}

function said(reading: ReadingJson | undefined, field: string): string | undefined {
  return reading?.fields.find(({ name }) => name === field)?.says;
}

describe("decode", () => {
  // Each from its manual: DDI 0487 D8.3.1 and D8.5, 48882 2.2.3, D51397 9.8, 24593 5.3, RISC-V 12.4 and Svnapot.
  test.each([
    ["armLpaeS1", "840000e41", "2", { kind: "leaf", size: 2 ** 21, paddr: "0x840000000" }, ["SH", "outer shareable"]],
    [
      "armLpaeS1",
      "840000f45",
      "2",
      { prot: ["READ", "WRITE", "CACHE"] },
      ["AttrIndx", "MAIR slot 1: normal, write-back, read- and write-allocate"],
    ],
    [
      "armLpaeS1",
      "8090f4b",
      "3",
      { kind: "leaf", size: 4096, prot: ["READ", "WRITE", "CACHE", "MMIO"] },
      ["AttrIndx", "MAIR slot 2: device nGnRE"],
    ],
    ["armLpaeS1", "55c5c003", "0", { kind: "table", paddr: "0x55c5c000", prot: null }, ["type", "table"]],
    [
      "armLpaeS2",
      "8000077d",
      "1",
      { kind: "leaf", size: 2 ** 30, prot: ["READ", "CACHE"] },
      ["MemAttr", "normal, write-back"],
    ],
    ["armV7s", "12300412", "1", { kind: "leaf", size: 2 ** 20, paddr: "0x12300000" }, ["AP[0]", "accessed"]],
    [
      "appleDart",
      "fff0000004083",
      "1",
      { kind: "leaf", paddr: "0x4000", prot: ["READ"] },
      ["NO_WRITE", "not writable"],
    ],
    [
      "amdV1",
      "6000000080007e01",
      "0",
      { kind: "leaf", size: 2 ** 16, items: 16, paddr: "0x80000000" },
      ["NextLevel", "a leaf; its size is in the address"],
    ],
    ["amdV1", "6000000000001601", "3", { kind: "table", paddr: "0x1000" }, ["NextLevel", "a table of level 2"]],
    ["vtdSecondStage", "100c46003", "2", { kind: "table", paddr: "0x100c46000" }, ["W", "writing"]],
    [
      "vtdSecondStage",
      "400000b3",
      "1",
      { kind: "leaf", size: 2 ** 21, prot: ["READ", "WRITE", "MEMTYPE=6"] },
      ["EMT", "write-back"],
    ],
    [
      "x86_64",
      "80000000000000e7",
      "0",
      { kind: "leaf", prot: ["READ", "WRITE", "NOEXEC", "MEMTYPE=4"] },
      ["PAT", "PAT entry 4 to 7"],
    ],
    [
      "x86_64",
      "80000000000000e7",
      "1",
      { kind: "leaf", size: 2 ** 21, prot: ["READ", "WRITE", "NOEXEC"] },
      ["PS", "a leaf"],
    ],
  ] as const)("%s %s at level %s", async (format, entry, level, expected, [field, says]) => {
    const [reading, ...more] = await decode(format, entry, "--level", level);
    expect(more).toEqual([]);
    expect(reading).toMatchObject({ levels: [Number(level)], reserved: "0x0", ...expected });
    expect(said(reading, field)).toBe(says);
  });

  test("the options of a format change what bits are", async () => {
    const napot = await decode("riscv", "80000000200020df", "--with", "svnapot", "--level", "0");
    expect(napot[0]).toMatchObject({ size: 2 ** 16, items: 16, paddr: "0x80000000" });
    const forced = await decode("armLpaeS2", "4000045d", "--with", "ARM_S2FWB", "--level", "1");
    expect(said(forced[0], "MemAttr")).toBe("as stage 1 says");
    const wide = await decode("armLpaeS1", "80000743", "--with", "lpa2", "--level", "3");
    expect(wide[0]).toMatchObject({ paddr: "0xc000080000000" });
    const mair = await decode("armLpaeS1", "80000743", "--with", "mair=0xbb,0", "--level", "3");
    expect(said(mair[0], "AttrIndx")).toBe("MAIR slot 0: normal, write-through, read- and write-allocate");
    const encrypted = await decode("x86_64", "8000800000e7", "--with", "encryptionBit=47", "--level", "1");
    expect(encrypted[0]).toMatchObject({ paddr: "0x80000000" });
    expect(said(encrypted[0], "C")).toBe("encrypted");
  });

  test("without a level each reading stands once, with its levels; levels that mean nothing are left out", async () => {
    const readings = await decode("x86_64", "1027");
    expect(readings.map(({ levels, kind }) => [levels, kind])).toEqual([
      [[3, 2, 1], "table"],
      [[0], "leaf"],
    ]);
  });

  test("bits that no field has are told", async () => {
    const { out } = await runCli("decode", ["riscv", "0x10000000200000df", "--level", "0"]);
    expect(out).toMatch(/reserved +0x1000000000000000 +bits that the format does not define/);
  });

  test("an entry that means nothing: exit status 1", async () => {
    expect((await runCli("decode", ["armLpaeS1", "0"])).status).toBe(1);
    expect((await runCli("decode", ["armLpaeS1", "8090f49", "--level", "3"])).status).toBe(1);
    expect((await runCli("decode", ["armLpaeS1", "8090f4b"])).status).toBe(0);
  });
});

describe("encode", () => {
  test.each(CATALOGUE.map(({ name }) => name))("of %s is what decode reads", async (format) => {
    const { out, status } = await runCli("encode", [format, "0x40000000", "--prot", "READ", "--json"]);
    expect(status).toBe(0);
    const { entry, levels, ...made } = JSON.parse(out) as ReadingJson & { entry: string };
    expect(made).toMatchObject({ kind: "leaf", paddr: "0x40000000", reserved: "0x0" });
    const [reading] = await decode(format, entry, "--level", String(levels[0]));
    expect({ ...reading, format }).toEqual({ ...made, levels, format });
  });

  test("of a leaf of a size, and of a table", async () => {
    const entry = async (...args: string[]): Promise<string> => (await runCli("encode", args)).out.split("\n")[0] ?? "";
    expect(await entry("armLpaeS1", "0x840000000", "--size", "2M", "--prot", "READ,WRITE,CACHE")).toBe("0x840000f45");
    expect(await entry("x86_64", "0x1000", "--table", "--level", "2")).toBe("0x1027");
    expect(await entry("amdV1", "0x1000", "--table", "--level", "3")).toBe("0x6000000000001601");
    expect(await entry("armV7s", "0x80000400", "--table", "--level", "1")).toBe("0x80000401");
    expect(await entry("armLpaeS1", "0x840000000", "--with", "ARM_TTBR1", "--size", "1G")).toBe("0x840000e41");
  });
});

test.each([
  ["decode", ["nonsense", "1"], /no such format; there are armLpaeS1/],
  ["decode", ["armLpaeS1"], /give a format and one or more entries/],
  ["decode", ["armLpaeS1", "xyz"], /in hexadecimal/],
  ["decode", ["armV7s", "100000000"], /32 bits/],
  ["decode", ["armLpaeS1", "1", "--level", "4"], /has the levels 0, 1, 2, 3/],
  ["decode", ["armLpaeS1", "1", "--with", "nonsense"], /no such quirk or option; there are ARM_NS/],
  ["decode", ["riscv", "1", "--ias", "40"], /give 39, 48 or 57/],
  ["decode", ["riscv", "1", "--page-size", "16K"], /no table of smallest leaves of 16K/],
  ["encode", ["armLpaeS1", "0x1000", "--size", "3K"], /leaves of 4K, 2M, 1G/],
  ["encode", ["armLpaeS1", "0x1000", "--size", "2M"], /no multiple of/],
  ["encode", ["armLpaeS1", "0x1000", "--prot", "READ,FLY"], /no protection "FLY"/],
  ["encode", ["vtdSecondStage", "0x1000", "--prot", "READ,SHARE_INNER"], /ENOTSUP/],
  ["encode", ["armLpaeS1", "0x1000", "--table"], /say with --level/],
  ["encode", ["armLpaeS1", "0x1000", "--table", "--level", "3"], /lead to no other table/],
] as const)("%s %s is refused in one line, with exit status 2", async (command, args, why) => {
  const { status, out, err } = await runCli(command, args);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^io-pgtable \w+: [^\n]+\n$/);
  expect(err).toMatch(why);
});
