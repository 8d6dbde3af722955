// The pages that an allocator is asked for: those that will be needed, and none beneath what is in the way.
import { describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;

function guestTable(pageSizes: readonly number[]) {
  const guest = guestMemory();
  const allocator = new PageAllocator(guest);
  allocator.watchesFrees = false;
  const format = armLpaeS1({ ias: 39, oas: 48, pageSizes });
  const table = new IoPageTable(guest.memory, { format, flush: flushJournal().flush, allocator });
  const finish = (): void => {
    table.destroy();
    expect([...allocator.live.keys()]).toEqual([]);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  };
  return { table, allocator, finish };
}

describe("an update that empties tables and maps there again", () => {
  it.each([
    ["the only one in the range", 0, MIB2],
    ["the first one", 0, MIB2 + PAGE],
    ["the last one", MIB2 - PAGE, MIB2 + PAGE],
  ])("asks for a page in the place of %s", (_, iova, size) => {
    const { table, allocator, finish } = guestTable([PAGE]);
    for (const at of [0, MIB2 - PAGE, MIB2, 2 * MIB2 - PAGE, 2 * MIB2]) table.map(at, 9 * PAGE, PAGE, RW);
    const before = allocator.requests.length;
    const source = { paddr: 16 * PAGE, size: 2 * PAGE };
    const update = table.prepare([
      { op: "unmap", iova, size },
      { op: "mapRepeat", iova, size, source, prot: RW },
    ]);
    expect(allocator.requests.slice(before).map(({ level }) => level)).toEqual([3]);
    update.commit();
    expect(allocator.requests.length).toBe(before + 1);
    for (const at of [0, PAGE, size - PAGE]) {
      expect(table.iovaToPhys(iova + at)).toBe(at % (2 * PAGE) === 0 ? 16 * PAGE : 17 * PAGE);
    }
    finish();
  });
});

it("a map that meets a larger leaf asks for no pages below it", () => {
  const { table, allocator, finish } = guestTable([PAGE, MIB2]);
  table.map(0, 0, MIB2, RW);
  const before = allocator.requests.length;
  expect(failureOf(() => table.map(PAGE, PAGE, PAGE, RW), "EEXIST").iova).toBe(BigInt(PAGE));
  expect(allocator.requests.length).toBe(before);
  finish();
});
