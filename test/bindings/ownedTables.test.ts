// Linux's calls in tables that hang below several entries, where pages come from the caller's allocator: the copies that they need are asked for before
// anything changes, and none beside them.
import { describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot } from "../../bindings/index.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;

describe("a part of a repeat", () => {
  it.each<[string, (t: IoPageTable, iova: number) => unknown, unknown]>([
    ["unmapPages", (t, iova) => t.unmapPages(iova, K4, 1), K4],
    ["unmapRange", (t, iova) => t.unmapRange(iova, K4), K4],
    ["mapPages", (t, iova) => t.mapPages(iova, K4, K4, 1, RW), { mapped: 0, error: "EEXIST" }],
  ])("is the call's own: %s", (_, call, result) => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    const { flush } = flushJournal();
    const table = new IoPageTable(guest.memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush, allocator });
    table.mapRepeat(0, 8 * M2, { paddr: 0, size: K4 }, RW);
    const asked = allocator.requests.length;
    expect(call(table, 5 * M2 + 7 * K4)).toEqual(result);
    expect(allocator.requests.slice(asked)).toMatchObject([{ bytes: K4, level: 3 }]);
    expect(table.iovaToPhys(5 * M2 + 8 * K4)).toBe(0);
    expect(table.iovaToPhys(4 * M2 + 7 * K4)).toBe(0);
    table.unmap(0, 8 * M2);
    allocator.watchesFrees = false;
    table.destroy();
    expect(allocator.live.size).toBe(0);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });
});
