// What words are in each format, as the manuals have them: a table, a leaf of which size at which address, or nothing; and which are reserved.
import { describe, expect, it } from "vitest";
import { type EntryReader, entryReader } from "../../../bindings/entries.js";

const KIB = 2n ** 10n;
const MIB = 2n ** 20n;
const GIB = 2n ** 30n;
const TIB = 2n ** 40n;

type Meaning = "empty" | "invalid" | readonly ["table" | "leaf", bigint] | readonly ["leaf", bigint, bigint];
type Row = readonly [level: number, word: bigint, meaning: Meaning];

/** A leaf has a size, and a table has none of its own. */
function meaningOf(reader: EntryReader, level: number, word: bigint): Meaning {
  const { kind, paddr, size } = reader.describe(word, level);
  if (kind === "empty" || kind === "invalid") return kind;
  return kind === "table" ? [kind, paddr ?? -1n] : [kind, paddr ?? -1n, BigInt(size)];
}

function describeWords(title: string, open: () => EntryReader, rows: readonly Row[]): void {
  describe(title, () => {
    const reader = open();
    it.each(rows.map(([level, word, meaning]) => [`0x${word.toString(16)}`, level, word, meaning] as const))(
      "%s at level %i",
      (_text, level, word, meaning) => expect(meaningOf(reader, level, word)).toEqual(meaning),
    );
  });
}

describeWords("Arm, 4K granule (DDI 0487, D8.3)", () => entryReader("armLpaeS1", { ias: 48, oas: 48 }), [
  [0, 0x0000_ffff_ffff_f003n, ["table", 0xffff_ffff_f000n]],
  [2, 0xf800_8000_0000_1fffn, ["table", 0x8000_0000_1000n]],
  [0, 0x8000_0000_0401n, "invalid"],
  [1, 0x0000_ffff_c000_0401n, ["leaf", 0xffff_c000_0000n, GIB]],
  [1, 0x0000_ffff_ffff_f401n, ["leaf", 0xffff_c000_0000n, GIB]],
  [2, 0x0000_ffff_ffe0_0401n, ["leaf", 0xffff_ffe0_0000n, 2n * MIB]],
  [2, 0x0000_ffff_fff0_0401n, ["leaf", 0xffff_ffe0_0000n, 2n * MIB]],
  [3, 0x0000_ffff_ffff_f403n, ["leaf", 0xffff_ffff_f000n, 4n * KIB]],
  [3, 0x0000_0000_0000_1003n, ["leaf", 0x1000n, 4n * KIB]],
  [3, 0x0000_ffff_ffff_f401n, "invalid"],
  [2, 0x0000_ffff_ffe0_0402n, "invalid"],
  [3, 0x0000_ffff_ffff_f402n, "invalid"],
  [3, 0n, "empty"],
  [1, 0x0010_0004_0000_0401n, ["leaf", 0x4_0000_0000n, 16n * GIB]],
  [2, 0x0010_0000_0200_0401n, ["leaf", 0x200_0000n, 32n * MIB]],
  [3, 0x0010_0000_0001_0403n, ["leaf", 0x1_0000n, 64n * KIB]],
]);

const sixteen = { ias: 48, oas: 48, pageSizes: [0x4000, 0x200_0000] };

describeWords("Arm, 16K granule (DDI 0487, D8.3)", () => entryReader("armLpaeS1", sixteen), [
  [1, 0x0000_ffff_ffff_c003n, ["table", 0xffff_ffff_c000n]],
  [2, 0x0000_ffff_ffff_f003n, ["table", 0xffff_ffff_c000n]],
  [1, 0x0000_0010_0000_0401n, "invalid"],
  [2, 0x0000_ffff_fe00_0401n, ["leaf", 0xffff_fe00_0000n, 32n * MIB]],
  [2, 0x0000_ffff_ff00_0401n, ["leaf", 0xffff_fe00_0000n, 32n * MIB]],
  [3, 0x0000_ffff_ffff_c403n, ["leaf", 0xffff_ffff_c000n, 16n * KIB]],
  [3, 0x0000_ffff_ffff_f403n, ["leaf", 0xffff_ffff_c000n, 16n * KIB]],
  [3, 0x0000_0000_0000_4401n, "invalid"],
  [2, 0x0010_0000_4000_0401n, ["leaf", 0x4000_0000n, GIB]],
  [3, 0x0010_0000_0020_0403n, ["leaf", 0x20_0000n, 2n * MIB]],
]);

const sixtyFour = { ias: 52, oas: 52, pageSizes: [0x1_0000, 0x2000_0000, 2 ** 42] };

