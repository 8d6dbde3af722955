// Bookkeeping that has room for the root's record and for no other: a table page elsewhere is refused, and goes back to whoever gave it.
import { expect, it } from "vitest";
import { IoPageTable, Prot, TableMemory, vtdSecondStage } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { flushJournal } from "./support/flushJournal.js";

const K4 = 0x1000;
const K64 = 0x10000;
const BYTES = 2 ** 18;
const RW = Prot.READ | Prot.WRITE;

it("a page without room for its record is given back, and nothing else is written", () => {
  const live = new Set<number>();
  const allocator = {
    // Each page in 64 KiB of its own, behind the first.
    alloc: () => {
      const offset = (live.size + 1) * K64;
      live.add(offset);
      return offset;
    },
    free: (offset: number) => void live.delete(offset),
  };
  const wasm = new WebAssembly.Memory({ initial: 16, maximum: 16 });
  const windows = [{ offset: K64, bytes: BYTES - K64, physBase: K64 }];
  const make = (bytes: number): { memory: TableMemory; table: IoPageTable } | undefined => {
    live.clear();
    new Uint8Array(wasm.buffer).fill(0);
    try {
      const memory = TableMemory.over(wasm, { windows, bookkeeping: { offset: BYTES, bytes } });
      const format = vtdSecondStage({ ias: 39, oas: 40 });
      return { memory, table: new IoPageTable(memory, { format, flush: flushJournal().flush, allocator }) };
    } catch {
      return undefined;
    }
  };
  // With 64 bytes less there is no room for the root's either.
  let [less, bytes] = [0, TableMemory.bookkeepingBytes(K4)];
  while (bytes - less > 64) {
    const between = less + 64 * Math.ceil((bytes - less) / 128);
    if (make(between) === undefined) less = between;
    else bytes = between;
  }
  const made = make(bytes);
  expect(made).toBeDefined();
  if (made === undefined) return;
  const { memory, table } = made;
  const failure = failureOf(() => table.map(0, 0, K4, RW), "ENOMEM");
  expect(failure.message).toContain("bookkeeping");
  expect([...live]).toEqual([K64]);
  expect(new Uint8Array(wasm.buffer, 0, BYTES).every((byte) => byte === 0)).toBe(true);
  table.destroy();
  expect([...live]).toEqual([]);
  expect(memory.stats().tablePagesInUse).toBe(0);
});
