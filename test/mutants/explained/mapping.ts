// Of mapping, of what operations note, and of where they take pages from.
import { because, type Explained } from "./explained.js";

const HIGH =
  "the count is too high then, which takes longer only: a table of tables is looked through where its count is not 0, and nobody reads the root's";
const RACE = "comes only where two realms make the same table at once, which the tests of races force";
const CLEARED = "only slower: the page is cleared again before it is used";

export const MAPPING: readonly Explained[] = [
  ...because(HIGH, "core/change", [["Change.count<F>(t, table, level, slot, 1, 1);", "1", 1]]),
  ...because(HIGH, "core/map", [["if (level != top && !t.shared) Record.of(table).live -= 1;", "!="]]),
  ...because(HIGH, "core/trim", [["if (level != top && !t.shared) Record.of(table).live -= 1;", "!="]]),
  ...because(HIGH, "core/mapOperations", [["Record.of(<u32>parent).live += 1;", "1"]]),

  ...because("one event less, and the operation is continued as ever", "core/events", [
    ["return Own.realm.events > <f64>(EVENTS - EVENT_ROOM);", ">"],
  ]),
  ...because(
    "of so many events more than one is a write-back, and it does not matter which is widened",
    "core/events",
    [
      ["for (let index = count; index != 0; index--) {", "0"],
      ["const at = Own.event(index - 1);", "1", 0],
    ],
  ),
  ...because("at most one event more, which the bindings join to its neighbour", "core/events", [
    ["if (index != 0) {", "0"],
  ]),
  ...because("all write-backs have the same granule, which nobody reads", "core/events", [
    [
      "if (t.incoherent && !Own.isScratch(at)) Events.extend(EventKind.SYNC, <f64>Window.paddr(<u32>at), <f64>bytes, 0);",
      "0",
    ],
  ]),
  ...because("not read where there was no event", "core/events", [
    ["markedBytes = index != 0 ? load<f64>(Own.event(index - 1), 16) : 0;", "0", 1],
  ]),
  ...because("no entry is followed to a page that is booked: only pages that are gone come here again", "core/events", [
    ["if (record.pins >= Pin.BOOKED) return;", ">="],
  ]),
  ...because("any bit above the level's will do", "core/events", [
    ["export const UNLINKED_ZERO: u32 = 1 << 8;", "1"],
    ["export const UNLINKED_ZERO: u32 = 1 << 8;", "8"],
  ]),

  ...because("AMDv1's tables, which alone grow, have as many entries at all levels", "core/grow", [
    ["memory.fill(page, 0, 1 << (f.indexLg2(t.top + 1) + f.itemLg2()));", "1", 1],
  ]),
  ...because("nobody reads a root's count; it is taken anew once there is a root above it", "core/grow", [
    ["above.live = 1;", "1"],
  ]),
  ...because(
    "a root is known by its pins: no entry is followed to it, and its page is in use either way",
    "core/grow",
    [
      ["above.refs = 0;", "0"],
      ["record.refs = 0;", "0"],
    ],
  ),

  ...because("any number serves but that of the other", "core/map", [["static readonly ANY_TABLE: u32 = 1;", "1"]]),
  ...because(RACE, "core/map", [["return false;", "false"]]),
  ...because("where a format has no entries of several items, a leaf is as large as its level's", "core/map", [
    ["if (f.contigMask() == 0 || sizeLg2 == f.shift(level) || !f.sameItems()) {", "0"],
    ["if (f.contigMask() == 0 || sizeLg2 == f.shift(level)) {", "0"],
  ]),
  ...because("what has no end before 2^64 is one run, which the longer way finds as well", "core/map", [
    ["if (f.linearLg2() == 64 || count == items) return;", "64"],
    ["if (f.linearLg2() == 64) return items;", "64"],
  ]),

  ...because("who unlinks a table has noted an event; without one there is nothing to read", "core/mapOperations", [
    [
      "return status == Status.OK && (Own.realm.events != 0 || Own.realm.unlinkedCount != 0) ? Status.EVENTS : status;",
      "!=",
      1,
    ],
    [
      "return status == Status.OK && (Own.realm.events != 0 || Own.realm.unlinkedCount != 0) ? Status.EVENTS : status;",
      "0",
      1,
    ],
  ]),
  ...because("tables of all levels but the root have as many entries; v7s has two levels", "core/mapOperations", [
    ["const parent = slot & ~(((<usize>1) << (f.indexLg2(level + 1) + f.itemLg2())) - 1);", "1", 1],
  ]),
  ...because("entries lie at multiples of 4 bytes", "core/mapOperations", [
    ["const parent = slot & ~(((<usize>1) << (f.indexLg2(level + 1) + f.itemLg2())) - 1);", "1", 2],
  ]),
  ...because("no operation has the number 1 either", "core/mapOperations", [["record.birth = 0;", "0"]]),
  ...because("no page begins at the last byte", "core/mapOperations", [
    ["if (end <= t.spaceSpan) Clear.prune<F>(t, t.root, t.top, end);", "<="],
  ]),
  ...because("numbers that no other operation has either", "core/operation", [
    ["if (birth == 0) birth = (Shared.next() << 1) | 1;", "1", 0],
  ]),

  ...because("no page begins at the last byte", "core/pages", [
    ["if (Window.paddr(page) <= t.tableLast) return page;", "<="],
  ]),
  ...because(CLEARED, "core/pages", [["Pool.give(page, Pages.lg2<F>(level), Record.of(page).birth == 1);", "1"]]),
  ...because("asked only whether it is 0, until the page becomes a table", "core/pages", [
    ["Record.mark(offset, bytes, 1);", "1"],
  ]),
  ...because(CLEARED, "core/path", [["zero = record.birth == 1;", "1"]]),
  ...because(RACE, "core/path", [
    ["if (!Item.publish<F>(at, item)) return false;", "false"],
    ["Path.drop<F>(t, child, level - 1);", "1"],
  ]),
  ...because("formats that have no such bit get none", "core/path", [
    ["if (racy && t.writtenBit != 0) Events.linked(at, item);", "0"],
  ]),
];
