// FlushOps.mapped: told once all else of a call is done, of what is mapped now and was not before; for walkers that remember that nothing was there.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  armLpaeS1,
  armV7s,
  type Format,
  IoPageTable,
  Prot,
  riscv,
  TableMemory,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { type Fixture, MIB, useTable } from "./support/fixture.js";
import { type FlushEvent, flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 4096;
const ROWS: readonly { name: string; format: () => Format; base: bigint }[] = [
  { name: "S1 4K", format: () => armLpaeS1({ ias: 48, oas: 48 }), base: 0n },
  {
    name: "S1 4K, TTBR1",
    format: () => armLpaeS1({ ias: 48, oas: 48, quirks: ["ARM_TTBR1"] }),
    base: 2n ** 64n - 2n ** 30n,
  },
  { name: "v7s", format: () => armV7s({ ias: 32, oas: 32 }), base: 2n ** 31n },
  { name: "DART", format: () => appleDart({ ias: 32, oas: 36, pageSizes: [4096] }), base: 2n ** 30n },
  { name: "AMDv1", format: () => amdV1({ ias: 64, oas: 48 }), base: 2n ** 63n },
  {
    name: "AMDv1, growing",
    format: () => amdV1({ ias: 64, oas: 48, startLevels: 2, changeTop: () => undefined }),
    base: 2n ** 60n,
  },
  { name: "VT-d", format: () => vtdSecondStage({ ias: 48, oas: 48 }), base: 0n },
  {
    name: "x86-64, upper half",
    format: () => x86_64({ ias: 48, oas: 48, signExtend: true }),
    base: 2n ** 64n - 2n ** 47n,
  },
  { name: "RISC-V", format: () => riscv({ ias: 39, oas: 48, svnapot: true }), base: 0n },
];

/** The union of what was told, as first and last address of each run. */
function told(events: readonly FlushEvent[]): [bigint, bigint][] {
  const runs: [bigint, bigint][] = [];
  for (const event of events) {
    if (event.kind !== "mapped") continue;
    const last = runs.at(-1);
    if (last && last[1] === event.iova) last[1] += event.size;
    else runs.push([event.iova, event.iova + event.size]);
  }
  return runs;
}

describe.each(ROWS)("$name", ({ format, base }) => {
  const at = (n: number) => base + BigInt(n * PAGE);

  function useListener(body: (fixture: Pick<Fixture<unknown>, "table" | "journal" | "memory">) => void): void {
    const journal = flushJournal({ mapped: true });
    const memory = TableMemory.create({ bytes: 4 * MIB });
    useTable(format(), ({ table }) => body({ table, journal, memory }), { memory, flush: journal.flush });
  }

  it.each<{ call: string; map: (table: IoPageTable) => unknown }>([
    { call: "map", map: (table) => table.map(at(3), PAGE, 5 * PAGE, RW) },
    { call: "mapRange", map: (table) => table.mapRange(at(3), PAGE, 5 * PAGE, RW) },
    { call: "mapPages", map: (table) => table.mapPages(at(3), PAGE, PAGE, 5, RW) },
  ])("hears what $call mapped, page by page or at once, and nothing else", ({ map }) => {
    useListener(({ table, journal }) => {
      map(table);
      const events = journal.take();
      expect(events.every(({ kind }) => kind === "mapped")).toBe(true);
      expect(told(events)).toEqual([[at(3), at(8)]]);
    });
  });

  it("hears a map once, also when it is of leaves of several sizes in several tables", () => {
    useListener(({ table, journal }) => {
      const size = 4 * MIB + 3 * PAGE;
      table.map(at(1), PAGE, size, RW);
      expect(journal.take()).toEqual([{ kind: "mapped", iova: at(1), size: BigInt(size) }]);
    });
  });

  it("hears nothing of a map that was refused", () => {
    useListener(({ table, journal }) => {
      table.map(at(4), PAGE, PAGE, RW);
      journal.take();
      failureOf(() => table.map(at(2), PAGE, 4 * PAGE, RW), "EEXIST");
      failureOf(() => table.map(at(0), PAGE, PAGE, 0), "EINVAL");
      expect(table.mapRange(at(4), PAGE, PAGE, RW)).toEqual({ mapped: 0, error: "EEXIST" });
      expect(table.mapPages(at(4), PAGE, PAGE, 1, RW)).toEqual({ mapped: 0, error: "EEXIST" });
      expect(journal.take().filter(({ kind }) => kind === "mapped")).toEqual([]);
    });
  });

  it("hears of the prefix that stays", () => {
    useListener(({ table, journal }) => {
      table.map(at(4), PAGE, PAGE, RW);
      journal.take();
      const { mapped, error } = table.mapRange(at(1), PAGE, 8 * PAGE, RW);
      expect(error).toBe("EEXIST");
      expect(mapped).toBeGreaterThan(0);
      expect(told(journal.take())).toEqual([[at(1), at(1) + BigInt(mapped)]]);
    });
  });

  it("hears nothing of an unmap, nor of what a split leaves", () => {
    useListener(({ table, journal }) => {
      table.map(base, 0, 2 * MIB, RW);
      journal.take();
      expect(table.unmap(at(5), PAGE)).toBe(PAGE);
      table.unmapPages(at(6), PAGE, 1);
      table.unmapRange(at(7), PAGE);
      table.trim();
      expect(journal.take().filter(({ kind }) => kind === "mapped")).toEqual([]);
    });
  });

  it("does not change what is flushed when a block takes the place of an empty table", () => {
    useListener(({ table, journal }) => {
      const size = Math.max(...table.pageSizes.filter((bytes) => bytes <= 2 * MIB));
      table.map(at(1), PAGE, PAGE, RW);
      expect(table.unmapPages(at(1), PAGE, 1)).toBe(PAGE);
      journal.take();
      table.map(base, 0, size, RW);
      const events = journal.take();
      expect(events.at(-1)).toEqual({ kind: "mapped", iova: base, size: BigInt(size) });
      for (const event of events.slice(0, -1)) expect(event.kind).toBe("walk");
    });
  });
});

describe("mapped", () => {
  it("may be left out", () => {
    const memory = TableMemory.create({ bytes: MIB });
    const journal = flushJournal();
    const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: journal.flush });
    table.map(0, 0, 4096, RW);
    expect(journal.take()).toEqual([]);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});
