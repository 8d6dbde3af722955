// "merge" and "exact" on every kind of format: what of several unmaps goes into which flush, at which granule, and when table pages become free.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  appleDart2,
  armLpaeS1,
  armV7s,
  type Format,
  type IoPageTable,
  Prot,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { type Fixture, useTable } from "./support/fixture.js";
import type { FlushEvent } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;

interface Row {
  name: string;
  format: () => Format;
  base: bigint;
  /** The smallest leaf, the next one that stands in a table of its own level, and the bytes that a leaf table covers. */
  page: bigint;
  block: bigint | null;
  table: bigint;
}

const K4 = { page: 2n ** 12n, block: 2n ** 21n, table: 2n ** 21n };
const K16 = { page: 2n ** 14n, block: null, table: 2n ** 25n };
const ROWS: readonly Row[] = [
  { name: "S1 4K", format: () => armLpaeS1({ ias: 48, oas: 48 }), base: 0n, ...K4 },
  {
    name: "S1 4K, TTBR1",
    format: () => armLpaeS1({ ias: 48, oas: 48, quirks: ["ARM_TTBR1"] }),
    base: 2n ** 64n - 2n ** 40n,
    ...K4,
  },
  {
    name: "v7s",
    format: () => armV7s({ ias: 32, oas: 32 }),
    base: 2n ** 30n,
    page: 2n ** 12n,
    block: 2n ** 20n,
    table: 2n ** 20n,
  },
  { name: "DART", format: () => appleDart({ ias: 36, oas: 36 }), base: 0n, ...K16 },
  { name: "DART2", format: () => appleDart2({ ias: 36, oas: 42 }), base: 2n ** 30n, ...K16 },
  { name: "AMDv1", format: () => amdV1({ ias: 64, oas: 48 }), base: 2n ** 63n, ...K4 },
  { name: "VT-d", format: () => vtdSecondStage({ ias: 48, oas: 48 }), base: 2n ** 40n, ...K4 },
  {
    name: "x86-64, upper half",
    format: () => x86_64({ ias: 48, oas: 48, signExtend: true }),
    base: 2n ** 64n - 2n ** 32n,
    ...K4,
  },
  { name: "RISC-V", format: () => riscv({ ias: 39, oas: 48 }), base: 0n, ...K4 },
];

/** Each page by itself, so that no larger leaf comes of them: output addresses two pages apart. */
function mapPages(table: IoPageTable, { base, page }: Row, first: bigint, count: number): void {
  for (let i = 0; i < count; i++) {
    table.map(base + first + BigInt(i) * page, Number(page) * 2 * (i + 1), Number(page), RW);
  }
}

const say = (kind: string, first: bigint, bytes: bigint, granule: bigint) => `${kind} ${first}+${bytes} by ${granule}`;

/** Flushes with addresses from the row's base on. */
function flushesFrom(base: bigint, events: readonly FlushEvent[]): string[] {
  return events.map((event) => {
    if (event.kind === "all" || event.kind === "mapped") return event.kind;
    return say(event.kind, event.iova - base, event.size, event.granule);
  });
}

