// Of the pool, of records, and of tables' descriptors.
import { because, type Explained, inCore } from "./explained.js";

const CLEARED_AGAIN = "only slower: the page is cleared again before it is used";

export const POOL: readonly Explained[] = [
  ...because("no page is as large: the largest root is 16 tables of 16 KiB", "memory/pool", [
    ["if (sizeLg2 - CLASS_MIN_LG2 + 1 == CLASSES) return 0;", "1"],
  ]),
  ...because(CLEARED_AGAIN, "memory/pool", [
    ["if (page != 0) Pool.give(page + (1 << sizeLg2), sizeLg2, Record.of(page).birth == 1);", "1", 1],
    ["Record.of(page).birth = 1;", "1"],
    ["record.birth = zero ? 1 : 0;", "1"],
  ]),
  ...because(
    "of a page that the pool has, all are told that it is taken, and that it hangs in no table (`pins`)",
    "memory/pool",
    [["record.refs = 0;", "0"]],
  ),
  ...because("only slower: a realm that is alone takes over what it has passed on itself", "memory/pool", [
    ["if (slot.count >= 2 * CHUNK && Shared.block.realms > 1 && slot.count >= Pool.share(sizeLg2)) {", ">"],
  ]),
  ...because(
    "a realm keeps a few free pages more, or passes some on sooner, than was found to be the fastest",
    "memory/pool",
    [
      ["if (slot.count >= 2 * CHUNK && Shared.block.realms > 1 && slot.count >= Pool.share(sizeLg2)) {", ">="],
      ["if (slot.count >= 2 * CHUNK && Shared.block.realms > 1 && slot.count >= Pool.share(sizeLg2)) {", "2"],
      ["return touched << 1 > <u64>block.areaUnits ? 0 : block.areaUnits >> (4 + sizeLg2 - UNIT_LG2);", "1"],
      ["return touched << 1 > <u64>block.areaUnits ? 0 : block.areaUnits >> (4 + sizeLg2 - UNIT_LG2);", ">"],
      ["return touched << 1 > <u64>block.areaUnits ? 0 : block.areaUnits >> (4 + sizeLg2 - UNIT_LG2);", "0"],
      ["return touched << 1 > <u64>block.areaUnits ? 0 : block.areaUnits >> (4 + sizeLg2 - UNIT_LG2);", "4"],
    ],
  ),
  ...because("only slower: a realm that is alone takes over what it has passed on itself", "memory/realm", [
    ['if (realm != 0) atomic.add<u32>(superblock + offsetof<Superblock>("realms"), 1);', "0"],
    ['if (realm != 0) atomic.add<u32>(superblock + offsetof<Superblock>("realms"), 1);', "1"],
  ]),
  ...because(
    "a tag that changes with each change of a chain, or at least with the first; it counts only when, between two instructions of one realm, another takes a chain and puts it back",
    "memory/pool",
    [
      ["return (((top >> 32) + 1) << 32) | <u64>head;", "32"],
      ["return (((top >> 32) + 1) << 32) | <u64>head;", "1"],
    ],
  ),
  ...because(
    "any number but 0 says that the page is in use; entries that point to a root are not counted",
    "memory/pool",
    [["record.refs = 1;", "1"]],
  ),
  ...because("nobody tells the two apart: pages that hang in no table", "memory/record", [
    ["static readonly BOOKED: u16 = 0xfffe;", "0xfffe"],
    ["record.pins = refs != 0 ? Pin.BOOKED : Pin.GONE;", "!="],
    ["record.pins = refs != 0 ? Pin.BOOKED : Pin.GONE;", "0"],
  ]),
  ...because("only slower: a piece before one that was used is looked at page by page, and cleared", "memory/record", [
    ["for (let at = <u64>offset; at < <u64>offset + bytes; at += 1 << UNIT_LG2) {", "<", 1],
  ]),
  ...because(
    "alone, a realm goes round once more; to miss a peak takes another thread between two instructions",
    "memory/superblock",
    [["if (seen == peak) break;", "=="]],
  ),
  ...because("overwritten by the attributes of protection 0 before anybody reads it", "core/table", [
    ['memory.fill(handle + offsetof<Table>("reserve0"), 0xff, MAX_LEVELS * 4);', "4"],
  ]),
  ...because(
    "no format has a bit of the memory type, or one that changes when a leaf is cleaned, above the lower 32",
    "core/table",
    [
      ["t.memoryMask = <u64>low | ((<u64>high) << 32);", "32"],
      ["t.dirtyFlip = <u64>flipLow | ((<u64>flipHigh) << 32);", "32"],
    ],
  ),
  ...because("what is negative and has no code of its own is EFAULT to the bindings", "core/table", [
    ["static readonly EFAULT: i32 = -5;", "5"],
  ]),
  ...because("of a map, all but 0 and MORE that is not negative says to the bindings that it is done", "core/table", [
    ["static readonly EVENTS: i32 = 4;", "4"],
  ]),
  ...because("no leaf has this address either", "core/item", [["static readonly NONE: u64 = <u64>-1;", "1"]]),
  ...because("formats with items of 32 bits keep no dirty state, and their items are not exchanged", "core/item", [
    [": <u64>atomic.cmpxchg<u32>(at, <u32>old, <u32>item) == old;", "=="],
  ]),
  ...because(
    "64 are asked for only of formats whose addresses are linear to the end: the format is then asked for each, which takes longer",
    "core/item",
    [
      ["return lg2 >= 64 ? <u64>-1 : ((<u64>1) << lg2) - 1;", ">="],
      ["return lg2 >= 64 ? <u64>-1 : ((<u64>1) << lg2) - 1;", "64"],
    ],
  ),
  ...inCore("plan", [
    ["run", /^va = tableLast \+ 1;/, "1", "the second byte of a table's range lies in it as the first does"],
    ["goes", /^if \(emptyFirst > emptyLast\)/, ">", "no range has one byte"],
    ["planRoot", /^total \+= 1;/, "1", "asked afterwards only whether any page is planned"],
  ]),
  ...inCore("repeat", [
    ["run", /^if \(status < 0\) Own\.realm\.at/, "<", "where it stopped is read only after a failure"],
    ["run", /^if \(status < 0\) Own\.realm\.at/, "0", "where it stopped is read only after a failure"],
  ]),
  ...because("the records of roots were made when their pages were taken or booked", "core/roots", [
    ["if (!Record.ensure(<u32>page, <u32>bytes)) return 0;", "0"],
  ]),
  ...because("a root is pinned, whatever is counted in it", "core/roots", [["record.live = 0;", "0"]]),
  ...because("no operation has this number before there were 2^31", "core/roots", [["record.birth = 0;", "0"]]),
  ...because("any number but 0 pins it, as long as it is none of `Pin`", "core/roots", [["record.pins = 1;", "1"]]),
];
