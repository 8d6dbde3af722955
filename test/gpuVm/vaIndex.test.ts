// The index against a sorted array.
import { describe, expect, test } from "vitest";
import { Cursor, type Range, VaIndex } from "../../bindings/gpuVm/vaIndex.js";
import { randomFrom } from "../programs/random.js";

class SortedArray {
  readonly ranges: Range[] = [];

  insert(range: Range): void {
    const at = this.ranges.findIndex(({ start }) => start > range.start);
    this.ranges.splice(at < 0 ? this.ranges.length : at, 0, range);
  }

  remove(range: Range): void {
    this.ranges.splice(this.ranges.indexOf(range), 1);
  }

  overlapping(start: number, end: number): Range[] {
    return this.ranges.filter((range) => range.start < end && range.end > start);
  }
}

function from(index: VaIndex<Range>, address: number): Range[] {
  const found: Range[] = [];
  const cursor = new Cursor<Range>();
  for (index.seek(cursor, address); cursor.range !== undefined; cursor.next()) found.push(cursor.range);
  return found;
}

function check(index: VaIndex<Range>, model: SortedArray, address: number, size: number): void {
  expect(index.at(address)).toBe(model.overlapping(address, address + 1)[0]);
  expect(index.overlaps(address, address + size)).toBe(model.overlapping(address, address + size).length !== 0);
  expect(from(index, address)).toEqual(model.overlapping(address, Number.POSITIVE_INFINITY));
}

describe("the index of mappings", () => {
  const seed = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 1e6);
  test.each([
    { says: "grows at random and shrinks at random", space: 4000, grows: 6 },
    { says: "stays full", space: 1500, grows: 9 },
    { says: "stays nearly empty", space: 3000, grows: 4 },
  ])(`$says, seed ${seed}`, ({ space, grows }) => {
    const random = randomFrom(seed);
    const index = new VaIndex<Range>();
    const model = new SortedArray();
    for (let i = 0; i < 3000; i++) {
      const start = random(space) * 4;
      const range = { start, end: start + 1 + random(8) };
      const there = model.overlapping(range.start, range.end);
      if (random(10) < grows && there.length === 0) {
        index.insert(range);
        model.insert(range);
      } else {
        for (const old of there) {
          index.remove(old);
          model.remove(old);
        }
      }
      expect(index.count).toBe(model.ranges.length);
      if (i % 60 === 0) check(index, model, random(space * 4), 1 + random(40));
    }
    for (const range of [...model.ranges]) {
      index.remove(range);
      model.remove(range);
      if (model.ranges.length % 200 === 0) check(index, model, random(space * 4), 1 + random(40));
    }
    expect(index.count).toBe(0);
  });

  test.each([
    { says: "ascending", order: (i: number) => i },
    { says: "descending", order: (i: number) => 20_000 - i },
    { says: "from both ends", order: (i: number) => (i % 2 === 0 ? i : 20_000 - i) },
  ])("takes $says addresses, and gives them up in that order too", ({ order }) => {
    const index = new VaIndex<Range>();
    const ranges = Array.from({ length: 20_000 }, (_, i) => ({ start: order(i) * 2, end: order(i) * 2 + 1 }));
    for (const range of ranges) index.insert(range);
    expect(from(index, 0).length).toBe(20_000);
    for (const range of ranges) expect(index.at(range.start)).toBe(range);
    ranges.slice(0, 19_000).forEach((range) => {
      index.remove(range);
    });
    const left = ranges.slice(19_000).sort((a, b) => a.start - b.start);
    expect(from(index, 0)).toEqual(left);
    for (const { start } of ranges.slice(0, 19_000)) expect(index.at(start)).toBe(undefined);
  });

  test("leaves alone what it does not have", () => {
    const index = new VaIndex<Range>();
    index.insert({ start: 0, end: 4 });
    index.remove({ start: 0, end: 4 });
    expect(index.count).toBe(1);
  });

  test("has addresses up to 2^64", () => {
    const index = new VaIndex<Range>();
    const last = { start: 2 ** 64 - 4096, end: 2 ** 64 };
    index.insert(last);
    index.insert({ start: 0, end: 4096 });
    expect(index.at(2 ** 64 - 4096)).toBe(last);
    expect(index.overlaps(4096, 2 ** 64 - 4096)).toBe(false);
    expect(index.overlaps(4096, 2 ** 64)).toBe(true);
  });
});
