// Of writing entries, and of where tables come from.
import { because, type Explained } from "./explained.js";

export const WRITING: readonly Explained[] = [
  ...because("aligned stores are quicker; the items are the same", "core/fill", [
    ["if ((at & 8) != 0 && count != 0) {", "8"],
    ["if ((at & 8) != 0 && count != 0) {", "!=", 0],
    ["if ((at & 8) != 0 && count != 0) {", "0"],
    ["if ((at & 8) != 0) {", "8"],
    ["if ((at & 8) != 0) {", "!="],
    ["if ((at & 8) != 0) {", "0"],
  ]),
  ...because("nobody writes no items, and aligned stores are only quicker", "core/fill", [
    ["if ((at & 8) != 0 && count != 0) {", "!=", 1],
  ]),
  ...because("items are then written one by one, or more of them in vectors: the items are the same", "core/fill", [
    ["if (count >= 16) {", ">="],
    ["if (count >= 16) {", "16"],
    ["while (at != end) {", "!=", 3],
  ]),
  ...because("more records than needed", "core/grow", [
    ["if (!Record.ensure(t.root, 1 << (f.indexLg2(before) + f.itemLg2()))) return Status.ENOMEM;", "1"],
  ]),
  ...because("any number but 0 says yes", "core/roots", [["return 1;", "1"]]),
  ...because("an empty entry is no table either way", "core/trim", [
    ["if (item == 0 || !f.isTable(item, level)) continue;", "0"],
  ]),
  ...because("what is no page's address is refused where it is read", "core/pageList", [
    ["if ((oa & ~valid) != 0) return 0;", "0", 1],
  ]),
  ...because("what may be a run is looked at closer afterwards", "core/pageList", [
    ["return count == 1 || (PageList.areApart(index, 1) && PageList.areApart(index, count - 1));", "=="],
    ["return count == 1 || (PageList.areApart(index, 1) && PageList.areApart(index, count - 1));", "1"],
  ]),
  ...because("compared by name only; no page has this address either", "core/pageList", [
    ["export const NO_ADDRESS: u64 = <u64>-1;", "1"],
  ]),
  ...because("any number but 0 says yes", "core/pages", [
    ["t.stocked = 1;", "1"],
    ["return 1;", "1"],
  ]),
  ...because("nobody reads the answer", "core/pages", [["return 0;", "0", 1]]),
  ...because("the first is beyond the last all the same", "core/plan", [
    ["let emptyFirst: u64 = 1;", "1"],
    ["emptyFirst = 1;", "1"],
  ]),
  ...because("an empty entry is no table either way", "core/protect", [
    ["if (item != 0 && f.isTable(item, level)) {", "0"],
  ]),
  ...because("an empty entry is no table either way", "core/replace", [
    ["if (item == 0 || !f.isTable(item, level)) return Replace.build<F>(t, table, level, slot, va, last);", "0"],
    ["if (item == 0 || !f.isTable(item, level)) {", "0"],
  ]),
  ...because("an empty entry is no leaf either way", "core/replace", [
    ["const isLeaf = item != 0 && f.isLeaf(item, level);", "0"],
  ]),
  ...because("any number but 0 says yes", "core/repeat", [["t.repeats = 1;", "1"]]),
  ...because(
    "the call itself made the tables that are linked: comes only where another thread writes meanwhile",
    "core/repeat",
    [
      ["source = 0;", "0"],
      ["return Op.stop(Item.load<F>(slot) != 0 ? Status.EEXIST : Status.EFAULT, va);", "!="],
      ["return Op.stop(Item.load<F>(slot) != 0 ? Status.EEXIST : Status.EFAULT, va);", "0"],
      ["if (item == source) return item != 0;", "0"],
      ["if (child == Window.OUTSIDE) return false;", "false"],
    ],
  ),
];
