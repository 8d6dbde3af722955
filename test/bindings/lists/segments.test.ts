// SegmentList, and mapSegments with any part of one.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  armLpaeS1,
  type Format,
  IoPageTable,
  riscv,
  SegmentList,
  type Segments,
  TableMemory,
} from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { MIB, useTable } from "../support/fixture.js";
import { flushJournal } from "../support/flushJournal.js";
import { RW, randomFrom } from "./listCase.js";

const SEED = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e9);
const PAGE = 4096;
const G1 = 2 ** 30;
const FORMATS: [string, () => Format][] = [
  ["ARM", () => armLpaeS1({ ias: 48, oas: 48 })],
  ["ARM with the contiguous hint", () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true })],
  ["AMDv1, growing", () => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined })],
  ["RISC-V", () => riscv({ ias: 48, oas: 56, svnapot: true })],
];

type Segment = { paddr: number; size: number };

/** Segments of a few pages; some continue the one before, some fit large leaves. */
function randomSegments(random: (below: number) => number): Segment[] {
  const segments: Segment[] = [];
  for (let left = 1 + random(60); left > 0; left--) {
    const last = segments.at(-1);
    const size = (random(8) === 0 ? 512 + random(1200) : 1 + random(20)) * PAGE;
    const joins = last !== undefined && random(4) === 0;
    const paddr = joins ? last.paddr + last.size : (random(2) === 0 ? random(2 ** 16) * 512 : random(2 ** 24)) * PAGE;
    segments.push({ paddr, size });
  }
  return segments;
}

/** The part of segments from `start` on, its neighbours joined. */
function cut(segments: readonly Segment[], start: number, size: number): Segment[] {
  const pieces: Segment[] = [];
  let at = 0;
  for (const segment of segments) {
    const from = Math.max(start, at);
    const to = Math.min(start + size, at + segment.size);
    const paddr = segment.paddr + from - at;
    at += segment.size;
    if (from >= to) continue;
    const last = pieces.at(-1);
    if (last !== undefined && last.paddr + last.size === paddr) last.size += to - from;
    else pieces.push({ paddr, size: to - from });
  }
  return pieces;
}

function dumpOf(format: () => Format, map: (table: IoPageTable) => void): string {
  const memory = TableMemory.create({ bytes: 8 * MIB });
  const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
  map(table);
  const dump = table.dump();
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
  return dump;
}

describe.each(FORMATS)("%s", (_name, format) => {
  it(`any part is mapped as its contiguous runs are, seed ${SEED}`, () => {
    const random = randomFrom(SEED);
    for (let run = 0; run < 12; run++) {
      const segments = randomSegments(random);
      const pages = segments.reduce((sum, { size }) => sum + size, 0) / PAGE;
      const start = random(pages);
      const part = { start: start * PAGE, size: (1 + random(pages - start)) * PAGE };
      const iova = G1 - random(1024) * PAGE;
      const expected = dumpOf(format, (table) => {
        let at = iova;
        for (const { paddr, size } of cut(segments, part.start, part.size)) {
          table.map(at, paddr, size, RW);
          at += size;
        }
      });
      const says = `seed ${SEED}, run ${run}`;
      const map = (given: Segments) => dumpOf(format, (table) => table.mapSegments(iova, given, RW, part));
      expect(map(segments), says).toBe(expected);
      expect(map(new SegmentList(segments)), says).toBe(expected);
    }
  });
});