describe.each(ROWS)("$name", (row) => {
  const { format, base, page, table: span } = row;
  const size = Number(page);
  const at = (pages: bigint) => base + pages * page;
  const flushed = ({ journal }: Fixture<unknown>) => flushesFrom(base, journal.take());

  it("merge: one range over pages that do not touch", () => {
    useTable(format(), (fixture) => {
      const { table } = fixture;
      mapPages(table, row, 0n, 12);
      const gather = table.gather();
      for (const n of [2n, 9n, 4n]) expect(table.unmap(at(n), size, { gather })).toBe(size);
      expect(flushed(fixture)).toEqual([]);
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", 2n * page, 8n * page, page)]);
    });
  });

  it("exact: each range by itself, those that touch joined", () => {
    const body = (fixture: Fixture<unknown>) => {
      const { table } = fixture;
      mapPages(table, row, 0n, 16);
      const gather = table.gather();
      for (const n of [2n, 3n, 1n, 9n, 6n]) table.unmap(at(n), size, { gather });
      table.unmapRange(at(12n), 2 * size, gather);
      table.unmapPages(at(14n), size, 1, gather);
      gather.sync();
      expect(flushed(fixture)).toEqual([
        say("range", page, 3n * page, page),
        say("range", 9n * page, page, page),
        say("range", 6n * page, page, page),
        say("range", 12n * page, 3n * page, page),
      ]);
    };
    useTable(format(), body, { gatherRanges: "exact" });
  });

  it("exact: one unmap over a hole is as many ranges as it has runs", () => {
    const body = (fixture: Fixture<unknown>) => {
      const { table } = fixture;
      mapPages(table, row, 0n, 3);
      mapPages(table, row, 7n * page, 3);
      const gather = table.gather();
      table.unmap(at(1n), 8 * size, { gather });
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", page, 2n * page, page), say("range", 7n * page, 2n * page, page)]);
    };
    useTable(format(), body, { gatherRanges: "exact" });
  });

  it.each(["merge", "exact"] as const)("%s: table pages are free after the sync, and not before", (gatherRanges) => {
    const body = (fixture: Fixture<unknown>) => {
      const { table, memory } = fixture;
      mapPages(table, row, 0n, 1);
      mapPages(table, row, 2n * span, 2);
      mapPages(table, row, 4n * span, 2);
      const pages = memory.stats().tablePagesInUse;
      const gather = table.gather();
      table.unmap(base + 2n * span, Number(span), { gather });
      expect(memory.stats().tablePagesInUse).toBe(pages);
      table.unmap(base + 4n * span, Number(span), { gather });
      const held = memory.stats().tablePagesInUse;
      expect(held).toBe(gatherRanges === "merge" ? pages : pages - 1);
      gather.sync();
      expect(memory.stats().tablePagesInUse).toBe(pages - 2);
      const events = flushed(fixture);
      expect(events.every((event) => event.startsWith("walk") && event.endsWith(`by ${page}`))).toBe(true);
      if (gatherRanges === "merge") expect(events).toEqual([say("walk", 2n * span, 3n * span, page)]);
      else expect(events).toEqual([say("walk", 2n * span, span, page), say("walk", 4n * span, span, page)]);
    };
    useTable(format(), body, { gatherRanges });
  });
});

/** Formats with a larger leaf that is one item. */
const BLOCKS = ROWS.flatMap((row) => (row.block === null ? [] : [{ ...row, bytes: row.block }]));

describe.each(BLOCKS)("$name, leaves of two sizes", (row) => {
  const { format, base, page, bytes } = row;
  const size = Number(page);
  const flushed = ({ journal }: Fixture<unknown>) => flushesFrom(base, journal.take());

  it("merge: the granule is the smallest leaf of all", () => {
    useTable(format(), (fixture) => {
      const { table } = fixture;
      mapPages(table, row, 0n, 2);
      table.map(base + 2n * bytes, Number(2n * bytes), Number(2n * bytes), RW);
      const leaf = BigInt(Math.max(...table.stats().leaves.keys()));
      const gather = table.gather();
      table.unmap(base + 2n * bytes, Number(2n * bytes), { gather });
      table.unmap(base + page, size, { gather });
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", page, 4n * bytes - page, page)]);
      table.map(base + 2n * bytes, Number(2n * bytes), Number(2n * bytes), RW);
      table.unmap(base + 2n * bytes, Number(2n * bytes), { gather });
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", 2n * bytes, 2n * bytes, leaf)]);
    });
  });

  it("exact: ranges that do not touch keep their own granules, those that touch share the smaller", () => {
    const body = (fixture: Fixture<unknown>) => {
      const { table } = fixture;
      mapPages(table, row, bytes - 2n * page, 2);
      mapPages(table, row, 0n, 2);
      // One block, so that its size is its granule on every format.
      table.map(base + bytes, Number(bytes), Number(bytes), RW);
      const gather = table.gather();
      table.unmap(base, size, { gather });
      table.unmap(base + bytes, Number(bytes), { gather });
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", 0n, page, page), say("range", bytes, bytes, bytes)]);
      table.map(base + bytes, Number(bytes), Number(bytes), RW);
      table.unmap(base + bytes, Number(bytes), { gather });
      table.unmap(base + bytes - page, size, { gather });
      gather.sync();
      expect(flushed(fixture)).toEqual([say("range", bytes - page, bytes + page, page)]);
    };
    useTable(format(), body, { gatherRanges: "exact" });
  });
});
