// Of what changes and removes mappings in place.
import { because, type Explained, inCore } from "./explained.js";

const DEVICE = "leaf by leaf or many at once: only a device that writes meanwhile could tell";
const JOINED = "neighbours that the core does not join are joined by the bindings";
const LONGER =
  "the range is then removed in the longer way, which does the same, and finds what points out of the memory";

const TWO_BESIDE =
  "behind the first of two leaves beside each other the walk finds all done, and ends with the first page";

export const CHANGES: readonly Explained[] = [
  ...inCore("change", [
    [undefined, /met(Broken)? && va <= metLast/, "<=", "no entry begins at the last byte of a leaf"],
    ["link", /^Change\.note<F>\(/, "0", "of an entry that becomes a table's, only the item and where it goes are read"],
    [
      "conflicts",
      /^const page = f\.leafItem\(/,
      "0",
      "no bit of the address or the level says whether a leaf may be written",
    ],
    ["old", /^Events\.walk\(/, "true", JOINED],
  ]),
  ...inCore("clear", [
    ["", /^static readonly BORN: /, "1", "any number serves but that of the other"],
    ["range", /^segmentLast = va \+ /, "1", "the last entry is looked at again, and is empty by then"],
    ["unlink", /^Events\.walk\(/, "true", JOINED],
    [
      "prune",
      /^Subtree\.release/,
      "1",
      "it is empty and the pool's, since an allocator is asked for all pages before; where there are three levels, the pool's pages are of one size",
    ],
  ]),
  ...inCore("cache", [["keep", /refs > 1/, ">", "no table is kept, and each page is found in the longer way"]]),
  ...inCore("unshare", [
    ["isShared", /return false;/, "false", LONGER],
    ["isShared", /refs > 1/, ">", LONGER],
    ["own", /^Events\.walk\(/, "true", JOINED],
  ]),
  ...inCore("events", [
    ["push", /EVENTS - FLUSH_ROOM/, ">=", "one write-back more; what flushes need beside it is less"],
    ["push", /^if \(index >= EVENTS\)/, ">=", "no step comes so far: it leaves room for all that one leaf can flush"],
    ["widen", /^return false;/, "false", "what can be flushed for a walker that does not snoop was written, too"],
  ]),
  {
    files: ["assembly/memory/realm.ts"],
    text: /^export const (EVENT|FLUSH)_ROOM: /,
    why: "room for one event more than is needed",
  },
  ...inCore("carve", [
    [
      "isLow",
      /first <= Edit\.first/,
      "<=",
      "a leaf that begins with the edit and sticks out of it covers it: nothing is left",
    ],
    [
      "restLast",
      /last >= Edit\.last/,
      ">=",
      "a leaf that ends with the edit and sticks out of it covers it: nothing is left",
    ],
    ["isAll", /^return count == 2/, "2", TWO_BESIDE],
    ["isAll", /^return count == 2/, "1", TWO_BESIDE],
    [
      "build",
      /^memory\.fill\(items/,
      "1",
      "more is cleared than is read: an entry has at most 256 items, and there is room for 512",
    ],
  ]),
  ...inCore("coalesce", [
    ["below", /^if \(Record\.of\(child\)\.refs > 1/, "1", "in a table of several entries no leaf can become larger"],
    ["resize", /stays \? 0 : /, "0", "it is less than any leaf's"],
    ["smallest", /- 1;/, "1", "addresses and lengths are whole pages"],
    [
      "joinedAttrs",
      /^if \(t\.dirtyMask == 0\)/,
      "0",
      "only slower: where no dirty state is kept, there is none to look for",
    ],
  ]),
  ...because("only slower: what no leaf fits is looked through", "core/coalesce", [
    ["if (Coalesce.sizes<F>(t, level) == 0 || (va & ones) != 0 || (va | ones) > last) return false;", "0", 0],
  ]),
  ...because("behind the last address there is no item to look at", "core/protect", [
    ["if (end >= last) return Status.OK;", ">=", 0],
  ]),
  ...because("tables of all levels but roots have as many entries where dirty state is kept", "core/coalesce", [
    ["const attrs = Coalesce.dirtyAttrs<F>(t, child, level - 1, 1 << f.indexLg2(level - 1));", "1", 2],
  ]),
  ...inCore("unmapOperations", [
    ["run", /^Edit\.set\(EditKind\.REMOVE/, "0", "a removal has no address and no attributes"],
    ["run", /^edited = false;/, "false", "the leaves, whole now, are removed by the steps of an edit"],
    ["run", /^return status == Status\.MORE \|\|/, "<", "OK is 0, and returned as such"],
    ["run", /^return status == Status\.MORE \|\|/, "0", "OK is 0, and returned as such"],
  ]),
  ...inCore("unmapRange", [
    ["", /^const HOLE/, "3", "no status that the walk tells apart from it"],
    [
      "smallest",
      /smallestLg2 == 64/,
      "64",
      "it is read where something was removed: a leaf, or a table that was taken out",
    ],
    ["begin", /^smallestLg2 = 64;/, "64", "more than any leaf's; it is read where something was removed"],
    ["child", /^Events\.unlink/, "true", "only slower: the page is cleared again before it is used"],
  ]),
  ...inCore("protect", [
    ["run", /^if \(t\.dirtyMask != 0\)/, "!=", DEVICE],
    ["run", /^if \(t\.dirtyMask != 0\)/, "0", DEVICE],
    ["run", /^const items = Change\.alike/, "1", "a byte more is no page more"],
    ["item", /^if \(t\.dirtyMask == 0\)/, undefined, DEVICE],
    ["leaf", /t\.memoryMask\) != 0\)/, "0", DEVICE],
    ["plan", /^va = end \+ 1;/, "1", "a byte further lies in the same page"],
  ]),
  ...inCore("trim", [
    ["below", /refs > 1\) continue;/, "1", "what hangs below several entries maps something"],
    ["below", /^Events\.walk\(/, "true", JOINED],
    ["below", /^Events\.unlink\(/, "true", "only slower: the page is cleared again before it is used"],
  ]),
  ...because("runs of two leaves are changed one by one then", "core/replace", [
    ["const run = limit == 1 ? 1 : Change.alike<F>(slot, limit, va, level);", "1", 0],
  ]),
  ...because("a whole table of one extent has leaves of one size", "core/replace", [
    [
      "const whole = last - va == Item.ones(f.shift(level)) && Sizes.runLast(t.sizes, va, last, va ^ oa, sizeLg2) == last;",
      "==",
      1,
    ],
  ]),
];