describe("mapSegments", () => {
  const segments = [
    { paddr: 0x10_0000, size: 0x3000 },
    { paddr: 0x20_0000, size: 0x1000 },
  ];

  it("maps the whole list without a part", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      table.mapSegments(0x5000, segments, RW);
      expect([...table.mappings()].map(({ iova, paddr, size }) => [iova, paddr, size])).toEqual([
        [0x5000n, 0x10_0000, 0x3000],
        [0x8000n, 0x20_0000, 0x1000],
      ]);
    });
  });

  it("joins segments to a leaf that none of them is", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      const pieces = Array.from({ length: 1024 }, (_, i) => ({ paddr: G1 + i * MIB, size: MIB }));
      table.mapSegments(G1, pieces, RW);
      expect([...table.stats().leaves]).toEqual([[G1, 1]]);
      table.mapSegments(2 * G1 - G1 / 2 + G1, pieces, RW, { start: 512 * MIB, size: 4 * MIB });
      expect(table.iovaToPhys(2 * G1 + G1 / 2)).toBe(G1 + 512 * MIB);
    });
  });

  it("maps a segment up to the last byte of the output space", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      table.mapSegments(0, [{ paddr: 2 ** 48 - 3 * PAGE, size: 3 * PAGE }], RW);
      expect(table.iovaToPhys(3 * PAGE - 1)).toBe(2 ** 48 - 1);
    });
  });

  it("finds a part far inside a long list", () => {
    const long = new SegmentList(
      Array.from({ length: 100_000 }, (_, i) => ({ paddr: (2 * i + 1) * 16 * PAGE, size: (1 + (i % 3)) * PAGE })),
    );
    expect(long.length).toBe(100_000);
    expect(long.size).toBe(199_999 * PAGE);
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      // Three segments have six pages: the part begins in the middle of segment 99,998, which has three.
      const start = (33_332 * 6 + 4) * PAGE;
      table.mapSegments(0, long, RW, { start, size: 3 * PAGE });
      const last = (i: number) => (2 * i + 1) * 16 * PAGE;
      expect(table.iovaToPhys(0)).toBe(last(99_998) + PAGE);
      expect(table.iovaToPhys(PAGE)).toBe(last(99_998) + 2 * PAGE);
      expect(table.iovaToPhys(2 * PAGE)).toBe(last(99_999));
      table.mapSegments(G1, long, RW);
      expect(table.stats().mappedBytes).toBe(199_999 * PAGE + 3 * PAGE);
      expect(table.iovaToPhys(G1 + 199_998 * PAGE)).toBe(last(99_999));
    });
  });

  it.each([
    { says: "start beyond the list", part: { start: 0x5000, size: 0x1000 } },
    { says: "longer than the list", part: { start: 0, size: 0x5000 } },
    { says: "past the end", part: { start: 0x3000, size: 0x2000 } },
    { says: "nothing", part: { start: 0, size: 0 } },
    { says: "a misaligned start", part: { start: 0x800, size: 0x1000 } },
    { says: "a misaligned size", part: { start: 0, size: 0x800 } },
    { says: "a negative start", part: { start: -0x1000, size: 0x1000 } },
    { says: "a fraction", part: { start: 0, size: 0x1000 + 0.5 } },
    { says: "NaN", part: { start: Number.NaN, size: 0x1000 } },
    { says: "no size", part: { start: 0 } },
    { says: "no start", part: { size: 0x1000 } },
    { says: "null", part: null },
    { says: "a number", part: 0x1000 },
  ])("refuses a part that is $says", ({ part }) => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      for (const given of [segments, new SegmentList(segments)]) {
        const failure = failureOf(
          () => table.mapSegments(0, given, RW, part as { start: number; size: number }),
          "EINVAL",
        );
        expect(failure.operation).toBe("mapSegments");
      }
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
      expect(journal.take()).toEqual([]);
    });
  });

  it.each([
    { says: "misaligned", bad: { paddr: 0x30_0800, size: 0x1000 }, code: "EINVAL" },
    { says: "no multiple of a page", bad: { paddr: 0x30_0000, size: 0x1800 }, code: "EINVAL" },
    { says: "outside", bad: { paddr: 2 ** 48, size: 0x1000 }, code: "ERANGE" },
    { says: "partly outside", bad: { paddr: 2 ** 48 - 0x1000, size: 0x2000 }, code: "ERANGE" },
    { says: "far outside", bad: { paddr: 2 ** 60, size: 0x1000 }, code: "ERANGE" },
  ] as const)("refuses a segment that is $says, wherever it stands, and nothing is touched", ({ bad, code }) => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory, journal }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      for (const count of [1, 2, 511, 512, 513, 1100]) {
        const list = Array.from({ length: count }, (_, i) => ({ paddr: (2 * i + 1) * PAGE, size: PAGE }));
        for (const index of new Set([0, Math.floor(count / 2), count - 1])) {
          const given = list.toSpliced(index, 0, bad);
          // What the bad one makes misaligned at the end of the range is put right, so that it is the segment that is refused.
          if (bad.size % PAGE !== 0) given.push({ paddr: 2 ** 30, size: PAGE - (bad.size % PAGE) });
          const failure = failureOf(() => table.mapSegments(G1, given, RW), code);
          expect(failure.iova, failure.message).toBe(BigInt(G1 + index * PAGE));
        }
      }
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
      expect(journal.take()).toEqual([]);
    });
  });

  it("takes a part around a segment that does not fit", () => {
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      const list = [...segments, { paddr: 2 ** 50, size: 0x1000 }, { paddr: 0x40_0000, size: 0x1000 }];
      table.mapSegments(0, list, RW, { start: 0, size: 0x4000 });
      table.mapSegments(0x5000, list, RW, { start: 0x5000, size: 0x1000 });
      failureOf(() => table.mapSegments(0x8000, list, RW, { start: 0x3000, size: 0x2000 }), "ERANGE");
      expect(table.iovaToPhys(0x5000)).toBe(0x40_0000);
    });
  });
});

