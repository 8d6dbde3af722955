// Lists whose runs of neighbours begin, break and end where the loops over lists go on to the next step, table or part.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, IoPageTable, riscv, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "../support/flushJournal.js";
import { checkLikeRuns } from "./compare.js";
import { RW, randomFrom } from "./listCase.js";

const PAGE = 4096;
const IN_2M = 512;
const IOVA = 2n ** 32n;
const format = () => armLpaeS1({ ias: 48, oas: 48 });
const contiguous = () => armLpaeS1({ ias: 48, oas: 48, contiguousHint: true });

/** Addresses of `count` neighbours from a frame on. */
const neighbours = (frame: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => (frame + i) * PAGE);
/** Pages of which no two are neighbours. */
const scattered = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => (0x10_0001 + ((i * 7919) % 65536) * 2) * PAGE);

/** What looks like a run to one who does not look at each page. */
const STEPS: [string, (i: number) => number][] = [
  ["two apart", (i) => 2 * i],
  ["each twice but the first", (i) => i + (i % 2)],
  ["as far apart as a page has bytes", (i) => 4096 * i],
  ["of which every other one is three further", (i) => (i % 2 === 0 ? (3 * i) / 2 : i)],
  ["of which every other one is three further, the second first", (i) => (i % 2 === 0 ? i : 1 + (3 * (i - 1)) / 2)],
  ["in pairs that are four apart", (i) => i + 2 * Math.floor(i / 2)],
  ["with a gap after the first pair", (i) => (i < 2 ? i : i + 1)],
  ["with two others between the pairs", (i) => (i % 4 < 2 ? i - 2 * Math.floor(i / 4) : 4096 + 2 * i)],
  ["that go backwards", (i) => 64 - i],
  ["of which every other one comes twice", (i) => 2 * Math.ceil(i / 2)],
  ["that are the next one again and again", () => 0],
  ["that go on for four", (i) => (i < 4 ? i : 9000 + 2 * i)],
  ["that go on for seven", (i) => (i < 7 ? i : 9000 + 2 * i)],
];
const pagesOf = (frame: number, count: number, step: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => (frame + step(i)) * PAGE);

describe("after the neighbours that fill a 2M leaf come pages", () => {
  const frame = 0x4_0000;
  const next = frame + IN_2M;
  it.each(STEPS)("%s", (_, step) => {
    const pages = [...neighbours(frame, IN_2M), ...pagesOf(next, 64, step)];
    checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages });
  });
  /** Where 2,048 numbers or 4,096 frames of 32 bits are copied at once, the leaf ends with the part. */
  it.each(STEPS)("%s, at the beginning of a part", (_, step) => {
    for (const part of [2048, 4096]) {
      const pages = [...scattered(part - IN_2M), ...neighbours(frame, IN_2M), ...pagesOf(next, 64, step)];
      checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages });
    }
  });

  it("that an array has beyond the part that is mapped", () => {
    const memory = TableMemory.create({ bytes: 2 ** 22 });
    const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
    const pages = memory.float64Array(2 * IN_2M);
    pages.set(neighbours(frame, 2 * IN_2M));
    table.mapList(IOVA, pages.subarray(0, IN_2M + 4), PAGE, RW);
    expect([...table.mappings()].map(({ iova, size }) => [iova, size])).toEqual([
      [IOVA, 2 ** 21],
      [IOVA + 2n ** 21n, 4 * PAGE],
    ]);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

/** Where a 2M leaf could begin, and with the first page, the second and the last as it would have them. */
it.each(STEPS)("512 pages are looked at each: %s", (_, step) => {
  const pages = pagesOf(0x4_0000, IN_2M, step);
  pages.splice(0, 2, ...neighbours(0x4_0000, 2));
  pages[IN_2M - 1] = (0x4_0000 + IN_2M - 1) * PAGE;
  checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages });
});

it("page 0 four times and then others, beside what is mapped", () => {
  const pages = [0, 0, 0, 0, ...scattered(28)];
  checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages }, (table) => table.map(IOVA + 2n ** 20n, 0, PAGE, RW));
});

