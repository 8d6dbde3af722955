// Where a caller's allocator may not place a table page: wherever something is in use, or was and may still be walked.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  armLpaeS1,
  type Format,
  IoPageTable,
  Prot,
  type TableAllocator,
  TableMemory,
} from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { flushJournal } from "../support/flushJournal.js";
import { guestMemory } from "../support/guestMemory.js";
import { MACHINES, type MachineName } from "./machines.js";
import { Stage } from "./stage.js";

const MIB = 2 ** 20;
const PAGE = 0x1000;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });

/** The offset that the next allocation answers with, and on from there. */
class Next implements TableAllocator {
  constructor(public offset: number) {}
  readonly freed: number[] = [];
  alloc = (bytes: number): number => {
    const at = Math.ceil(this.offset / bytes) * bytes;
    this.offset = at + bytes;
    return at;
  };
  free = (offset: number): void => void this.freed.push(offset);
}

function tableAt(memory: TableMemory, offset: number, format: Format = stage1()) {
  const allocator = new Next(offset);
  const table = new IoPageTable(memory, { format, flush: flushJournal().flush, allocator });
  return { table, allocator };
}

describe.each(Object.keys(MACHINES) as MachineName[])("%s: a page that was unlinked is in use", (machine) => {
  it.each([
    { says: "until the gather is synced", byOwner: false },
    { says: "until the owner says that he has flushed", byOwner: true },
  ])("$says", ({ byOwner }) => {
    const stage = new Stage(machine, { byOwner });
    const { table, pages, device } = stage;
    table.map(0, PAGE, PAGE, Prot.READ);
    const leafTable = [...pages.live.keys()].at(-1);
    const gather = byOwner ? undefined : table.gather();
    table.unmap(0, PAGE, gather === undefined ? {} : { gather });
    pages.answer = () => leafTable;
    failureOf(() => table.map(0, PAGE, PAGE, Prot.READ), "EINVAL");
    device.flush.flushAll();
    gather?.sync();
    if (byOwner) table.acknowledgeFlush();
    pages.answer = () => undefined;
    table.map(0, PAGE, PAGE, Prot.READ);
    expect([...pages.live.keys()], "and then it is a page like others").toContain(leafTable);
    device.detach();
    table.destroy();
    if (byOwner) table.acknowledgeFlush();
    expect(stage.guest.memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("the root of a new table", () => {
  it.each<{ says: string; place: (base: number) => number }>([
    { says: "the root of another table", place: (base) => base },
    { says: "a table page of another table", place: (base) => base + PAGE },
    { says: "a part of one", place: (base) => base + PAGE + 512 },
    { says: "the last page of another table", place: (base) => base + 3 * PAGE },
  ])("is not placed over $says, whose bytes stay", ({ place }) => {
    const { memory } = guestMemory();
    const base = 8 * MIB;
    const { table } = tableAt(memory, base);
    table.map(0, PAGE, PAGE, Prot.READ);
    const before = table.dump();
    const allocator = { alloc: () => place(base), free: () => undefined };
    for (const ias of [36, 48]) {
      const options = { format: armLpaeS1({ ias, oas: 48 }), flush: flushJournal().flush, allocator };
      if (ias === 48 && place(base) % PAGE !== 0) continue;
      failureOf(() => new IoPageTable(memory, options), "EINVAL");
    }
    expect(table.dump()).toBe(before);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("may share a page with another small one", () => {
    const { memory } = guestMemory();
    const small = () => armLpaeS1({ ias: 36, oas: 48 });
    const first = tableAt(memory, 8 * MIB, small());
    const allocator = new Next(8 * MIB + 256);
    failureOf(
      () =>
        new IoPageTable(memory, {
          format: small(),
          flush: flushJournal().flush,
          allocator: { ...allocator, alloc: () => 8 * MIB + 256 },
        }),
      "EINVAL",
    );
    const second = tableAt(memory, 8 * MIB + 512, small());
    for (const { table, allocator: pages } of [first, second]) {
      pages.offset = Math.max(pages.offset, 9 * MIB + (pages === second.allocator ? MIB : 0));
      table.map(0, PAGE, PAGE, Prot.READ);
      expect(table.iovaToPhys(1)).toBe(PAGE + 1);
    }
    first.table.destroy();
    second.table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("pages of a table that grew", () => {
  it("are free when it is destroyed, the new root with them (it stayed in use)", () => {
    const { memory } = guestMemory();
    for (let round = 0; round < 2; round++) {
      const format = amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined });
      const { table, allocator } = tableAt(memory, 8 * MIB, format);
      table.map(2 ** 40, PAGE, PAGE, Prot.READ);
      table.destroy();
      expect(allocator.freed.length).toBe((allocator.offset - 8 * MIB) / PAGE);
      expect(memory.stats().tablePagesInUse).toBe(0);
    }
  });
});

describe("a memory with a pool, and a table with an allocator in it", () => {
  it("pages of the pool are refused", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const pooled = new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush });
    pooled.map(0, PAGE, PAGE, Prot.READ);
    const root = Number(pooled.registers.ttbr) - memory.physBase;
    const leafTable = (pooled.walk(0).at(-1)?.entryPaddr ?? 0) - memory.physBase;
    for (const place of [root, leafTable - (leafTable % PAGE), root + 32 * PAGE]) {
      const allocator = { alloc: () => place, free: () => undefined };
      failureOf(() => new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush, allocator }), "EINVAL");
    }
    pooled.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });

  it("the pool takes none of the allocator's", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const end = memory.buffer.byteLength;
    const { table, allocator } = tableAt(memory, end - 200 * PAGE);
    for (let i = 0; i < 40; i++) {
      allocator.offset += PAGE;
      table.map(i * 2 * MIB, (1 + i) * PAGE, PAGE, Prot.READ);
    }
    const before = table.dump();
    const pooled = new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush });
    let mapped = 0;
    while (mapped < 1000 && pooled.mapRange(mapped * 2 * MIB, PAGE, PAGE, Prot.READ).error === null) mapped++;
    expect(mapped, "it uses what lies between").toBeGreaterThan(100);
    expect(mapped).toBeLessThan(256 - 40);
    expect(table.dump()).toBe(before);
    pooled.destroy();
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