describe("SegmentList", () => {
  it("keeps what it was made from", () => {
    const given = [{ paddr: 0x1000, size: 0x1000 }];
    const list = new SegmentList(given);
    given[0] = { paddr: 0x9000, size: 0x9000 };
    given.push({ paddr: 0, size: 0x1000 });
    expect([list.size, list.length]).toEqual([0x1000, 1]);
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      table.mapSegments(0, list, RW);
      expect(table.iovaToPhys(0)).toBe(0x1000);
      expect(table.stats().mappedBytes).toBe(0x1000);
    });
  });

  it("has a size and a length, which do not change", () => {
    const list = new SegmentList([
      { paddr: 0, size: 1 },
      { paddr: 1, size: 2 ** 40 },
    ]);
    expect([list.size, list.length]).toEqual([2 ** 40 + 1, 2]);
    expect(() => Object.assign(list, { size: 5 })).toThrow(TypeError);
    expect(list.size).toBe(2 ** 40 + 1);
  });

  it("of nothing is nothing to map", () => {
    const list = new SegmentList([]);
    expect([list.size, list.length]).toEqual([0, 0]);
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      failureOf(() => table.mapSegments(0, list, RW), "EINVAL");
      failureOf(() => table.mapSegments(0, [], RW), "EINVAL");
    });
  });

  it.each([
    { says: "no array", segments: { 0: { paddr: 0, size: 1 }, length: 1 } },
    { says: "undefined", segments: undefined },
    { says: "a hole", segments: Object.assign(new Array(2), { 1: { paddr: 0, size: 1 } }) },
    { says: "null", segments: [null] },
    { says: "a number", segments: [4096] },
    { says: "no address", segments: [{ size: 1 }] },
    { says: "no size", segments: [{ paddr: 1 }] },
    { says: "a size of 0", segments: [{ paddr: 1, size: 0 }] },
    { says: "NaN", segments: [{ paddr: Number.NaN, size: 1 }] },
    { says: "a size that is NaN", segments: [{ paddr: 0, size: Number.NaN }] },
    { says: "infinite", segments: [{ paddr: 0, size: Number.POSITIVE_INFINITY }] },
    { says: "negative", segments: [{ paddr: -4096, size: 4096 }] },
    { says: "a fraction", segments: [{ paddr: 0.5, size: 4096 }] },
    { says: "a bigint", segments: [{ paddr: 0n, size: 4096 }] },
    { says: "a string", segments: [{ paddr: "0", size: 4096 }] },
    { says: "above 2^53 and no page multiple", segments: [{ paddr: 2 ** 53 + 2, size: 4096 }] },
    { says: "past 2^64", segments: [{ paddr: 2 ** 64 - 4096, size: 8192 }] },
    {
      says: "more bytes than a number counts",
      segments: [
        { paddr: 0, size: 2 ** 53 },
        { paddr: 0, size: 1 },
      ],
    },
  ])("refuses $says, and says which", ({ segments }) => {
    const failure = failureOf(() => new SegmentList(segments as Segment[]), "EINVAL");
    expect(failure.operation).toBe("SegmentList");
    if (Array.isArray(segments)) expect(failure.message).toMatch(/segments\[\d\]/);
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      const call = failureOf(() => table.mapSegments(0, segments as Segment[], RW), "EINVAL");
      expect(call.operation).toBe("mapSegments");
    });
  });

  it("is not made by anybody else", () => {
    const fake = Object.create(SegmentList.prototype) as SegmentList;
    useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
      failureOf(() => table.mapSegments(0, fake, RW), "EINVAL");
    });
  });
});