it.each([5, 6, 7, 8, 9])("%i of the neighbours in an array, where two are a leaf", (count) => {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const table = new IoPageTable(memory, { format: amdV1({ ias: 48, oas: 48 }), flush: flushJournal().flush });
  const pages = memory.float64Array(64);
  pages.set(neighbours(0x4_0000, 64));
  table.mapList(IOVA, pages.subarray(0, count), PAGE, RW);
  expect(table.stats().mappedBytes).toBe(count * PAGE);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

it("a page of 2M takes the place of an empty table, and those after it are mapped", () => {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
  table.map(IOVA + 2n ** 21n, 0, PAGE, RW);
  // Linux's call leaves the table.
  table.unmapPages(IOVA + 2n ** 21n, PAGE, 1);
  const pages = [9, 5, 7, 3].map((frame) => frame * 2 ** 21);
  table.mapList(IOVA, pages, 2 ** 21, RW);
  expect([...table.mappings()].map(({ paddr }) => Number(paddr))).toEqual(pages);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

it("a gigabyte of 2M pages takes the place of an empty table of empty tables", () => {
  const memory = TableMemory.create({ bytes: 2 ** 22 });
  const table = new IoPageTable(memory, { format: format(), flush: flushJournal().flush });
  for (const page of [0n, 2n ** 21n]) {
    table.map(IOVA + page, 0, PAGE, RW);
    table.unmapPages(IOVA + page, PAGE, 1);
  }
  expect(memory.stats().tablePagesInUse).toBe(5);
  const pages = Array.from({ length: IN_2M }, (_, i) => 2 ** 30 + i * 2 ** 21);
  table.mapList(IOVA, pages, 2 ** 21, RW);
  expect([...table.mappings()]).toMatchObject([{ paddr: 2 ** 30, pageSize: 2 ** 30 }]);
  expect(memory.stats().tablePagesInUse).toBe(2);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});

it("a run that ends with the last frame of 32 bits does not go on with frame 0", () => {
  const last = 2 ** 32 - IN_2M;
  checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages: [...neighbours(last, IN_2M), ...neighbours(0, IN_2M)] });
});

/** A copied part has 2,048 numbers or 4,096 frames of 32 bits: the leaf begins before, at and after its end. */
describe.each([2047, 2048, 2049, 4095, 4096, 4097])("a 2M leaf that begins at entry %i", (at) => {
  it("is one leaf, wherever the list is copied", () => {
    const iova = IOVA - BigInt(at * PAGE);
    checkLikeRuns(format, { iova, pageSize: PAGE, pages: [...scattered(at), ...neighbours(0x8_0000, IN_2M), PAGE] });
  });
});

describe("among whole tables of single pages", () => {
  it.each([
    ["the last", 0],
    ["followed by others", IN_2M],
    ["followed by one page", 1],
  ])("2M of neighbours are one leaf, %s", (_, count) => {
    const pages = [...scattered(2 * IN_2M), ...neighbours(0x8_0000, IN_2M), ...scattered(count)];
    checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages });
  });

  it("2M of neighbours that are not aligned in memory are pages", () => {
    const pages = [...scattered(2 * IN_2M), ...neighbours(0x8_0001, IN_2M), ...scattered(IN_2M)];
    checkLikeRuns(format, { iova: IOVA, pageSize: PAGE, pages });
  });

  it("64K of neighbours are one leaf where the format has such", () => {
    const random = randomFrom(1);
    for (let run = 0; run < 4; run++) {
      const pages = scattered(3 * IN_2M);
      const at = 16 * random(pages.length / 16);
      pages.splice(at, 16, ...neighbours(0x8_0000, 16));
      checkLikeRuns(contiguous, { iova: IOVA, pageSize: PAGE, pages });
    }
  });
});

/** A frame number times 2^32 and more has no bit in the lower half of a vector's lane, so that nothing would be seen of it. */
it.each([0, 2 ** 13, 2 ** 15])("20 leaves of 512G, every other one at 0, from frame %i on", (from) => {
  const size = 2 ** 39;
  const pages = Array.from({ length: 20 }, (_, i) => (i % 2) * (from + 2 * i + 1) * size);
  for (const list of [pages, pages.toReversed()]) {
    checkLikeRuns(() => riscv({ ias: 57, oas: 56 }), { iova: 2n ** 48n, pageSize: size, pages: list });
  }
});
