// The list calls as calls: their arguments, what becomes of large lists, and what is told to whom.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, IoPageTable, Prot, TableMemory } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { MIB, useTable } from "../support/fixture.js";
import { flushJournal } from "../support/flushJournal.js";
import { callsFor, RW, randomFrom } from "./listCase.js";

const PAGE = 4096;
const G1 = 2 ** 30;
const stage1 = () => armLpaeS1({ ias: 48, oas: 48 });
const census = (table: IoPageTable) => [...table.stats().leaves].sort(([a], [b]) => a - b);

describe("large leaves", () => {
  it.each([0, 1, 511, 512, 700])("a gigabyte of neighbours that begins %i pages into a list is one leaf", (before) => {
    const memory = TableMemory.create({ bytes: 64 * MIB });
    const pages = [...Array(before).keys()].map((i) => (2 * i + 1) * PAGE);
    for (let i = 0; i < 2 ** 18 + 3; i++) pages.push(8 * G1 + i * PAGE);
    const list = { iova: BigInt(4 * G1 - before * PAGE), pageSize: PAGE, pages };
    useTable(
      stage1(),
      ({ table }) => {
        for (const [says, call] of callsFor(memory, list)) {
          call(table);
          expect(census(table), says).toEqual([
            [PAGE, before + 3],
            [G1, 1],
          ]);
          expect(table.unmap(list.iova, pages.length * PAGE)).toBe(pages.length * PAGE);
        }
      },
      { memory },
    );
  });

  it("pages that are out of order at one place in the middle are no leaf", () => {
    useTable(stage1(), ({ table }) => {
      const pages = Float64Array.from({ length: 1024 }, (_, i) => G1 + i * PAGE);
      pages[700] = G1 + 701 * PAGE;
      pages[701] = G1 + 700 * PAGE;
      table.mapList(G1, pages, PAGE, RW);
      expect(census(table)).toEqual([
        [PAGE, 512],
        [2 * MIB, 1],
      ]);
      expect(table.iovaToPhys(G1 + 700 * PAGE)).toBe(G1 + 701 * PAGE);
    });
  });

  it("the same page again and again is as many pages", () => {
    useTable(stage1(), ({ table }) => {
      table.mapList(0, new Float64Array(1536).fill(0x20_0000), PAGE, RW);
      expect(census(table)).toEqual([[PAGE, 1536]]);
    });
  });

  it("a larger page size than the smallest joins to the next one", () => {
    useTable(stage1(), ({ table }) => {
      const pages = Float64Array.from({ length: 1030 }, (_, i) => 4 * G1 + i * 2 * MIB);
      table.mapList(8 * G1, pages, 2 * MIB, RW);
      expect(census(table)).toEqual([
        [2 * MIB, 6],
        [G1, 2],
      ]);
    });
  });
});

