// A walker that does not snoop: every byte of table memory that a call wrote is reported before hardware may look there.
import { describe, expect, it } from "vitest";
import { armLpaeS1, type FlushOps, IoPageTable, Prot } from "../../bindings/index.js";
import { guestMemory, physicalOf } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;

function incoherentTable() {
  const guest = guestMemory();
  const allocator = new PageAllocator(guest);
  const events: string[] = [];
  let synced: { paddr: number; bytes: number }[] = [];
  const syncForDevice = (paddr: number, bytes: number) => {
    events.push("sync");
    synced.push({ paddr, bytes });
  };
  const flush: FlushOps = {
    flushAll: () => void events.push("flush"),
    flushWalk: () => void events.push("flush"),
    flushRange: () => void events.push("flush"),
  };
  allocator.onFree = () => void events.push("free");
  const format = armLpaeS1({ ias: 48, oas: 48, coherentWalk: false, syncForDevice });
  const table = new IoPageTable(guest.memory, { format, flush, allocator });
  const take = () => {
    const taken = synced;
    synced = [];
    return taken;
  };
  return { guest, allocator, table, events, take };
}

const WORD = 8;

/** Physical addresses of the words of live pages that differ from what they were. */
function changedWords(allocator: PageAllocator, before: ReadonlyMap<number, string>): number[] {
  const changed: number[] = [];
  for (const [offset, after] of allocator.contents()) {
    const now = Buffer.from(after, "base64");
    const old = before.get(offset);
    const was = old === undefined ? Buffer.alloc(now.length, 0xa5) : Buffer.from(old, "base64");
    for (let at = 0; at < now.length; at += WORD) {
      if (now.compare(was, at, at + WORD, at, at + WORD) !== 0) changed.push(physicalOf(allocator.guest, offset) + at);
    }
  }
  return changed;
}

describe("syncForDevice", () => {
  it.each<{ says: string; change: (table: IoPageTable) => unknown }>([
    { says: "a map that makes tables", change: (table) => table.map(2 ** 40, 0x1000, 0x3000, RW) },
    { says: "a map in tables that stand", change: (table) => table.map(0x8000, 0x1000, 0x5000, RW) },
    { says: "blocks", change: (table) => table.map(2 ** 30, 0, 16 * MIB, RW) },
    { says: "a whole fresh leaf table", change: (table) => table.map(64 * MIB, 0x1000, 2 * MIB, RW) },
    { says: "an unmap", change: (table) => table.unmap(0x1000, 0x2000) },
    { says: "an unmap that splits", change: (table) => table.unmap(5 * MIB, 0x1000) },
    { says: "an unmap that frees", change: (table) => table.unmap(0, 2 * MIB) },
    { says: "mapPages", change: (table) => table.mapPages(0x8000, 0x1000, 0x1000, 4, RW) },
    { says: "mapPages over a table", change: (table) => table.mapPages(0, 0, 2 * MIB, 1, RW) },
    { says: "unmapPages", change: (table) => table.unmapPages(0, 0x1000, 3) },
    { says: "mapRange", change: (table) => table.mapRange(0x8000, 0x1000, 4 * MIB - 0x8000, RW) },
    { says: "unmapRange", change: (table) => table.unmapRange(0, 0x8000) },
  ])("names every word that $says wrote, once it is written and before the flush", ({ says, change }) => {
    const { allocator, table, events, take } = incoherentTable();
    table.map(0, 0x1000, 0x8000, RW);
    table.map(4 * MIB, 0, 4 * MIB, RW);
    take();
    events.length = 0;
    const before = allocator.contents();
    change(table);
    const words = changedWords(allocator, before);
    expect(words.length).toBeGreaterThan(0);
    const synced = take();
    for (const paddr of words) {
      const covering = synced.filter((range) => paddr >= range.paddr && paddr + WORD <= range.paddr + range.bytes);
      expect(covering.length, `the word at 0x${paddr.toString(16)}`).toBeGreaterThan(0);
    }
    // What breaks, flushes, and makes writes back what it makes after the flush of what it broke.
    const breaks = says === "an unmap that splits" || says === "mapPages over a table";
    const phases = breaks ? /^(sync )+flush (sync ?)+(free ?)*$/ : /^(sync ?)+(flush ?)*(free ?)*$/;
    expect(events.join(" ")).toMatch(phases);
    allocator.watchesFrees = false;
    table.destroy();
  });

  it("names the root when the table is made", () => {
    const { allocator, take } = incoherentTable();
    const [root] = allocator.requests;
    const paddr = physicalOf(allocator.guest, root?.offset ?? 0);
    expect(take()).toEqual([{ paddr, bytes: 4096 }]);
  });
});
