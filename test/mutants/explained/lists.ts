// Of the lists: most of what is broken here makes a quick way refuse, and the longer one does the same.
import { because, type Explained, inCore } from "./explained.js";

export const LISTS: readonly Explained[] = [
  ...inCore("listItems", [
    ["setLanes", /^easy = true;/, "true", "what is quick is not tried, and the longer way writes the same"],
    ["setLanes", /^vectors = .* shift == 0;/, "0", "what is quick is not tried, and the longer way writes the same"],
    ["setLanes", /^Lanes\.set\(/, "0", "loops over integers do not read it"],
    ["setLanes", /<< 52;/, "52", "the loops take no number for an address, and each is looked at alone"],
    ["setLanes", /Item\.ones\(51\)/, "51", "it says which loop takes numbers of 52 bits"],
    ["writeLanes", /^if \(frames \? .* return true;/, "true", "the longer way writes the same again"],
    ["writeLanes", /^easy = false;/, "false", "what failed is tried again for each table, and fails"],
    [
      "checkLanes",
      /^if \(PageList\.kind == /,
      "==",
      "a loop refuses what is not of its kind, and each is looked at alone",
    ],
    ["follow", /0xffff_ffff\) done = 0;/, ">", "neighbours that end before the last frame are followed either way"],
    [
      "follow",
      /0xffff_ffff\) done = 0;/,
      "0xffff_ffff",
      "neighbours that end with the last frame are followed either way",
    ],
    [
      "followLanes",
      /^if \(kind == |^const first = /,
      "==",
      "the loops follow nothing, and each entry is looked at alone",
    ],
    [
      "followLanes",
      /^const pair = i32x4|i32x4\(2, 2, 0, 0\)/,
      "0",
      "the loops follow nothing, and each entry is looked at alone",
    ],
    ["followLanes", /^const pair = i32x4/, "1", "the loops follow nothing, and each entry is looked at alone"],
    ["of", /linearLast/, "<=", "no page begins at the last byte"],
    ["isFree", /== 0;$/, "0", "an item that is taken for one that stands is mapped by itself"],
  ]),
  ...inCore("listKernels", [
    ["", /WHOLE_STEP/, "8", "tables are then written in the longer way"],
    [
      undefined,
      /^let (aligned|raw|stray|seen) = i64x2\.splat\(0\);/,
      "0",
      "all is refused, and found by the longer way; or it is a bit that a frame may have",
    ],
    [
      "writeNumbers",
      /^(let )?x\d = v128\.load\(from, \d+\);/,
      undefined,
      "what is read askew is no page, and is read again in the longer way",
    ],
    [
      "areAddresses",
      /^if \(\(aligned & /,
      "0",
      "asks for more than it has to, and what it refuses is found in the longer way",
    ],
    [
      "areAddresses",
      /^const address = /,
      "1",
      "asks for more than it has to, and what it refuses is found in the longer way",
    ],
    [
      "areAddresses",
      /^const (top|zeros) = /,
      undefined,
      "asks for more than it has to, and what it refuses is found in the longer way",
    ],
    ["areAddresses", /< zeros\)/, "<", "asks for more than it has to, and what it refuses is found in the longer way"],
    [
      "areAddresses",
      /^return least >= /,
      ">=",
      "asks for more than it has to, and what it refuses is found in the longer way",
    ],
    [
      "areAddresses",
      /^return least >= /,
      "1023",
      "asks for more than it has to, and what it refuses is found in the longer way",
    ],
    ["follow", /^const same = /, "0", "the loop follows nothing, and each entry is looked at alone"],
  ]),
  ...inCore("listMap", [
    ["", /ENTRIES_LG2/, "30", "more entries than any list has"],
    ["begin", /<u64>-1 : /, "1", "the last byte of the last page, or the one before it"],
    ["begin", /larger == 0 \?/, "0", "runs of a format without larger leaves are mapped as such, in the longer way"],
    ["begin", /^const undivided = /, "0", "whole tables are then written in the longer way"],
    ["begin", /^const undivided = /, ">", "a power of two is no number of ones"],
    ["begin", /level != t\.top;/, "!=", "whole tables are then written in the longer way"],
    [
      "step",
      /^if \(tables && /,
      undefined,
      "a table above is known only behind the first whole table; without it they are written in the longer way",
    ],
    ["step", /^const done = ListTable\.whole/, "0", "whole tables are then written in the longer way"],
    ["step", /^const done = ListTable\.whole/, "1", "only the last bit of a page's address, or none, and that is 0"],
    ["step", /runOa == NO_ADDRESS/, "0", "only a list that another thread changes meanwhile comes here"],
    [
      "singles",
      /^if \(largerLg2 == 0\) return limit;/,
      "0",
      "runs of a format without larger leaves are mapped as such, in the longer way",
    ],
    [
      "mayBeLarger",
      /^if \(!more\) return false;/,
      "false",
      "what is too short for a larger leaf is mapped as a run, with the same leaves",
    ],
    ["planSingles", /refuse\(va, valid, 0\)/, "0", "where an entry is refused, nobody asks where the plan stopped"],
    ["planSingles", /^Plan\.run/, "1", "the last byte of the last page, or the one before it"],
    ["addExtent", /^if \(bytes == 0\)/, "0", "extents are copied to the core and looked at before"],
  ]),
  ...inCore("listOperations", [
    ["", /CHECK: u32 = 8/, "8", "the first part of a long list is looked at once more"],
    ["check", /refuse\(va, good, 0\)/, "0", "nothing is mapped yet that would have to be undone"],
    ["fail", /^if \(status < 0\)/, "<", "where it failed is read only after a failure"],
    ["fail", /^if \(status < 0\)/, "0", "where it failed is read only after a failure"],
  ]),
  ...inCore("listTable", [
    [
      "whole",
      /^const items = |^if \(items % /,
      undefined,
      "whole tables are then written in the longer way; no table has another number of items",
    ],
    ["whole", /^while \(PageList\.left >= items/, ">=", "the last table is then written in the longer way"],
    ["whole", /^if \(load<u64>\(at\) != 0\) break;/, undefined, "whole tables are then written in the longer way"],
    ["hasParent", /<= parentOnes/, "<=", "no page begins at the last byte"],
    ["hasParent", /<= parentOnes/, "==", "within a call only another realm unlinks the table above"],
    [
      "begin",
      /root \? <u64>-1/,
      "1",
      "no page begins at the last byte; and tables of all levels but the root have as many items",
    ],
    ["fresh", /refuse\(va, good, 0\)/, "0", "the table has not been linked, so that nothing has to be undone in it"],
  ]),
  ...because("no leaf of one entry has that size", "core/listItems", [
    ["vectors = wide && single && pageLg2 - shift < 32;", "<"],
    ["vectors = wide && single && pageLg2 - shift < 32;", "32"],
  ]),
  ...because("what is added is taken away again", "core/listKernels", [
    ["const HIGH_HALF: u64 = 0x4330_0000;", "0x4330_0000"],
  ]),
  ...because("all lanes of the second vector are alike", "core/listKernels", [
    ["return v128.shuffle<i32>(x, y, 0, 4, 1, 5);", "4"],
    ["return v128.shuffle<i32>(x, y, 0, 4, 1, 5);", "5"],
    ["return v128.shuffle<i32>(x, y, 2, 6, 3, 7);", "6"],
  ]),
  ...because("addresses are whole pages", "core/listKernels", [
    ["return ((both | (both >> 32)) & 0xffff_ffff & ~((mask & (HALF - 1)) >> n)) == 0;", "1"],
  ]),
  ...because("the longer way writes the same again", "core/listKernels", [
    ["return ((both | (both >> 32)) & 0xffff_ffff & ~((mask & (HALF - 1)) >> n)) == 0;", "0"],
  ]),
  ...because("before anything is mapped only the place of what is refused is told", "core/listOperations", [
    ["if (bytes == 0) return ListStep.refuse(va, 0, 0);", "0", 2],
  ]),
  ...because("all tables but roots have as many entries", "core/listTable", [
    ["parentMask = root ? <usize>-1 : (1 << f.indexLg2(level + 1)) - 1;", "1", 2],
  ]),
  ...because("what is none of the others", "core/pageList", [["static readonly F64_ADDRESSES: u32 = 0;", "0"]]),
  ...because("only a number below 0 comes to that, and it is not equal to it", "core/pageList", [
    ["if (bits >> 52 == 0 && <f64>(<i64>bits) == x) oa = kind == ListKind.F64_FRAMES ? bits << pageLg2 : bits;", "52"],
  ]),
  ...because("one byte is no whole page either", "core/pageList", [
    ["const bytes = Address.exact(load<f64>(entry, 8)) ? Address.of(load<f64>(entry, 8)) : 0;", "0"],
  ]),
];