describe("arguments", () => {
  const NOT_PAGES: [string, unknown][] = [
    ["undefined", undefined],
    ["null", null],
    ["a number", PAGE],
    ["an object", { length: 1, 0: PAGE }],
    ["a Set", new Set([PAGE])],
    ["an Int32Array", Int32Array.of(PAGE)],
    ["a DataView", new DataView(new ArrayBuffer(8))],
    ["a BigInt64Array", BigInt64Array.of(4096n)],
    ["a Float32Array", Float32Array.of(PAGE)],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["an array with a string", [PAGE, "4096"]],
    ["an array with a bigint", [4096n]],
    ["an array with a hole", Object.assign(new Array(3), { 0: PAGE, 2: PAGE })],
    ["an empty array", []],
    ["an empty Float64Array", new Float64Array(0)],
    ["an empty BigUint64Array", new BigUint64Array(0)],
  ];

  it.each([...NOT_PAGES, ["a Uint32Array", Uint32Array.of(PAGE)] as const])("mapList refuses %s", (_, pages) => {
    useTable(stage1(), ({ table, memory }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      const failure = failureOf(() => table.mapList(0, pages as number[], PAGE, RW), "EINVAL");
      expect(failure.operation).toBe("mapList");
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
    });
  });

  it.each([...NOT_PAGES, ["an array", [1]] as const, ["a BigUint64Array", BigUint64Array.of(1n)] as const])(
    "mapFrames refuses %s",
    (_, frames) => {
      useTable(stage1(), ({ table }) => {
        const failure = failureOf(() => table.mapFrames(0, frames as Float64Array, PAGE, RW), "EINVAL");
        expect(failure.operation).toBe("mapFrames");
      });
    },
  );

  it.each([0, 1, PAGE + 1, 2 * PAGE, 2 ** 16, 2 ** 39, Number.NaN, -PAGE, 2 ** 70])(
    "page size %d is none of the table's",
    (pageSize) => {
      useTable(stage1(), ({ table }) => {
        failureOf(() => table.mapList(0, [0], pageSize, RW), "EINVAL");
        failureOf(() => table.mapFrames(0, Uint32Array.of(0), pageSize, RW), "EINVAL");
      });
    },
  );

  it("the address is aligned to the list's page size, and the range lies in the input space", () => {
    useTable(stage1(), ({ table }) => {
      failureOf(() => table.mapList(PAGE, [0], 2 * MIB, RW), "EINVAL");
      failureOf(() => table.mapList(4096n, [0], 2 * MIB, RW), "EINVAL");
      failureOf(() => table.mapList(2 ** 48 - PAGE, [0, 0], PAGE, RW), "ERANGE");
      failureOf(() => table.mapSegments(2 ** 48 - PAGE, [{ paddr: 0, size: 2 * PAGE }], RW), "ERANGE");
      failureOf(() => table.mapList(2 ** 48, [0], PAGE, RW), "ERANGE");
      expect(table.stats().leaves.size).toBe(0);
      table.mapList(2n ** 48n - 4096n, [PAGE], PAGE, RW);
      expect(table.iovaToPhys(2 ** 48 - 1)).toBe(2 * PAGE - 1);
    });
  });

  it("takes -0 for 0, as address, as page and as frame", () => {
    useTable(stage1(), ({ table }) => {
      table.mapList(-0, [-0, PAGE], PAGE, RW);
      expect(table.iovaToPhys(PAGE + 1)).toBe(PAGE + 1);
      table.mapFrames(G1, Float64Array.of(-0), PAGE, RW);
      expect(table.iovaToPhys(G1)).toBe(0);
    });
  });

  it("the protection is looked at before the list", () => {
    useTable(amdV1({ ias: 48, oas: 48 }), ({ table }) => {
      failureOf(() => table.mapList(0, [2 ** 51], PAGE, 0), "EINVAL");
      failureOf(() => table.mapList(0, [2 ** 51], PAGE, RW | Prot.memoryType(9)), "ENOTSUP");
      failureOf(() => table.mapSegments(0, [{ paddr: 0, size: PAGE }], Prot.CACHE), "EINVAL");
      expect(table.stats().leaves.size).toBe(0);
    });
  });

  it("a table that was opened or destroyed refuses lists", () => {
    useTable(stage1(), ({ table, memory }) => {
      const root = Number(table.registers.ttbr);
      const opened = IoPageTable.open(memory, { format: stage1(), root });
      failureOf(() => opened.mapList(0, [0], PAGE, RW), "ENOTSUP");
      failureOf(() => opened.mapFrames(0, Uint32Array.of(0), PAGE, RW), "ENOTSUP");
      failureOf(() => opened.mapSegments(0, [{ paddr: 0, size: PAGE }], RW), "ENOTSUP");
      const gone = new IoPageTable(memory, { format: stage1(), flush: flushJournal().flush });
      gone.destroy();
      failureOf(() => gone.mapList(0, [0], PAGE, RW), "EINVAL");
    });
  });
});

