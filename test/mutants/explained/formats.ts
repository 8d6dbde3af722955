// Of the formats.
import { because, type Explained } from "./explained.js";

/** Formats whose entries are all one item. */
const ONE_ITEM = ["appleDart", "armMali", "vtdSecondStage", "x86_64"].map((name) => `assembly/format/${name}.ts`);

export const FORMATS: readonly Explained[] = [
  ...because("tables of level 1 are roots, which are indexed by the whole address", "format/armV7s", [
    ["return level == 0 ? 8 : 12;", "12"],
  ]),
  ...because("it is read where all permissions are meant, of which the lowest is another one", "format/format", [
    ["static readonly PRIV_READ: u32 = 8;", "8"],
  ]),
  {
    files: ["assembly/format/"],
    within: "mayEncrypt",
    text: /^return false;/,
    why: "asked more often than needed: without an encryption bit all bits of an address are address (`Table.addressMask`)",
  },
  {
    files: ONE_ITEM,
    within: "sameItems",
    text: /^return false;/,
    why: "no entry is several items, so that none can be the same as or differ from its neighbour",
  },
  {
    files: ONE_ITEM,
    within: "contigMask",
    text: /^return 0;/,
    why: "leaves are looked at one by one instead of many at once, and found to be one item each",
  },
  {
    files: ["assembly/format/"],
    within: "linearLg2",
    text: /^return 64;/,
    why: "runs are counted instead of taken whole: no address has a bit 64 where they would end",
  },
  ...["12", "14", "16"].map((old) => ({
    files: ["assembly/format/armLpae.ts"],
    text: /Lpae\.(fold|unfold)\(\w+, 1[24]\)|leafLevels\(1[26]\)/,
    old,
    why: "one granule is treated apart, whose number these do not become",
  })),
  {
    files: ["assembly/format/armLpae.ts"],
    text: /Lpa(e|2)\.leafItem\(oa, attrs, level, sizeLg2, 1[24]\)/,
    why: "leaves with the contiguous hint are at least 16 times as large as those without, so that the limit between them may move",
  },
  {
    files: ["assembly/format/armLpae.ts"],
    within: "levelOf",
    text: /\(pageLg2 - 3\)/,
    old: "3",
    why: "the leaf sizes of one level, and those of the next, lie so that the quotient is the same",
  },
  {
    files: ["assembly/format/armLpae.ts", "assembly/format/riscv.ts"],
    within: "leafItem",
    text: /\? \S.* : 0;/,
    old: "0",
    why: "bit 0 of every leaf is set beside it",
  },
  {
    files: ["assembly/format/armLpae.ts"],
    within: "leafAttrs",
    old: "0x300",
    why: "bit 0 is cleared beside it",
  },
];