describeWords("Arm, 64K granule, 52 bits (DDI 0487, D8.3)", () => entryReader("armLpaeS1", sixtyFour), [
  [1, 0x0000_ffff_ffff_0003n, ["table", 0xffff_ffff_0000n]],
  [2, 0x0000_0000_0001_f003n, ["table", 0xf_0000_0001_0000n]],
  [1, 0x0000_fc00_0000_f401n, ["leaf", 0xf_fc00_0000_0000n, 4n * TIB]],
  [2, 0x0000_ffff_e000_8401n, ["leaf", 0x8_ffff_e000_0000n, 512n * MIB]],
  [2, 0x0000_ffff_f000_1401n, ["leaf", 0x1_ffff_e000_0000n, 512n * MIB]],
  [3, 0x0000_ffff_ffff_f403n, ["leaf", 0xf_ffff_ffff_0000n, 64n * KIB]],
  [3, 0x0000_0000_0001_0401n, "invalid"],
  [2, 0x0010_0004_0000_0401n, ["leaf", 0x4_0000_0000n, 16n * GIB]],
  [3, 0x0010_0000_0020_0403n, ["leaf", 0x20_0000n, 2n * MIB]],
]);

const lpa2 = { ias: 52, oas: 52, lpa2: true };

describeWords("Arm, 4K granule, 52 bits (DDI 0487, D8.3)", () => entryReader("armLpaeS1", lpa2), [
  [-1, 0x0003_ffff_ffff_f303n, ["table", 0xf_ffff_ffff_f000n]],
  [-1, 0x0000_0000_0000_0401n, "invalid"],
  [0, 0x0003_ff80_0000_0701n, ["leaf", 0xf_ff80_0000_0000n, 512n * GIB]],
  [1, 0x0002_0000_4000_0501n, ["leaf", 0x6_0000_4000_0000n, GIB]],
  [2, 0x0001_0000_0020_0601n, ["leaf", 0x9_0000_0020_0000n, 2n * MIB]],
  [3, 0x0003_ffff_ffff_f703n, ["leaf", 0xf_ffff_ffff_f000n, 4n * KIB]],
  [3, 0x0000_0000_0000_1503n, ["leaf", 0x4_0000_0000_1000n, 4n * KIB]],
  [3, 0x0010_0000_0001_0403n, ["leaf", 0x1_0000n, 64n * KIB]],
]);

describeWords(
  "Arm, 16K granule, 52 bits (DDI 0487, D8.3)",
  () => entryReader("armLpaeS1", { ...lpa2, pageSizes: [0x4000, 0x200_0000, 2 ** 36] }),
  [
    [0, 0x0003_ffff_ffff_c303n, ["table", 0xf_ffff_ffff_c000n]],
    [0, 0x0000_0000_0000_0401n, "invalid"],
    [1, 0x0003_fff0_0000_0701n, ["leaf", 0xf_fff0_0000_0000n, 64n * GIB]],
    [2, 0x0003_ffff_fe00_0601n, ["leaf", 0xb_ffff_fe00_0000n, 32n * MIB]],
    [3, 0x0003_ffff_ffff_f503n, ["leaf", 0x7_ffff_ffff_c000n, 16n * KIB]],
    [2, 0x0010_0000_4000_0401n, ["leaf", 0x4000_0000n, GIB]],
    [3, 0x0010_0000_0020_0403n, ["leaf", 0x20_0000n, 2n * MIB]],
  ],
);

describeWords("Mali", () => entryReader("armMaliLpae", { ias: 48, oas: 40 }), [
  [0, 0x0000_00ff_ffff_f003n, ["table", 0xff_ffff_f000n]],
  [0, 0x0000_0080_0000_00c1n, "invalid"],
  [1, 0x0000_00ff_c000_00c1n, ["leaf", 0xff_c000_0000n, GIB]],
  [1, 0x0000_00ff_e000_00c1n, ["leaf", 0xff_c000_0000n, GIB]],
  [2, 0x0000_00ff_ffe0_00c1n, ["leaf", 0xff_ffe0_0000n, 2n * MIB]],
  [3, 0x0000_00ff_ffff_f0c1n, ["leaf", 0xff_ffff_f000n, 4n * KIB]],
  [3, 0x0000_0000_0000_10c3n, "invalid"],
  [2, 0x0000_0000_0020_00c2n, "invalid"],
]);