describe("who is told", () => {
  it("`mapped`, once, of the whole list", () => {
    const journal = flushJournal({ mapped: true });
    useTable(
      stage1(),
      ({ table }) => {
        table.mapList(G1, [0, 5 * PAGE, 6 * PAGE], PAGE, RW);
        expect(journal.take()).toEqual([{ kind: "mapped", iova: BigInt(G1), size: 0x3000n }]);
        table.mapSegments(2 * G1, [{ paddr: 0, size: 2 * PAGE }], RW, { start: PAGE, size: PAGE });
        expect(journal.take()).toEqual([{ kind: "mapped", iova: BigInt(2 * G1), size: 0x1000n }]);
        failureOf(() => table.mapList(G1, [0], PAGE, RW), "EEXIST");
        expect(journal.take()).toEqual([]);
      },
      { flush: journal.flush },
    );
  });

  it("a walker that does not snoop, of every byte that was written", () => {
    const synced: [number, number][] = [];
    const format = armLpaeS1({
      ias: 48,
      oas: 48,
      coherentWalk: false,
      syncForDevice: (paddr, bytes) => void synced.push([paddr, paddr + bytes]),
    });
    const memory = TableMemory.create({ bytes: 16 * MIB });
    const { physBase } = memory;
    useTable(
      format,
      ({ table }) => {
        // More tables than the core can tell of at once, and one that stands already.
        const random = randomFrom(11);
        const pages = Float64Array.from({ length: 600 * 512 + 100 }, () => random(2 ** 24) * PAGE);
        const iova = G1 + 7 * PAGE;
        table.map(iova + (pages.length + 1) * PAGE, 0, PAGE, RW);
        synced.length = 0;
        const words = new BigUint64Array(memory.buffer);
        const before = words.slice();
        table.mapList(iova, pages, PAGE, RW);
        const told = new Uint8Array(words.length);
        for (const [from, to] of synced) told.fill(1, (from - physBase) / 8, (to - physBase) / 8);
        const [first] = synced.reduce(([low], [from]) => [Math.min(low, from)], [Number.POSITIVE_INFINITY]);
        let written = 0;
        // The library's own records stand before the tables.
        for (let i = ((first ?? 0) - physBase) / 8; i < words.length; i++) {
          if (words[i] === before[i]) continue;
          written++;
          if (told[i] === 0) throw new Error(`the word at ${i * 8} was not told`);
        }
        expect(written).toBeGreaterThan(pages.length);
      },
      { memory },
    );
  });

  it("the device, of a new top once the list is mapped; what it throws takes the list back", () => {
    const modes: number[] = [];
    let fails = true;
    const format = amdV1({
      ias: 64,
      oas: 52,
      startLevels: 2,
      changeTop: (_root, mode) => {
        modes.push(mode);
        if (fails) throw new Error("no");
      },
    });
    useTable(format, ({ table, memory }) => {
      table.map(0, 0, PAGE, RW);
      const before = { dump: table.dump(), inUse: memory.stats().tablePagesInUse };
      const pages = Float64Array.from({ length: 9000 }, (_, i) => ((i * 7) % 1000) * PAGE);
      expect(() => table.mapList(2 ** 40, pages, PAGE, RW)).toThrow("no");
      expect({ dump: table.dump(), inUse: memory.stats().tablePagesInUse }).toEqual(before);
      fails = false;
      table.mapList(2 ** 40, pages, PAGE, RW);
      expect(modes).toEqual([4, 4]);
      expect(table.iovaToPhys(2 ** 40 + PAGE)).toBe(7 * PAGE);
    });
  });

  it("nobody, of a growth for a list that is refused", () => {
    const format = amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop: () => undefined });
    useTable(format, ({ table, memory }) => {
      const before = { dump: table.dump(), stats: memory.stats() };
      failureOf(() => table.mapList(2 ** 40, [PAGE, 1], PAGE, RW), "EINVAL");
      failureOf(() => table.mapList(2 ** 40, new Float64Array(9000).fill(0.5), PAGE, RW), "EINVAL");
      expect({ dump: table.dump(), stats: memory.stats() }).toEqual(before);
    });
  });
});
