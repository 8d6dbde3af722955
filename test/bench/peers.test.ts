import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type RawTables, tableDigest, tablePages } from "../../bench/harness/tableReader.js";
import { BigIntLpae } from "../../bench/peers/bigintLpae.js";
import { PHYS_BASE } from "../../bench/peers/peer.js";
import { arenaBuffer, tablesInUse } from "../../bench/peers/tableArena.js";
import { TypedArrayLpae } from "../../bench/peers/typedArrayLpae.js";

const READ = 1;
const WRITE = 2;
const CACHE = 4;
const NOEXEC = 8;
const MMIO = 16;
const PAGE = 0x1000;
const MEGA = 0x20_0000;
const GIGA = 0x4000_0000;
const ALL_SIZES = [PAGE, MEGA, GIGA];

class FlushLog {
  readonly calls: string[] = [];
  flushWalk(iova: number, size: number, granule: number): void {
    this.calls.push(`walk ${iova} ${size} ${granule}`);
  }
  flushRange(iova: number, size: number, granule: number): void {
    this.calls.push(`range ${iova} ${size} ${granule}`);
  }
}

/** Both peers behind one face of numbers. */
interface Peer {
  map(iova: number, paddr: number, size: number, prot: number): void;
  unmap(iova: number, size: number): number;
  translate(iova: number): number | null;
  access(iova: number, access: number): number;
  tables(): RawTables;
  inUse(): number;
  destroy(): void;
}

function typedArrays(pageSizes: readonly number[], flush = new FlushLog(), keepEmptyTables = false): Peer {
  const table = new TypedArrayLpae({ pageSizes, flush, keepEmptyTables });
  return {
    map: (iova, paddr, size, prot) => table.map(iova, paddr, size, prot),
    unmap: (iova, size) => table.unmap(iova, size),
    translate: (iova) => {
      const paddr = table.translate(iova);
      return paddr < 0 ? null : paddr;
    },
    access: (iova, access) => table.access(iova, access),
    tables: () => ({ buffer: arenaBuffer(), physBase: PHYS_BASE, rootPaddr: table.rootPaddr }),
    inUse: tablesInUse,
    destroy: () => table.destroy(),
  };
}

function bigint(pageSizes: readonly number[], flush = new FlushLog(), keepEmptyTables = false): Peer {
  const table = new BigIntLpae(64, { pageSizes, flush, keepEmptyTables });
  return {
    map: (iova, paddr, size, prot) => table.map(BigInt(iova), BigInt(paddr), BigInt(size), prot),
    unmap: (iova, size) => Number(table.unmap(BigInt(iova), BigInt(size))),
    translate: (iova) => {
      const paddr = table.translate(BigInt(iova));
      return paddr === null ? null : Number(paddr);
    },
    access: (iova, access) => Number(table.access(BigInt(iova), access)),
    tables: () => ({ buffer: table.buffer, physBase: PHYS_BASE, rootPaddr: table.rootPaddr }),
    inUse: () => table.tablesInUse,
    destroy: () => {},
  };
}

/** All entries that are not zero, table by table, depth first; those that point to tables without the address. */
function entriesOf(peer: Peer): string[] {
  const tables = peer.tables();
  const view = new BigUint64Array(tables.buffer);
  return tablePages(tables).flatMap(({ level, offset }) =>
    Array.from(view.subarray(offset / 8, offset / 8 + 512), (entry, index) => ({ entry, index }))
      .filter(({ entry }) => entry !== 0n)
      .map(({ entry, index }) => {
        const isTable = level < 3 && (entry & 3n) === 3n;
        return isTable ? `T ${level} ${index}` : `P ${level} ${index} ${entry.toString(16)}`;
      }),
  );
}