describeWords("Arm short descriptors (DDI 0406C, B3.5.1)", () => entryReader("armV7s", { ias: 32, oas: 32 }), [
  [1, 0xffff_fc01n, ["table", 0xffff_fc00n]],
  [1, 0x1000_0409n, ["table", 0x1000_0400n]],
  [1, 0xfff0_0002n, ["leaf", 0xfff0_0000n, MIB]],
  [1, 0x0010_0003n, ["leaf", 0x10_0000n, MIB]],
  [1, 0xff04_0002n, ["leaf", 0xff00_0000n, 16n * MIB]],
  [1, 0xfff4_0002n, ["leaf", 0xff00_0000n, 16n * MIB]],
  [1, 0xff04_0003n, ["leaf", 0xff00_0000n, 16n * MIB]],
  [1, 0x0004_0001n, ["table", 0x4_0000n]],
  [1, 0xfff0_0000n, "invalid"],
  [2, 0xffff_f002n, ["leaf", 0xffff_f000n, 4n * KIB]],
  [2, 0x0000_1003n, ["leaf", 0x1000n, 4n * KIB]],
  [2, 0xffff_0001n, ["leaf", 0xffff_0000n, 64n * KIB]],
  [2, 0x0001_f001n, ["leaf", 0x1_0000n, 64n * KIB]],
  [2, 0x0000_1000n, "invalid"],
]);

const mediaTek = { ias: 34, oas: 35, quirks: ["ARM_MTK_EXT", "NO_PERMS"] as const };

describeWords("Arm short descriptors, 35 bits", () => entryReader("armV7s", mediaTek), [
  [1, 0x1000_0601n, ["table", 0x1_1000_0400n]],
  [1, 0x1000_0411n, ["table", 0x2_1000_0400n]],
  [1, 0x1000_0421n, ["table", 0x4_1000_0400n]],
  [1, 0xfff0_0232n, ["leaf", 0x7_fff0_0000n, MIB]],
  [1, 0xff04_0202n, ["leaf", 0x1_ff00_0000n, 16n * MIB]],
  [2, 0xffff_f012n, ["leaf", 0x2_ffff_f000n, 4n * KIB]],
  [2, 0xffff_0021n, ["leaf", 0x4_ffff_0000n, 64n * KIB]],
]);

describe.each([
  ["4K", 0x1000],
  ["16K", 0x4000],
] as const)("DART, %s", (_size, page) => {
  describeWords("words", () => entryReader("appleDart", { ias: 32, oas: 36, pageSizes: [page] }), [
    [2, 0x0000_000f_ffff_c001n, ["table", 0xf_ffff_c000n]],
    [2, 0x0000_000f_ffff_c000n, "invalid"],
    [1, 0xfff0_0008_0000_4003n, ["leaf", 0x8_0000_4000n, BigInt(page)]],
    [1, 0x0000_000f_ffff_c181n, ["leaf", 0xf_ffff_c000n, BigInt(page)]],
    [1, 0x0000_0000_0000_4002n, "invalid"],
  ]);
});

describeWords("DART2", () => entryReader("appleDart2", { ias: 36, oas: 42, pageSizes: [0x4000] }), [
  [2, 0x0000_003f_ffff_fc01n, ["table", 0x3ff_ffff_c000n]],
  [2, 0x0000_0000_0000_0400n, "invalid"],
  [1, 0xfff0_0020_0000_0403n, ["leaf", 0x200_0000_4000n, 16n * KIB]],
  [1, 0x0000_003f_ffff_fc0dn, ["leaf", 0x3ff_ffff_c000n, 16n * KIB]],
  [1, 0x0000_0000_0000_0402n, "invalid"],
]);

describeWords("AMDv1 (48882, 2.2.3)", () => entryReader("amdV1", { ias: 64, oas: 52 }), [
  [5, 0x600f_ffff_ffff_fa01n, ["table", 0xf_ffff_ffff_f000n]],
  [1, 0x6000_0000_0000_1201n, ["table", 0x1000n]],
  [1, 0x6000_0000_0000_1401n, "invalid"],
  [2, 0x6000_0000_0000_1201n, "invalid"],
  [5, 0x6000_0000_0000_0001n, "invalid"],
  [4, 0x600f_0000_0000_0001n, ["leaf", 0xf_0000_0000_0000n, 256n * TIB]],
  [4, 0x600f_0000_0000_1001n, ["leaf", 0xf_0000_0000_0000n, 256n * TIB]],
  [0, 0x600f_ffff_ffff_f001n, ["leaf", 0xf_ffff_ffff_f000n, 4n * KIB]],
  [0, 0x6000_0000_0000_1000n, "invalid"],
  [0, 0x6000_0000_0001_2e01n, ["leaf", 0x1_2000n, 8n * KIB]],
  [0, 0x6000_0000_001f_7e01n, ["leaf", 0x1f_0000n, 64n * KIB]],
  [0, 0x6000_0000_002f_fe01n, "invalid"],
  [0, 0x6000_0000_0027_fe01n, ["leaf", 0x20_0000n, MIB]],
  [1, 0x6000_0000_0027_fe01n, "invalid"],
  [1, 0x6000_0000_004f_fe01n, ["leaf", 0x40_0000n, 2n * MIB]],
  [1, 0x6000_0000_005f_fe01n, ["leaf", 0x40_0000n, 4n * MIB]],
  [1, 0x6000_0000_2fff_fe01n, ["leaf", 0x2000_0000n, 512n * MIB]],
  [1, 0x6000_0000_5fff_fe01n, "invalid"],
  [2, 0x6000_0000_5fff_fe01n, ["leaf", 0x4000_0000n, GIB]],
  [4, 0x6007_ffff_ffff_fe01n, ["leaf", 0n, 4096n * TIB]],
  [5, 0x600f_ffff_ffff_fe01n, "invalid"],
]);

