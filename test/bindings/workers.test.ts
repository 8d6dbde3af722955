import { afterAll, describe, expect, it } from "vitest";
import { armLpaeS1, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";
import { guestMemory } from "./support/guestMemory.js";
import { PageAllocator } from "./support/pageAllocator.js";
import { TableWorkers } from "./support/tableWorker.js";

const CONFIG = { ias: 48, oas: 48 };
const RW = Prot.READ | Prot.WRITE;
const MIB = 2 ** 20;
const workers = new TableWorkers();
afterAll(() => workers.stop());

function sharedTable() {
  const memory = TableMemory.create({ bytes: 16 * MIB });
  const journal = flushJournal();
  const table = new IoPageTable(memory, { format: armLpaeS1(CONFIG), flush: journal.flush });
  const start = () => workers.start({ memory: memory.share(), table: table.share(), config: CONFIG });
  const finish = () => {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  };
  return { memory, table, journal, start, finish };
}

describe("a table in a worker", () => {
  it("is the same table: each realm sees the other's changes", async () => {
    const { table, journal, start, finish } = sharedTable();
    table.map(0, 0x5000, 0x1000, RW);
    const order = start();
    expect(await order({ call: "iovaToPhys", iova: 0x123 })).toMatchObject({ value: 0x5123 });
    await order({ call: "map", iova: 0x200000, paddr: 0x7000, size: 0x3000 });
    expect(table.iovaToPhys(0x202fff)).toBe(0x9fff);
    expect(await order({ call: "dump" })).toMatchObject({ value: table.dump() });
    table.unmap(0, 0x1000);
    expect(await order({ call: "iovaToPhys", iova: 0x123 })).toMatchObject({ value: null });
    journal.take();
    const unmapped = await order({ call: "unmap", iova: 0x200000, size: 0x3000 });
    expect(unmapped.value).toBe(0x3000);
    expect(unmapped.flushes).toEqual([["range", 0x200000, 0x3000, 0x1000].join(" ")]);
    expect(journal.take()).toEqual([]);
    expect(table.iovaToPhys(0x200000)).toBeNull();
    finish();
  });

  it("takes disjoint maps of two workers at once, in the same table pages", async () => {
    const { table, memory, start, finish } = sharedTable();
    const [first, second] = [start(), start()];
    const size = 4 * MIB;
    // Neighbouring ranges that meet inside a leaf table, so that both realms install and fill the same tables.
    const middle = 2 ** 30 + MIB;
    const answers = await Promise.all([
      first({ call: "mapEach", iova: middle - size, paddr: 2 ** 32, size, step: 0x1000 }),
      second({ call: "mapEach", iova: middle, paddr: 2 ** 33, size, step: 0x1000 }),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([undefined, undefined]);
    for (let at = 0; at < size; at += 0x1000) {
      expect(table.iovaToPhys(middle - size + at)).toBe(2 ** 32 + at);
      expect(table.iovaToPhys(middle + at)).toBe(2 ** 33 + at);
    }
    const alone = TableMemory.create({ bytes: 16 * MIB });
    using single = new IoPageTable(alone, { format: armLpaeS1(CONFIG), flush: flushJournal().flush });
    for (let at = 0; at < size; at += 0x1000) {
      single.map(middle - size + at, 2 ** 32 + at, 0x1000, Prot.READ);
      single.map(middle + at, 2 ** 33 + at, 0x1000, Prot.READ);
    }
    expect(table.dump()).toBe(single.dump());
    expect(table.stats().tablePages).toBe(single.stats().tablePages);
    expect(memory.stats().tablePagesInUse).toBe(single.stats().tablePages);
    finish();
  });

  it("takes disjoint lists of two workers at once, in the same table pages", async () => {
    const { table, memory, start, finish } = sharedTable();
    const [first, second] = [start(), start()];
    const [size, step] = [8 * MIB, 200 * 0x1000];
    const pieces = Math.floor(size / step) * step;
    const middle = 2 ** 30 + MIB;
    const answers = await Promise.all([
      first({ call: "mapLists", iova: middle - pieces, paddr: 2 ** 32, size: pieces, step }),
      second({ call: "mapLists", iova: middle, paddr: 2 ** 33, size: pieces, step }),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([undefined, undefined]);
    for (let at = 0; at < pieces; at += 0x1000) {
      expect(table.iovaToPhys(middle - pieces + at)).toBe(2 ** 32 + 2 * at);
      expect(table.iovaToPhys(middle + at)).toBe(2 ** 33 + 2 * at);
    }
    expect(memory.stats().tablePagesInUse).toBe(table.stats().tablePages);
    finish();
  });

  it("keeps tables that a worker's unmap left empty until trim", async () => {
    const { table, memory, start, finish } = sharedTable();
    const order = start();
    await order({ call: "map", iova: 0, paddr: 0x1000, size: 0x1000 });
    await order({ call: "unmap", iova: 0, size: 0x1000 });
    expect(table.stats().tablePages).toBe(4);
    expect(table.trim()).toBe(3);
    expect(memory.stats().tablePagesInUse).toBe(1);
    finish();
  });

  it("is refused under another format", async () => {
    const { memory, table, finish } = sharedTable();
    const other = workers.start({ memory: memory.share(), table: table.share(), config: { ias: 39, oas: 48 } });
    expect(await other({ call: "dump" })).toMatchObject({ code: "EINVAL" });
    finish();
  });

  it("with an allocator is read everywhere and changed only where it was made", async () => {
    const guest = guestMemory();
    const allocator = new PageAllocator(guest);
    allocator.watchesFrees = false;
    const table = new IoPageTable(guest.memory, { format: armLpaeS1(CONFIG), flush: flushJournal().flush, allocator });
    table.map(0, 0x5000, 0x1000, RW);
    const order = workers.start({ memory: guest.memory.share(), table: table.share(), config: CONFIG });
    expect(await order({ call: "iovaToPhys", iova: 0 })).toMatchObject({ value: 0x5000 });
    expect(await order({ call: "map", iova: 2 ** 30, paddr: 0x1000, size: 0x1000 })).toMatchObject({ code: "ENOTSUP" });
    expect(await order({ call: "unmap", iova: 0, size: 0x1000 })).toMatchObject({ code: "ENOTSUP" });
    expect(table.iovaToPhys(0)).toBe(0x5000);
    table.destroy();
    expect(guest.memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("attach in the same realm", () => {
  it("needs flush operations, the format and a handle of share", () => {
    const { memory, table, finish } = sharedTable();
    const { flush } = flushJournal();
    const format = armLpaeS1(CONFIG);
    const shared = table.share();
    const attach = (handle: unknown, options: unknown) => () =>
      (IoPageTable.attach as (...args: unknown[]) => unknown)(memory, handle, options);
    failureOf(attach(shared, { format }), "EINVAL");
    failureOf(attach(shared, { format: armLpaeS1({ ias: 48, oas: 44 }), flush }), "EINVAL");
    failureOf(attach({}, { format, flush }), "EINVAL");
    failureOf(attach(undefined, { format, flush }), "EINVAL");
    finish();
  });
});
