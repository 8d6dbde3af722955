import { describe, expect, it } from "vitest";
import { Access, armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";

const RW = Prot.READ | Prot.WRITE;
const format = () => armLpaeS1({ ias: 48, oas: 48 });

function mappedTable() {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format: format(), flush: journal.flush });
  table.map(0, 0x1000, 2 ** 21 + 0x1000, RW);
  return { memory, table, journal };
}

describe("destroy", () => {
  it("flushes all and then gives back every page", () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    allocator.watchesFrees = false;
    const events: string[] = [];
    allocator.onFree = () => events.push("free");
    const flush = { ...flushJournal().flush, flushAll: () => void events.push("all") };
    const table = new IoPageTable(guest.memory, { format: format(), flush, allocator });
    table.map(0, 0x1000, 0x1000, RW);
    table.destroy();
    expect(events).toEqual(["all", "free", "free", "free", "free"]);
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
    expect(allocator.live.size).toBe(0);
  });

  it("leaves the memory's other tables alone", () => {
    const { memory, table } = mappedTable();
    using other = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
    other.map(0x5000, 0x7000, 0x1000, RW);
    const dump = other.dump();
    table.destroy();
    expect(other.dump()).toBe(dump);
    expect(memory.stats().tablePagesInUse).toBe(4);
  });

  it("happens at the end of a `using` scope, once", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const journal = flushJournal();
    {
      using table = new IoPageTable(memory, { format: format(), flush: journal.flush });
      table.map(0, 0x1000, 0x1000, RW);
    }
    expect(journal.take()).toEqual([{ kind: "all" }]);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  const { memory, table } = mappedTable();
  const gather = table.gather();
  table.destroy();

  it.each<[string, () => unknown]>([
    ["map", () => table.map(0, 0, 0x1000, RW)],
    ["unmap", () => table.unmap(0, 0x1000)],
    ["mapPages", () => table.mapPages(0, 0, 0x1000, 1, RW)],
    ["unmapPages", () => table.unmapPages(0, 0x1000, 1)],
    ["mapRange", () => table.mapRange(0, 0, 0x1000, RW)],
    ["unmapRange", () => table.unmapRange(0, 0x1000)],
    ["iovaToPhys", () => table.iovaToPhys(0)],
    ["iovaToPhys64", () => table.iovaToPhys64(0)],
    ["access", () => table.access(0, Access.READ)],
    ["translate", () => table.translate(new Float64Array(1), new Float64Array(1))],
    ["walk", () => table.walk(0)],
    ["mappings", () => [...table.mappings()]],
    ["dump", () => table.dump()],
    ["dumpLines", () => [...table.dumpLines()]],
    ["stats", () => table.stats()],
    ["trim", () => table.trim()],
    ["gather", () => table.gather()],
    ["share", () => table.share()],
    ["flushMark", () => table.flushMark()],
  ])("%s throws afterwards", (name, call) => {
    const failure = failureOf(call, "EINVAL");
    expect(failure.operation).toBe(name);
    expect(failure.message).toMatch(/destroyed/);
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("a gather's sync afterwards flushes and frees nothing", () => {
    try {
      gather.sync();
    } catch (error) {
      expect(error).toMatchObject({ code: "EINVAL" });
    }
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("a walk over the mappings that was begun before it does not go on", () => {
    const { table } = mappedTable();
    const mappings = table.mappings();
    mappings.next();
    table.destroy();
    failureOf(() => mappings.next(), "EINVAL");
  });
});

describe("errors", () => {
  it("say what failed, where, and what stands there", () => {
    const { table } = mappedTable();
    const failure = failureOf(() => table.map(2 ** 21 - 0x2000, 0x1000, 0x4000, RW), "EEXIST");
    expect(failure).toBeInstanceOf(Error);
    expect(failure.operation).toBe("map");
    expect(failure.iova).toBe(0x1fe000n);
    expect(failure.message).toContain("0x1fe000");
    table.destroy();
  });

  it("name the first address that is in the way, not the call's own", () => {
    const { table } = mappedTable();
    table.unmap(0x10000, 0x8000);
    expect(failureOf(() => table.map(0x14000, 0x1000, 0x8000, RW), "EEXIST").iova).toBe(0x18000n);
    table.destroy();
  });

  it("name the leaf that a refused unmap would cut", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    using table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
    table.map(2 ** 21, 0, 2 ** 21, RW);
    const failure = failureOf(() => table.unmap(2 ** 21 + 0x1000, 0x1000, { partial: "refuse" }), "EINVAL");
    expect(failure.iova === 0x200000n || failure.iova === 0x201000n).toBe(true);
  });
});
