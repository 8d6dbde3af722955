import { describe, expect, test } from "vitest";
import { AddressRanges } from "../../bindings/cli/replay/addressRanges.js";
import { bytesUpTo, hexAddress, hexNumber } from "../../bindings/cli/replay/hexNumber.js";
import { sizesText } from "../../bindings/cli/replay/numberText.js";
import { Op, OperationLog } from "../../bindings/cli/replay/operationLog.js";
import { pageSizeOption } from "../../bindings/cli/replay/optionValues.js";
import { flushSavings } from "../../bindings/cli/replay/widerGather.js";

describe("AddressRanges", () => {
  test("joins what touches and tells what is missing", () => {
    const ranges = new AddressRanges();
    ranges.add(0x3000, 0x1000);
    ranges.add(0x1000, 0x1000);
    expect(ranges.missing(0x0, 0x5000)).toBe(0x3000);
    expect(ranges.missing(0x1800, 0x1000)).toBe(0x800);
    ranges.add(0x2000, 0x1000);
    expect(ranges.missing(0x1000, 0x3000)).toBe(0);
    ranges.add(0x0, 0x10000);
    expect(ranges.missing(0x800, 0x10000)).toBe(0x800);
    expect(ranges.missing(0x20000, 0x1000)).toBe(0x1000);
  });
});

describe("AddressRanges, taken out of", () => {
  /** Of the bytes 0..23, those in the set, found one by one. */
  const bytesOf = (ranges: AddressRanges): number[] =>
    Array.from({ length: 24 }, (_, at) => at).filter((at) => ranges.missing(at, 1) === 0);

  test("remove and gaps agree with a set of bytes, for every range", () => {
    for (let start = 0; start < 24; start++) {
      for (let size = 1; start + size <= 24; size++) {
        const ranges = new AddressRanges();
        for (const at of [2, 8, 14]) ranges.add(at, 4);
        const before = bytesOf(ranges);
        const removed = (at: number): boolean => at >= start && at < start + size;
        const gaps = ranges
          .gaps(start, size)
          .flatMap((gap) => Array.from({ length: gap.size }, (_, i) => gap.start + i));
        expect(gaps).toEqual(Array.from({ length: size }, (_, i) => start + i).filter((at) => !before.includes(at)));
        const copy = ranges.copy();
        ranges.remove(start, size);
        expect(bytesOf(ranges)).toEqual(before.filter((at) => !removed(at)));
        expect(bytesOf(copy)).toEqual(before);
      }
    }
  });
});

describe("page sizes", () => {
  test("are told by the ends of longer runs", () => {
    const lg2 = [12, 13, 14, 15, 16, 20, 21, 30];
    expect(sizesText(lg2.map((size) => 2 ** size))).toBe("4K..64K, 1M, 2M, 1G");
  });

  test.each([
    ["4096", 4096],
    ["16k", 2 ** 14],
    ["2M", 2 ** 21],
    ["1G", 2 ** 30],
  ])("%s is read", (text, size) => {
    expect(pageSizeOption("--page-size", text)).toBe(size);
  });
});

describe("numbers of a record", () => {
  test("are exact where a number can be, and the page above", () => {
    expect(hexNumber("fffffffffffff")).toBe(2 ** 52 - 1);
    expect(hexNumber("ffffffffffffe000")).toBe(2 ** 64 - 0x2000);
    expect(hexAddress("fffdcd80")).toBe(0xfffdcd80);
    expect(hexAddress("ffffffffffffad00")).toBe(2 ** 64 - 0x6000);
    expect(bytesUpTo(0xfffdc000, "fffdcfff")).toBe(0x1000);
    expect(bytesUpTo(2 ** 64 - 0x2000, "ffffffffffffffff")).toBe(0x2000);
  });
});

describe("flushSavings", () => {
  function log(requests: number, reuse: boolean): OperationLog {
    const made = new OperationLog();
    for (let request = 0; request < requests; request++) {
      const iova = 0x10000 + (reuse ? 0 : request * 0x1000);
      for (const kind of [Op.MAP, Op.UNMAP, Op.SYNC]) {
        const at = made.add(kind, 0);
        made.columns.iova[at] = iova;
        made.columns.bytes[at] = 0x1000;
      }
    }
    return made;
  }

  test("one sync serves as many requests as it waits for", () => {
    const savings = flushSavings(log(100, false));
    expect(savings.recorded).toBe(100);
    expect(savings.gathers).toEqual([
      { requests: 8, syncs: 13, early: 0 },
      { requests: 32, syncs: 4, early: 0 },
      { requests: 128, syncs: 1, early: 0 },
    ]);
    expect(savings.queue).toEqual({ entries: 256, flushes: 1 });
  });

  test("an address that is mapped again cannot wait", () => {
    const { gathers } = flushSavings(log(100, true));
    expect(gathers[1]).toEqual({ requests: 32, syncs: 100, early: 99 });
  });
});
