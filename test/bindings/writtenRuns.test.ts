// What is written back for a walker that does not snoop, run by run, on every format that has such walkers: a new table whole and once, before the
// entry that points to it; a run of entries as one; nothing that was not written; all of it before the flush.
import { describe, expect, it } from "vitest";
import {
  amdV1,
  appleDart,
  appleDart2,
  armLpaeS1,
  armLpaeS2,
  armMaliLpae,
  armV7s,
  type Format,
  type IoPageTable,
  Prot,
  riscv,
  vtdSecondStage,
  x86_64,
} from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { itemsNamed, NumberedPages } from "./support/numberedPages.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;

type Sync = (paddr: number, bytes: number) => void;
interface Walker {
  name: string;
  itemBytes: number;
  /** Tables below the root on the way to a page: 1, 2, … `depth`. */
  depth: number;
  /** A leaf of the level above the smallest, and how many items it has. */
  block: number;
  format: (syncForDevice: Sync) => Format;
}

const incoherent = (syncForDevice: Sync) => ({ coherentWalk: false, syncForDevice });
const WALKERS: readonly Walker[] = [
  {
    name: "S1 4K",
    itemBytes: 8,
    depth: 3,
    block: 2 ** 21,
    format: (sync) => armLpaeS1({ ias: 48, oas: 48, ...incoherent(sync) }),
  },
  {
    name: "S2 4K, root of two tables",
    itemBytes: 8,
    depth: 2,
    block: 2 ** 21,
    format: (sync) => armLpaeS2({ ias: 40, oas: 40, ...incoherent(sync) }),
  },
  {
    name: "Mali",
    itemBytes: 8,
    depth: 3,
    block: 2 ** 21,
    format: (sync) => armMaliLpae({ ias: 48, oas: 40, ...incoherent(sync) }),
  },
  {
    name: "v7s",
    itemBytes: 4,
    depth: 1,
    block: 2 ** 20,
    format: (sync) => armV7s({ ias: 32, oas: 32, ...incoherent(sync) }),
  },
  {
    name: "VT-d",
    itemBytes: 8,
    depth: 2,
    block: 2 ** 21,
    format: (sync) => vtdSecondStage({ ias: 39, oas: 48, ...incoherent(sync) }),
  },
  {
    name: "x86-64",
    itemBytes: 8,
    depth: 3,
    block: 2 ** 21,
    format: (sync) => x86_64({ ias: 48, oas: 48, ...incoherent(sync) }),
  },
];

/** Tables `from` to `to`, each whole and then the entry for it in the one before. */
const newTables = (from: number, to: number, index = 0) =>
  Array.from({ length: to - from + 1 }, (_, i) => [`${from + i}`, `${from + i - 1}[${index}]`]).flat();