describeWords("VT-d (D51397, 9.8)", () => entryReader("vtdSecondStage", { ias: 57, oas: 52 }), [
  [4, 0x000f_ffff_ffff_f003n, ["table", 0xf_ffff_ffff_f000n]],
  [1, 0x0000_0000_0000_1001n, ["table", 0x1000n]],
  [1, 0x0000_0000_0000_1002n, ["table", 0x1000n]],
  [1, 0x0000_0000_0000_1004n, "invalid"],
  [3, 0x000f_ff80_0000_0083n, "invalid"],
  [2, 0x000f_ffff_c000_0083n, ["leaf", 0xf_ffff_c000_0000n, GIB]],
  [2, 0x000f_ffff_e000_0083n, ["leaf", 0xf_ffff_c000_0000n, GIB]],
  [1, 0x000f_ffff_ffe0_0081n, ["leaf", 0xf_ffff_ffe0_0000n, 2n * MIB]],
  [0, 0x000f_ffff_ffff_f002n, ["leaf", 0xf_ffff_ffff_f000n, 4n * KIB]],
  [0, 0x0000_0000_0000_1083n, ["leaf", 0x1000n, 4n * KIB]],
  [0, 0x0000_0000_0000_1004n, "invalid"],
]);

describeWords("x86-64 (24593, 5.3)", () => entryReader("x86_64", { ias: 57, oas: 52 }), [
  [4, 0x000f_ffff_ffff_f027n, ["table", 0xf_ffff_ffff_f000n]],
  [1, 0x0000_0000_0000_1001n, ["table", 0x1000n]],
  [1, 0x0000_0000_0000_1006n, "invalid"],
  [3, 0x000f_ff80_0000_0081n, "invalid"],
  [2, 0x000f_ffff_c000_0081n, ["leaf", 0xf_ffff_c000_0000n, GIB]],
  [2, 0x000f_ffff_c000_1081n, ["leaf", 0xf_ffff_c000_0000n, GIB]],
  [1, 0x000f_ffff_ffe0_0081n, ["leaf", 0xf_ffff_ffe0_0000n, 2n * MIB]],
  [0, 0x000f_ffff_ffff_f001n, ["leaf", 0xf_ffff_ffff_f000n, 4n * KIB]],
  [0, 0x0000_0000_0000_1081n, ["leaf", 0x1000n, 4n * KIB]],
  [0, 0x0000_0000_0000_1002n, "invalid"],
]);

describeWords("RISC-V (volume II, 12.3, 13)", () => entryReader("riscv", { ias: 57, oas: 56 }), [
  [4, 0x003f_ffff_ffff_fc01n, ["table", 0xff_ffff_ffff_f000n]],
  [1, 0x0000_0000_0000_0401n, ["table", 0x1000n]],
  [0, 0x0000_0000_0000_0401n, "invalid"],
  [1, 0x0000_0000_0000_0400n, "invalid"],
  [4, 0x003f_c000_0000_0003n, ["leaf", 0xff_0000_0000_0000n, 256n * TIB]],
  [3, 0x003f_ffe0_0000_0003n, ["leaf", 0xff_ff80_0000_0000n, 512n * GIB]],
  [1, 0x003f_ffff_fff8_0003n, ["leaf", 0xff_ffff_ffe0_0000n, 2n * MIB]],
  [1, 0x0000_0000_0004_0003n, "invalid"],
  [1, 0x0000_0000_0000_0403n, "invalid"],
  [0, 0x003f_ffff_ffff_fc03n, ["leaf", 0xff_ffff_ffff_f000n, 4n * KIB]],
  [0, 0x0000_0000_0000_0409n, ["leaf", 0x1000n, 4n * KIB]],
  [0, 0x0000_0000_0000_0405n, "invalid"],
  [0, 0x0000_0000_0000_040dn, "invalid"],
  [0, 0x0000_0000_0000_0407n, ["leaf", 0x1000n, 4n * KIB]],
  [0, 0x0000_0000_0000_0402n, "invalid"],
  [0, 0x8000_0000_0000_6003n, ["leaf", 0x1_0000n, 64n * KIB]],
  [0, 0x8000_0000_0000_6403n, "invalid"],
  [0, 0x8000_0000_0000_4003n, "invalid"],
  [1, 0x8000_0000_0000_2003n, "invalid"],
]);
