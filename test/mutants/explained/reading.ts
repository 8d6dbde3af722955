// Of looking up, and of what a table and a format are to the core.
import { because, type Explained } from "./explained.js";

export const READING: readonly Explained[] = [
  ...because("a number that this question to a format does not read", "core/anyFormat", [
    ["withFormat<LearnOperation>(format, changetype<Table>(0), 0, 0, 0, 0, 0);", "0"],
    ["return <u64>withFormat<O>(current, changetype<Table>(0), a, b, c, 0, level);", "0"],
    ["return <u32>ask<LevelOf>(0, 0, 0, sizeLg2);", "0", 0],
    ["return <u32>ask<LevelOf>(0, 0, 0, sizeLg2);", "0", 2],
    ["return ask<IsLeaf>(item, 0, 0, level) != 0;", "0", 0],
    ["return ask<IsLeaf>(item, 0, 0, level) != 0;", "0", 1],
    [
      "return (item & tableFold) == 0 ? (item & tableAddress) << tableShift : ask<TablePaddr>(item, 0, 0, level);",
      "0",
      1,
    ],
    [
      "return (item & tableFold) == 0 ? (item & tableAddress) << tableShift : ask<TablePaddr>(item, 0, 0, level);",
      "0",
      2,
    ],
    ["return ask<TableItem>(paddr, 0, 0, level);", "0"],
    ["return ask<LeafOa>(item, 0, 0, level);", "0"],
    ["return ask<LeafAttrs>(item, 0, 0, level);", "0"],
    ["return <u32>ask<ContigLg2>(item, 0, 0, level);", "0"],
  ]),
  ...because("nobody asks it of a table", "core/anyFormat", [
    ["return <u32>ask<Permits>(item, leaf ? 1 : 0, variant, level);", "0"],
  ]),
  ...because("any number but 0 says yes", "core/anyFormat", [
    ["return changetype<F>(0).isLeaf(item, level) ? 1 : 0;", "1"],
    ["return <u32>ask<Permits>(item, leaf ? 1 : 0, variant, level);", "1"],
  ]),
  ...because("no format has this number either", "core/anyFormat", [["let current: u32 = <u32>-1;", "1"]]),
  ...because("no leaf has this size", "core/anyFormat", [["leafSizeLg2 = 0;", "0"]]),
  ...because("nobody reads the answer", "core/anyFormat", [["return 0;", "0"]]),
  ...because("bit 0 is set in the table items of all formats", "core/anyFormat", [
    ["const item = f.tableItem(0, 1);", "0"],
    ["tableStep = (f.tableItem(0, 2) & tableMask) - needed;", "0"],
  ]),
  ...because("any bit that is an address bit in all formats will do", "core/anyFormat", [
    ["const probe: u32 = 20;", "20"],
  ]),
  ...because("each table's address is then asked of the format, which takes longer", "core/anyFormat", [
    ["tableShift = probe - <u32>ctz(f.tableItem(1 << probe, 1) ^ item);", "1"],
    ["tableFold = 0;", "0"],
    ["if (address == 0) continue;", "=="],
    ["if (address == 0) continue;", "0"],
    ["if (address == bit << tableShift) tableAddress |= bit;", "=="],
  ]),
  ...because("where a table's address stands does not depend on the level", "core/anyFormat", [
    ["const address = f.tablePaddr(bit, 1);", "1"],
  ]),
  ...because("tables of all levels but the root have as many entries; v7s has two levels", "core/anyFormat", [
    ["return <u32>(indexes >> (level << 3)) & 0xff;", "3"],
  ]),
  ...because(
    "the format is then asked for each leaf, which takes longer; no page begins at the last byte",
    "core/anyFormat",
    [
      ["const known = sizeLg2 == leafSizeLg2 && level == leafLevel && attrs == leafAttrs && oa <= leafLast;", "==", 1],
      ["const known = sizeLg2 == leafSizeLg2 && level == leafLevel && attrs == leafAttrs && oa <= leafLast;", "<="],
    ],
  ),
  ...because("a number that this look-up does not read", "core/translate", [
    ["const oa = withFormat<LookupOperation>(t.format, t, va, t.root, t.top, 0, 0);", "0"],
  ]),
  ...because("0 is the same either way", "core/translate", [
    ["store<f64>(to, oa < 0 ? <f64>oa : Address.output(<u64>oa));", "<"],
    ["store<f64>(to, oa < 0 ? <f64>oa : Address.output(<u64>oa));", "0"],
  ]),
  ...because("less is kept from one address to the next", "core/translate", [["if (found < UPPER) continue;", "<"]]),
  ...because("tables of all levels but the root have as many entries", "core/translate", [
    ["const upperShift = tagShift + <u64>f.indexLg2(1);", "1"],
  ]),
  ...because("no part of an address is this large", "core/translate", [
    ["let tag: u64 = <u64>-1;", "1"],
    ["let upperTag: u64 = <u64>-1;", "1"],
  ]),
  ...because("not read before it is set", "core/translate", [
    ["let table: u32 = 0;", "0"],
    ["let upper: u32 = 0;", "0"],
  ]),
  ...because("no number has that value either", "core/translate", [["const NOWHERE: u64 = <u64>-1;", "1"]]),
  ...because("the last byte is looked at in the longer way", "core/translate", [
    ["if (!Address.isSmall(iova) || at - first > span) {", ">"],
  ]),
  ...because(
    "no format's entries are tables at one level and none at the next but AMDv1's, which are then found from the root",
    "core/translate",
    [["return f.isTable(item, 1) ? Path.pointed<F>(item, 1) : Window.OUTSIDE;", "1", 0]],
  ),
  ...because(
    "it says only how many bytes must lie in the memory, and tables of all levels but the root have as many",
    "core/translate",
    [["return f.isTable(item, 1) ? Path.pointed<F>(item, 1) : Window.OUTSIDE;", "1", 1]],
  ),
  ...because("compared by name only; the others are smaller", "core/find", [
    ["static readonly OUTSIDE: i32 = 3;", "3"],
  ]),
  ...because("nobody is told an empty entry from a reserved one", "core/find", [
    ["if (!f.isLeaf(word, l)) return word == 0 ? Found.EMPTY : Found.INVALID;", "=="],
    ["if (!f.isLeaf(word, l)) return word == 0 ? Found.EMPTY : Found.INVALID;", "0"],
  ]),
  ...because("no entry begins at the last byte", "core/address", [
    ["return t.signed != 0 ? (va > t.spaceSpan ? va | ~t.mask : va) : va | t.spaceFirst;", ">"],
  ]),
  ...because("any other number says that what was remembered is void", "core/table", [
    ['if (t.shared) atomic.add<u32>(changetype<usize>(t) + offsetof<Table>("generation"), 1);', "1"],
    ["else t.generation += 1;", "1"],
    ["changetype<Table>(<usize>handle).generation += 1;", "1"],
    ["t.generation += 1;", "1"],
  ]),
  ...because(
    "what has to be done for repeats, or for what is held, is done where there is none: it takes longer",
    "core/table",
    [
      ["t.repeats = 0;", "0"],
      ["t.held = 0;", "0"],
    ],
  ),
  ...because("any number but 0 says yes", "core/table", [
    ['atomic.store<u32>(<usize>handle + offsetof<Table>("shared"), 1);', "1"],
  ]),
  ...because("more room than needed, or none for an alignment that nothing needs", "core/table", [
    ['const ATTRS_AT: u32 = (offsetof<Table>("reserve0") + MAX_LEVELS * 4 + 7) & ~7;', "4"],
    ['const ATTRS_AT: u32 = (offsetof<Table>("reserve0") + MAX_LEVELS * 4 + 7) & ~7;', "7"],
    ["const MAX_ROOTS: u32 = 4;", "4"],
    ["export const TABLE_BYTES: u32 = SELECTOR_AT + MAX_ROOTS * 8;", "8"],
  ]),
  ...because("not read before it is set", "core/readOperations", [["decodedAddress = 0;", "0"]]),
  ...because("only a number below 0 comes to that, and none is an address", "core/address", [
    ["return bits >> 52 == 0 ? bits : Address.big(x);", "52"],
  ]),
  ...because("the conversion of large numbers takes small ones too, only slower", "core/address", [
    ["return bits >> 52 == 0 ? bits : Address.big(x);", "0"],
  ]),
  ...because("where no dirty state is kept, what it would flip is nothing", "core/dirty", [
    ["return (item & t.dirtyMask) == t.dirtyValue && t.dirtyMask != 0;", "0"],
  ]),
  ...because("an empty entry is neither table nor leaf", "core/dirty", [
    ["if (item != 0 && level != 0 && f.isTable(item, level)) {", "0", 0],
    ["} else if (item != 0 && f.isLeaf(item, level)) {", "0"],
  ]),
  ...because("nobody reads the granule of what stays dirty", "core/dirty", [
    ["else Events.extend(EventKind.DIRTY, <f64>Address.iova(t, va), <f64>(last - va + 1), 0);", "0"],
  ]),
  ...because("any number but 0 says yes", "core/readOperations", [["return f.sameItems() ? 1 : 0;", "1"]]),
];
