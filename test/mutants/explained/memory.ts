// Of the memory: where room is more than needed.
import { because, type Explained } from "./explained.js";

export const MEMORY: readonly Explained[] = [
  ...because("how many pages change hands, or are taken untouched, at once: any number will do", "memory/pool", [
    ["const CHUNK: u32 = 64;", "64"],
    ["const want = max<u32>(CHUNK >> max<i32>(<i32>sizeLg2 - 12, 0), 1);", "12"],
    ["const want = max<u32>(CHUNK >> max<i32>(<i32>sizeLg2 - 12, 0), 1);", "1"],
  ]),
  ...because("more room than needed, at most a KiB", "memory/pool", [
    [
      "if (atomic.cmpxchg<u64>(at, bump, (bump & 0xffff_ffff_0000_0000) | low) == bump) return <u32>start;",
      "0xffff_ffff_0000_0000",
    ],
  ]),
  ...because(
    "pages and arrays are multiples of 8 bytes, and the area begins at a KiB: one byte less rounds to the same",
    "memory/pool",
    [
      ["const units = (bytes + ((1 << UNIT_LG2) - 1)) >> UNIT_LG2;", "1", 1],
      ["const align = ((<u64>1) << alignLg2) - 1;", "1", 1],
      ["const units = (<u64>bytes + ((1 << UNIT_LG2) - 1)) >> UNIT_LG2;", "1", 1],
    ],
  ),
  ...because("the last KiB of the area is not given", "memory/pool", [
    ["if (high + (bump & 0xffff_ffff) > <u64>block.areaUnits) return 0;", ">"],
  ]),
  ...because("more room than needed, or it is asked for one event earlier", "memory/realm", [
    ["export const EVENTS: u32 = 1024;", "1024"],
    ["export const EVENT_ROOM: u32 = 32;", "32"],
    ["export const SCRATCH_ITEMS: u32 = 512;", "512"],
    ["const SCRATCH_BYTES: u32 = 64 + SCRATCH_ITEMS * 8;", "8"],
    ["const LIST_BYTES: u32 = 16384;", "16384"],
    ["export const PENDING: u32 = 64;", "64"],
    ["const PENDING_BYTES: u32 = 48;", "48"],
    ["const PLAN_LEVELS: u32 = 8;", "8"],
    ["const SCRATCH_AT: u32 = EVENTS_AT + EVENTS * 32;", "32"],
    ["const PENDING_AT: u32 = PLAN_AT + PLAN_LEVELS * 16;", "16"],
    ["const ARENA_AT: u32 = (SUPERBLOCK_BYTES + 63) & ~63;", "63", 0],
  ]),
  ...because("more room than needed: 16 KiB of several hundred", "memory/realm", [
    ["block.directory = Shared.take(groups << 2);", "2"],
  ]),
  ...because("behind the scratch areas lies more of the room for lists, and no table", "memory/realm", [
    ["return at - (realm + SCRATCH_AT) < 2 * SCRATCH_BYTES;", "2"],
  ]),
  ...because("an entry that begins where the room for copies ends is none of its", "memory/realm", [
    ["return at - (realm + SCRATCH_AT) < 2 * SCRATCH_BYTES;", "<"],
  ]),
  ...because("what lies behind is not in use when a plan begins", "memory/realm", [
    ["memory.fill(realm + PLAN_AT, 0, PLAN_LEVELS * 16);", "16"],
  ]),
  ...because("there is then no room for the directory, and that is told", "memory/realm", [
    ["if (end - at < ARENA_AT) return false;", "<"],
  ]),
  ...because("more room than needed", "memory/record", [
    ["const BLOCK_BYTES: u32 = 1 << (GROUP_LG2 - UNIT_LG2 + RECORD_LG2);", "1"],
  ]),
  ...because("pages lie at multiples of a KiB", "memory/record", [
    ["<usize>block + (((<usize>offset & ((1 << GROUP_LG2) - 1)) >> UNIT_LG2) << RECORD_LG2),", "1", 1],
    ["const last = <u32>((<u64>offset + <u64>bytes - 1) >> GROUP_LG2);", "1"],
  ]),
  ...because("numbers that no other call gets either", "memory/superblock", [
    ['return atomic.add<u32>(superblock + offsetof<Superblock>("counter"), 1) + 1;', "1"],
  ]),
  ...because("64 bytes more than needed, or the last 64 bytes not given", "memory/superblock", [
    ["const end = <u64>next + ((<u64>bytes + 63) & ~63);", "63", 0],
    ["if (end > <u64>Shared.block.arenaEnd) return 0;", ">"],
  ]),
  ...because("a peak is written once more", "memory/superblock", [["while (now > peak) {", ">"]]),
  ...because("the bindings are asked, and say the same", "memory/window", [
    ["if (at < windowBytes && at + <u64>bytes <= windowBytes) return windowOffset + <u32>at;", "<="],
  ]),
  ...because("no bytes fit at the end of a window, which the second comparison says", "memory/window", [
    ["if (at < windowBytes && at + <u64>bytes <= windowBytes) return windowOffset + <u32>at;", "<"],
  ]),
];