describe.each([
  ["typed arrays", typedArrays],
  ["BigInt", bigint],
])("the %s peer", (_, make) => {
  test("writes the descriptors of the Arm architecture manual", () => {
    const peer = make(ALL_SIZES);
    peer.map(0x12_3456_7000, 0x9_8765_4000, PAGE, READ | WRITE | CACHE | NOEXEC);
    peer.map(0x12_3456_8000, 0x3000, PAGE, READ);
    peer.map(0x12_3460_0000, 0x20_0000, MEGA, READ | WRITE | MMIO);
    peer.map(0x12_4000_0000, 0x7f_c000_0000, GIGA, WRITE | CACHE);
    expect(entriesOf(peer)).toEqual([
      "T 0 0",
      "T 1 72",
      "P 1 73 7fc0000f45",
      "T 2 418",
      "P 2 419 200e49",
      "P 3 359 60000987654f47",
      "P 3 360 3ec3",
    ]);
    peer.destroy();
  });

  test("chooses the largest pages as it goes and keeps the low half from wrapping", () => {
    const peer = make([PAGE, MEGA]);
    peer.map(MEGA - PAGE, 2 ** 32 - PAGE, PAGE + MEGA + PAGE, READ | WRITE);
    expect(entriesOf(peer)).toEqual([
      "T 0 0",
      "T 1 0",
      "T 2 0",
      "P 2 1 100000e41",
      "T 2 2",
      "P 3 511 fffffe43",
      "P 3 0 100200e43",
    ]);
    peer.unmap(MEGA - PAGE, PAGE + MEGA + PAGE);
    const pages = make([PAGE]);
    pages.map(0, 2 ** 32 - 3 * PAGE, 8 * PAGE, READ);
    expect(Array.from({ length: 8 }, (__, page) => pages.translate(page * PAGE))).toEqual(
      Array.from({ length: 8 }, (__, page) => 2 ** 32 + (page - 3) * PAGE),
    );
    pages.destroy();
    peer.destroy();
  });

  test("refuses a collision and leaves everything as it was", () => {
    const peer = make(ALL_SIZES);
    peer.map(5 * MEGA, 0, MEGA, READ);
    peer.map(9 * MEGA + 7 * PAGE, GIGA, PAGE, READ);
    const before = { entries: entriesOf(peer), inUse: peer.inUse() };
    expect(() => peer.map(4 * MEGA + PAGE, 0x10_0000, 2 * MEGA, READ)).toThrow("EEXIST");
    expect(() => peer.map(5 * MEGA, GIGA, PAGE, READ)).toThrow("EEXIST");
    expect(() => peer.map(9 * MEGA, PAGE, 16 * PAGE, READ)).toThrow("EEXIST");
    expect(() => peer.map(0, 0, GIGA, READ)).toThrow("EEXIST");
    expect({ entries: entriesOf(peer), inUse: peer.inUse() }).toEqual(before);
    peer.destroy();
  });

  test("refuses a part of a larger leaf and what is no whole page or outside", () => {
    const peer = make(ALL_SIZES);
    peer.map(MEGA, MEGA, 2 * MEGA, READ);
    const before = entriesOf(peer);
    expect(() => peer.unmap(MEGA + PAGE, PAGE)).toThrow("EINVAL");
    expect(() => peer.unmap(0, MEGA + PAGE)).toThrow("EINVAL");
    expect(() => peer.map(1, 0, PAGE, READ)).toThrow("EINVAL");
    expect(() => peer.map(0, 0, 0, READ)).toThrow("EINVAL");
    expect(() => peer.map(2 ** 48 - PAGE, 0, 2 * PAGE, READ)).toThrow("ERANGE");
    expect(() => peer.map(0, 2 ** 48, PAGE, READ)).toThrow("ERANGE");
    expect(entriesOf(peer)).toEqual(before);
    peer.destroy();
  });

  test("flushes once per unmap and frees empty tables after it, unless told to keep them", () => {
    const flush = new FlushLog();
    const peer = make([PAGE], flush);
    const empty = peer.inUse();
    peer.map(0, 0, 3 * PAGE, READ);
    expect(peer.unmap(PAGE, PAGE)).toBe(PAGE);
    expect(peer.unmap(PAGE, PAGE)).toBe(0);
    expect(peer.inUse()).toBe(empty + 3);
    expect(peer.unmap(0, GIGA)).toBe(2 * PAGE);
    expect(flush.calls).toEqual([`range ${PAGE} ${PAGE} ${PAGE}`, `walk 0 ${GIGA} ${PAGE}`]);
    expect(peer.inUse()).toBe(empty);
    peer.destroy();

    const keeping = make([PAGE], flush, true);
    keeping.map(0, 0, PAGE, READ);
    const standing = keeping.inUse();
    keeping.unmap(0, PAGE);
    expect(keeping.inUse()).toBe(standing);
    expect(flush.calls.at(-1)).toBe(`range 0 ${PAGE} ${PAGE}`);
    keeping.destroy();
  });

  test("answers accesses by the permissions of the leaf", () => {
    const peer = make([PAGE]);
    peer.map(0, 5 * PAGE, PAGE, READ | NOEXEC);
    peer.map(PAGE, 6 * PAGE, PAGE, READ | WRITE | 32);
    expect([1, 2, 4].map((kind) => peer.access(0x123, kind))).toEqual([5 * PAGE + 0x123, -2, -2]);
    expect([1, 2 | 8, 4 | 8].map((kind) => peer.access(PAGE, kind))).toEqual([-2, 6 * PAGE, 6 * PAGE]);
    expect(peer.access(2 * PAGE, 1)).toBe(-1);
    peer.destroy();
  });
});

/** Pages of a small window across a boundary of 1 GiB, so that every level takes part. */
const WINDOW = GIGA - 600 * PAGE;
const step = fc.record({
  map: fc.boolean(),
  page: fc.nat(1199),
  pages: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 700 })),
  frame: fc.integer({ min: 0xffc00, max: 0x100400 }),
});

test("both peers agree with a Map, answer by answer and entry by entry", () => {
  const property = fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
    const model = new Map<number, number>();
    const peers = [typedArrays([PAGE]), bigint([PAGE])];
    const empty = peers.map((peer) => peer.inUse());
    for (const { map, page, pages, frame } of steps) {
      const range = Array.from({ length: pages }, (_, i) => page + i);
      const taken = range.filter((one) => model.has(one));
      const iova = WINDOW + page * PAGE;
      for (const peer of peers) {
        if (!map) expect(peer.unmap(iova, pages * PAGE)).toBe(taken.length * PAGE);
        else if (taken.length > 0) expect(() => peer.map(iova, frame * PAGE, pages * PAGE, READ)).toThrow("EEXIST");
        else peer.map(iova, frame * PAGE, pages * PAGE, READ);
      }
      if (!map) for (const one of taken) model.delete(one);
      else if (taken.length === 0) for (const [i, one] of range.entries()) model.set(one, frame + i);
    }
    for (const peer of peers) {
      for (let page = 0; page < 1200; page += 1) {
        const frame = model.get(page);
        expect(peer.translate(WINDOW + page * PAGE + 5)).toBe(frame === undefined ? null : frame * PAGE + 5);
      }
    }
    expect(new Set(peers.map((peer) => tableDigest(peer.tables()))).size).toBe(1);
    for (const peer of peers) peer.unmap(WINDOW - GIGA / 2, GIGA);
    expect(peers.map((peer) => peer.inUse())).toEqual(empty);
    for (const peer of peers) peer.destroy();
  });
  fc.assert(property, { numRuns: 60, verbose: true });
});

test("no table of the arena is left", () => {
  expect(tablesInUse()).toBe(0);
});
