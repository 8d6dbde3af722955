// What map and mapPages write back for a walker that does not snoop: each entry that they write, once, and no neighbour of it.
import { expect, it } from "vitest";
import { armLpaeS1, armV7s, IoPageTable, Prot, TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";
import { NumberedPages } from "./support/numberedPages.js";

const K4 = 0x1000;
const M1 = 2 ** 20;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;
type Sync = (paddr: number, bytes: number) => void;
const incoherent = (syncForDevice: Sync) => ({ ias: 39, oas: 40, coherentWalk: false, syncForDevice });
const v7s = (syncForDevice: Sync) => armV7s({ ias: 32, oas: 32, coherentWalk: false, syncForDevice });

function end({ table, memory }: Pick<NumberedPages, "table" | "memory">): void {
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
}

it("a page in a table that stands: its entry alone", () => {
  const pages = new NumberedPages(8, (sync) => vtdSecondStage(incoherent(sync)));
  pages.table.map(0, 0, K4, RW);
  expect(pages.take()).toEqual(["0", "1", "0[0]", "2", "1[0]"]);
  pages.table.map(5 * K4, 0, K4, RW);
  expect(pages.take()).toEqual(["2[5]"]);
  end(pages);
});

it("a page in a table of the memory's own pool: its entry alone", () => {
  const synced: [number, number][] = [];
  useTable(vtdSecondStage(incoherent((...range) => void synced.push(range))), ({ table }) => {
    table.map(0, 0, K4, RW);
    synced.length = 0;
    table.map(5 * K4, 0, K4, RW);
    expect(synced).toEqual([[table.walk(5 * K4).at(-1)?.entryPaddr, 8]]);
  });
});

it("a block in the place of a table: the entry when it is cleared, and when it is the block's", () => {
  const pages = new NumberedPages(8, (sync) => armLpaeS1(incoherent(sync)));
  pages.table.map(0, 0, K4, RW);
  pages.take();
  expect(pages.table.mapPages(0, 0, M2, 1, RW)).toEqual({ mapped: M2, error: null });
  expect(pages.take()).toEqual(["1[0]", "flush", "1[0]"]);
  end(pages);
});

it("more tables than the core can note at once: each once, with its entry", () => {
  const TABLES = 500;
  const pages = new NumberedPages(4, v7s);
  pages.take();
  pages.table.map(0, K4, TABLES * M1, RW);
  // What was asked for last is used first.
  expect(pages.take()).toEqual(Array.from({ length: TABLES }, (_, i) => [`${TABLES - i}`, `0[${i}]`]).flat());
  end(pages);
});

it("the entry of a table at a physical address as large as the table before it", () => {
  const bytes = 2 ** 20;
  const bookkeeping = { offset: bytes, bytes: TableMemory.bookkeepingBytes(bytes) };
  const wasm = new WebAssembly.Memory({ initial: 64, maximum: 64 });
  const memory = TableMemory.over(wasm, { windows: [{ offset: 0, bytes, physBase: 0 }], bookkeeping });
  const offsets = [0x1000, 0x8000, 0x6000];
  const allocator = { alloc: () => offsets.shift() ?? null, free: () => undefined };
  const synced: [number, number][] = [];
  const format = vtdSecondStage(incoherent((...range) => void synced.push(range)));
  const table = new IoPageTable(memory, { format, flush: flushJournal().flush, allocator });
  synced.length = 0;
  table.map(0, 0, K4, RW);
  expect(synced).toEqual([
    [0x8000, 0x1000],
    [0x1000, 8],
    [0x6000, 0x1000],
    [0x8000, 8],
  ]);
  end({ table, memory });
});

it("in another realm, the entry of the table once more where no bit says that it is written back, and the page's", () => {
  const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 2 ** 31 });
  const { flush } = flushJournal();
  const table = new IoPageTable(memory, { format: v7s(() => undefined), flush });
  const synced: [number, number][] = [];
  const format = v7s((...range) => void synced.push(range));
  const second = IoPageTable.attach(TableMemory.attach(memory.share()), table.share(), { format, flush });
  table.map(0, 0, K4, RW);
  second.map(2 * K4, 0, K4, RW);
  expect(synced).toEqual(second.walk(2 * K4).map(({ entryPaddr }) => [entryPaddr, 4]));
  end({ table, memory });
});

it("the entries of a shared table say that they are written back, also where tables lie beyond 4 GiB", () => {
  const memory = TableMemory.create({ bytes: 2 ** 20, physBase: 5 * 2 ** 32 });
  const table = new IoPageTable(memory, {
    format: armLpaeS1(incoherent(() => undefined)),
    flush: flushJournal().flush,
  });
  table.share();
  table.map(0, 0, K4, RW);
  const entries = table.walk(0).slice(0, -1);
  expect(entries.map(({ entry }) => (entry >> 55n) & 1n)).toEqual([1n, 1n]);
  end({ table, memory });
});
