// Of the short ways, of scans, and of leaf sizes.
import { because, type Explained } from "./explained.js";

export const SHORT_WAYS: readonly Explained[] = [
  ...because("the last ones, or all of them, are looked at one by one", "core/scan", [
    ["while (at + 64 <= last) {", "64"],
    ["while (at + 64 <= last) {", "<="],
    ["while (at + 16 <= last) {", "16"],
    ["while (at + 16 <= last) {", "<="],
    ["if (changetype<F>(0).itemLg2() != 3) return at;", "!="],
    ["if (changetype<F>(0).itemLg2() != 3) return at;", "3"],
    ["while (at + 64 <= end) {", "64"],
    ["while (at + 64 <= end) {", "<="],
    ["if (lg2 == 3) {", "=="],
    ["if (lg2 == 3) {", "3"],
  ]),
  ...because("no table has an odd number of items", "core/scan", [["at += 1 << lg2;", "1", 0]]),
  ...because(
    "formats with items of 32 bits have no tables of tables but the root, which is not released",
    "core/scan",
    [["counted = 0;", "0"]],
  ),
  ...because("what is not taken in the short way is in the longer one", "core/shortRun", [
    ["if (table == NO_PAGE || oa > t.quickLast || bytes - 1 > t.quickLast - oa) return false;", ">"],
    ["const end = at + ((<usize>count) << 3);", "3"],
    ["if (!keeps && (t.shared ? count > t.quickIndexMask : <u32>Cache.record.live <= count)) return false;", ">"],
    ["for (let i = at; i != end; i += 8) {", "8"],
    ["if (item == 0 || (item & t.quickMask) != 0) return false;", "0", 1],
  ]),
  ...because("what is not taken in the short way is in the longer one", "core/singlePage", [
    ["if (table == NO_PAGE || oa > t.quickLast) return false;", ">"],
    ["if (item == 0 || (item & t.quickMask) != 0) return false;", "0", 1],
    ["const smallest = f.shift(0);", "0"],
    ["const isOpen = !t.incoherent && f.itemLg2() == 3 && t.pageLg2 == smallest;", "3"],
    ["t.quickLast = f.linearLg2() == 64 ? t.oaLast : min<u64>(t.oaLast, ((<u64>1) << f.linearLg2()) - 1);", "64"],
  ]),
  ...because("a run is whole pages, and one byte less ends in the same one", "core/shortRun", [
    ["if (table == NO_PAGE || oa > t.quickLast || bytes - 1 > t.quickLast - oa) return false;", "1"],
    ["return tag == (va + (bytes - 1)) >> t.quickTagShift ? Cache.find(t, tag) : NO_PAGE;", "1"],
  ]),
  ...because(
    "the short way is open to pages of the size of an entry, of which a table of larger ones has none",
    "core/singlePage",
    [["const isOpen = !t.incoherent && f.itemLg2() == 3 && t.pageLg2 == smallest;", "==", 1]],
  ),
  ...because("no page begins at the last byte, or the one before it; and no leaf has two bytes", "core/singlePage", [
    ["const larger = t.sizes & (t.sizes - 1);", "1"],
    ["t.runBytes = isOpen ? (larger & -larger) - 1 : 0;", "1"],
    ["t.quickLast = f.linearLg2() == 64 ? t.oaLast : min<u64>(t.oaLast, ((<u64>1) << f.linearLg2()) - 1);", "1", 1],
    ["t.quickLast = min<u64>(t.quickLast, ~t.addressMask - 1);", "1"],
  ]),
  ...because(
    "of the formats that the short way is open to, tables of all levels have as many items",
    "core/singlePage",
    [
      ["t.quickIndexMask = (1 << f.indexLg2(0)) - 1;", "0"],
      ["t.quickTagShift = smallest + f.indexLg2(0);", "0"],
    ],
  ),
  ...because("nobody reads the answer", "core/singlePage", [["return 0;", "0"]]),
  ...because("a range is whole pages, of which one byte more or less does not change the power of two", "core/sizes", [
    ["const fits = Item.ones(64 - <u32>clz(span + 1 == 0 ? span : span + 1));", "1", 1],
    ["const aligned = bits == 0 ? <u64>-1 : ((bits & -bits) << 1) - 1;", "1", 0],
    ["const aligned = bits == 0 ? <u64>-1 : ((bits & -bits) << 1) - 1;", "1", 2],
  ]),
  ...because("no output space is as large as all of 64 bits", "core/sizes", [
    ["const fits = Item.ones(64 - <u32>clz(span + 1 == 0 ? span : span + 1));", "1", 0],
    ["const fits = Item.ones(64 - <u32>clz(span + 1 == 0 ? span : span + 1));", "0"],
  ]),
  ...because("0 has no lowest bit: the same comes out", "core/sizes", [
    ["const aligned = bits == 0 ? <u64>-1 : ((bits & -bits) << 1) - 1;", "0"],
  ]),
  ...because("where there is no larger size there is no limit but the last byte either way", "core/sizes", [
    ["if (larger != 0) {", "0"],
  ]),
  ...because("the group is looked at item by item, and one more with it", "core/subtree", [
    ["const groupEnd = min<usize>(at + 64, end);", "64"],
  ]),
  ...because("no such operation is ever run", "core/operation", [["return -1;", "1"]]),
  ...because("read only after it was set", "core/operation", [["status = 0;", "0"]]),
];
