// Tables of the library's own in which something else has changed a word: what is done with them ends, and touches nothing but tables.
import { describe, expect, it } from "vitest";
import { amdV1, armLpaeS1, type Format, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const K4 = 2 ** 12;
const M2 = 2 ** 21;
const G1 = 2 ** 30;

interface Subject {
  readonly memory: TableMemory;
  readonly table: IoPageTable;
  readonly words: BigUint64Array;
  /** The index in `words` of the last entry on the way to an address. */
  entryOf(iova: number): number;
}

function subject(format: Format): Subject {
  const memory = TableMemory.create({ bytes: 2 ** 23 });
  const table = new IoPageTable(memory, { format, flush: flushJournal().flush });
  const words = new BigUint64Array(memory.buffer);
  const entryOf = (iova: number) => ((table.walk(iova).at(-1)?.entryPaddr ?? 0) - memory.physBase) / 8;
  return { memory, table, words, entryOf };
}

const arm = () => subject(armLpaeS1({ ias: 39, oas: 40 }));

describe("an entry that points into the memory, but to no table of the library's", () => {
  /** A page that no table has, nor records for it; those of its place in 64 KiB would be the first bytes of all. */
  const foreign = 2 ** 23 - 2 ** 16;

  function withForeignEntry(): Subject {
    const s = arm();
    s.table.map(0, 0, K4, RW);
    // The first free entry of the root.
    s.words[s.entryOf(G1)] = BigInt(s.memory.physBase + foreign) | 3n;
    return s;
  }

  it.each<[string, (table: IoPageTable) => unknown]>([
    ["map", (table) => table.map(G1, 0, K4, RW)],
    ["mapList", (table) => table.mapList(G1, [0, M2], K4, RW)],
    ["unmap", (table) => table.unmap(G1, M2)],
    ["replace", (table) => table.replace(G1 + M2, 0, K4, RW)],
    ["protect", (table) => table.protect(G1, M2, Prot.READ)],
    ["coalesce", (table) => table.coalesce(G1, M2)],
  ])("is EFAULT to %s, and nothing is written", (_name, call) => {
    const { memory, table, words } = withForeignEntry();
    const low = words.slice(0, 8);
    failureOf(() => call(table), "EFAULT");
    expect(words.slice(0, 8)).toEqual(low);
    expect(words.subarray(foreign / 8).every((word) => word === 0n)).toBe(true);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

describe("a table that two entries point to, of which the library wrote one", () => {
  it.each<[string, (table: IoPageTable) => unknown]>([
    ["destroyed", () => undefined],
    ["unmapped", (table) => failureOf(() => table.unmap(0, 2 * G1), "EFAULT")],
    ["replaced", (table) => table.replace(0, 0, 2 * G1, RW)],
  ])("is free once when it is %s", (_name, call) => {
    const { memory, table, words, entryOf } = arm();
    table.map(0, 0, K4, RW);
    const root = entryOf(G1) - 1;
    words[root + 1] = words[root] ?? 0n;
    call(table);
    table.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
    // Each page that can be had is had once.
    const other = new IoPageTable(memory, { format: armLpaeS1({ ias: 39, oas: 40 }), flush: flushJournal().flush });
    for (let i = 0; i < 100; i++) other.map(i * G1, i * K4, K4, RW);
    for (let i = 0; i < 100; i++) expect(other.iovaToPhys(i * G1)).toBe(i * K4);
    other.destroy();
    expect(memory.stats().tablePagesInUse).toBe(0);
  });
});

it("an entry that says it is a leaf larger than its table allows is one entry", () => {
  const { memory, table, words, entryOf } = subject(amdV1({ ias: 48, oas: 52 }));
  table.map(0, 0, K4, RW);
  const at = entryOf(0);
  // NextLevel 7, and a size of 2^40 in the address.
  words[at] = (words[at] ?? 0n) | (7n << 9n) | 0x7f_ffff_f000n;
  words[at + 512] = 0x1234n;
  table.unmap(0, K4);
  expect(words[at + 512]).toBe(0x1234n);
  words[at + 512] = 0n;
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
});