describe.each(WALKERS)("$name", ({ itemBytes, depth, block, format }) => {
  const leaf = depth;
  const above = depth - 1;

  function begin(): NumberedPages {
    const pages = new NumberedPages(itemBytes, format);
    expect(pages.take()).toEqual(["0"]);
    return pages;
  }

  function end({ table, memory }: NumberedPages): void {
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  }

  /** Pages 1..3 are mapped. */
  function beginWithPages(): NumberedPages {
    const pages = begin();
    pages.table.map(PAGE, PAGE, 3 * PAGE, RW);
    expect(pages.take()).toEqual(newTables(1, depth));
    return pages;
  }

  it("a run in a table that stands is one report", () => {
    const pages = beginWithPages();
    pages.table.map(8 * PAGE, 8 * PAGE, 5 * PAGE, RW);
    expect(pages.take()).toEqual([`${leaf}[8..12]`]);
    pages.table.map(20 * PAGE, PAGE, PAGE, RW);
    expect(pages.take()).toEqual([`${leaf}[20]`]);
    end(pages);
  });

  it("a run over two tables is one report in each", () => {
    const pages = beginWithPages();
    pages.table.map(block - 2 * PAGE, PAGE, 4 * PAGE, RW);
    const lastItem = block / PAGE - 1;
    expect(pages.take()).toEqual([`${leaf}[${lastItem - 1}..${lastItem}]`, `${leaf + 1}`, `${above}[1]`]);
    end(pages);
  });

  it("blocks are one report", () => {
    const pages = beginWithPages();
    pages.table.map(5 * block, 5 * block, 3 * block, RW);
    expect(pages.take()).toEqual([`${above}[5..7]`]);
    expect(pages.table.unmap(5 * block, 3 * block)).toBe(3 * block);
    expect(pages.take()).toEqual([`${above}[5..7]`, "flush"]);
    end(pages);
  });

  it("unmapping is one report per run, and the flush comes after", () => {
    const pages = beginWithPages();
    pages.table.unmap(2 * PAGE, PAGE);
    expect(pages.take()).toEqual([`${leaf}[2]`, "flush"]);
    pages.table.map(2 * PAGE, PAGE, PAGE, RW);
    pages.take();
    pages.table.unmap(PAGE, 2 * PAGE);
    expect(pages.take()).toEqual([`${leaf}[1..2]`, "flush"]);
    end(pages);
  });

  it("a table that becomes empty is cut off by its parent's entry alone", () => {
    const pages = beginWithPages();
    pages.table.map(5 * block, 0, block, RW);
    pages.take();
    pages.table.unmap(0, block);
    expect(pages.take()).toEqual([`${above}[0]`, "flush"]);
    end(pages);
  });

  it("Linux's calls report the same runs", () => {
    const pages = beginWithPages();
    expect(pages.table.mapRange(8 * PAGE, 8 * PAGE, 4 * PAGE, RW).mapped).toBe(4 * PAGE);
    expect(pages.take()).toEqual([`${leaf}[8..11]`]);
    expect(pages.table.unmapRange(8 * PAGE, 4 * PAGE)).toBe(4 * PAGE);
    expect(pages.take()).toEqual([`${leaf}[8..11]`, "flush"]);
    expect(pages.table.mapPages(8 * PAGE, 0, PAGE, 4, RW).mapped).toBe(4 * PAGE);
    expect(itemsNamed(pages.take(), pages.items())).toEqual([8, 9, 10, 11].map((i) => `${leaf}[${i}]`));
    expect(pages.table.unmapPages(8 * PAGE, PAGE, 4)).toBe(4 * PAGE);
    expect(pages.take()).toEqual([`${leaf}[8..11]`, "flush"]);
    end(pages);
  });

  it("Linux's calls cut off a table by its parent's entry alone, and so does trim", () => {
    const pages = beginWithPages();
    const written = (): string[] => pages.take().filter((one) => one !== "flush");
    expect(pages.table.unmapPages(0, block, 1)).toBe(block);
    expect(written()).toEqual([`${above}[0]`]);
    pages.table.map(0, PAGE, block, RW);
    expect(written()).toEqual([`${leaf + 1}`, `${above}[0]`]);
    expect(pages.table.unmapRange(0, block)).toBe(block);
    expect(written()).toEqual([`${leaf + 1}`, `${above}[0]`]);
    pages.table.mapPages(0, PAGE, PAGE, 1, RW);
    expect(written()).toEqual([`${leaf + 2}`, `${above}[0]`]);
    expect(pages.table.unmapPages(0, PAGE, 1)).toBe(PAGE);
    expect(written()).toEqual([`${leaf + 2}[0]`]);
    expect(pages.table.trim()).toBe(depth);
    expect(written()).toEqual(Array.from({ length: depth }, (_, i) => `${above - i}[0]`));
    end(pages);
  });

  it("a gather puts off the flush, not the write-back", () => {
    const pages = beginWithPages();
    const gather = pages.table.gather();
    pages.table.unmap(PAGE, PAGE, { gather });
    expect(pages.take()).toEqual([`${leaf}[1]`]);
    gather.sync();
    expect(pages.take()).toEqual(["flush"]);
    end(pages);
  });

  it("nothing is reported that did not change: reading, refused calls, unmaps that find nothing, destroying", () => {
    const pages = beginWithPages();
    failureOf(() => pages.table.map(0, 0, PAGE, 0), "EINVAL");
    failureOf(() => pages.table.map(PAGE, 0, PAGE, RW), "EEXIST");
    expect(pages.table.mapPages(PAGE, 0, PAGE, 1, RW)).toEqual({ mapped: 0, error: "EEXIST" });
    expect(pages.table.unmap(64 * PAGE, PAGE)).toBe(0);
    pages.table.walk(PAGE);
    expect(pages.table.stats().mappedBytes).toBe(3 * PAGE);
    expect(pages.take()).toEqual([]);
    pages.table.destroy();
    expect(pages.take()).toEqual(["flush"]);
    expect(pages.memory.stats().tablePagesInUse).toBe(0);
  });

  it.each<{ says: string; change: (table: IoPageTable) => unknown }>([
    { says: "a map that meets several levels", change: (t) => t.map(9 * block - PAGE, PAGE, 2 * block + 2 * PAGE, RW) },
    { says: "a map that fails half way", change: (t) => failureOf(() => t.map(0, 0x40000, 4 * PAGE, RW), "EEXIST") },
    {
      says: "a map that fails in another table",
      change: (t) => failureOf(() => t.map(3 * block, 0, 2 * block, RW), "EEXIST"),
    },
    { says: "an unmap with holes", change: (t) => t.unmap(0, 64 * PAGE) },
    { says: "an unmap that splits at both ends", change: (t) => t.unmap(4 * block + PAGE, block) },
    { says: "an unmap over tables and blocks", change: (t) => t.unmap(0, 5 * block) },
    { says: "mapPages of a block over a table", change: (t) => t.mapPages(0, 0, block, 1, RW) },
  ])("every item that $says leaves changed is reported, and nothing outside the tables", ({ change }) => {
    const pages = beginWithPages();
    pages.table.map(4 * block, 4 * block, 3 * block, RW);
    pages.take();
    const before = pages.items();
    change(pages.table);
    const after = pages.items();
    const reports = pages.take().filter((report) => report !== "flush");
    expect(reports.filter((report) => report.includes("outside"))).toEqual([]);
    const named = new Set(itemsNamed(reports, after));
    const changed = [...after].filter(([name, item]) => (before.get(name) ?? 0n) !== item).map(([name]) => name);
    expect(changed.filter((name) => !named.has(name))).toEqual([]);
    end(pages);
  });
});

describe("a walker that does not snoop is ENOTSUP", () => {
  it.each<{ name: string; make: () => unknown }>([
    { name: "AMDv1", make: () => amdV1({ ias: 48, oas: 52, coherentWalk: false }) },
    { name: "RISC-V", make: () => riscv({ ias: 39, oas: 56, coherentWalk: false }) },
    { name: "DART", make: () => appleDart({ ias: 32, oas: 36, coherentWalk: false }) },
    { name: "DART2", make: () => appleDart2({ ias: 32, oas: 36, coherentWalk: false }) },
  ])("on $name", ({ make }) => {
    failureOf(make, "ENOTSUP");
  });
});
