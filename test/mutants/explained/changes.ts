// Of what changes and removes mappings in place.
import { type Explained, inCore } from "./explained.js";

const JOINED = "neighbours that the core does not join are joined by the bindings";
const LONGER =
  "the range is then removed in the longer way, which does the same, and finds what points out of the memory";

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
];
