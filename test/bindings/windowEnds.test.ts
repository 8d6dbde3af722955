// A table that begins in a window of the memory and ends beyond it is not read, whatever its format: a walk checks all of a table's bytes before it reads one.
import { describe, expect, it } from "vitest";
import { Access, Fault, IoPageTable, Prot, TableMemory } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { smallestPage } from "../configurations/geometry.js";
import { SHAPES } from "../configurations/list.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const PHYS_BASE = 0x4000_0000;
const WORD = 8;

/** The tables of one page, copied to a memory of one window that ends `spare` bytes after the last table. */
function walkerWith(c: Configuration, spare: number): { walker: IoPageTable; iova: bigint } {
  const memory = TableMemory.create({ bytes: 2 ** 22, physBase: PHYS_BASE });
  const table = new IoPageTable(memory, { format: c.format(), flush: flushJournal().flush });
  const page = Number(smallestPage(c));
  table.map(c.base, page, page, RW);
  const steps = table.walk(c.base);
  const [top, below] = c.shifts.slice(0, 2).toReversed();
  const lastTable = steps.at(-1)?.entryPaddr ?? 0;
  const end = lastTable - PHYS_BASE + 2 ** ((top ?? 0) - (below ?? 0) + c.itemLg2);
  const wasm = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  new Uint8Array(wasm.buffer).set(new Uint8Array(memory.buffer).subarray(0, 2 ** 22));
  const windows = [{ offset: 0, bytes: end + spare, physBase: PHYS_BASE }];
  const copy = TableMemory.over(wasm, { windows });
  const walker = IoPageTable.open(copy, { format: c.format(), root: steps[0]?.entryPaddr ?? 0 });
  expect(steps.every(({ entryPaddr }) => entryPaddr <= lastTable)).toBe(true);
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
  return { walker, iova: c.base };
}

const several = SHAPES.filter((c) => c.rootsLg2 === 0 && c.shifts.length > 1 && !c.name.includes("growing"));

describe.each(several.map((c) => [c.name, c] as const))("%s", (_, c) => {
  it("reads a table that ends where the window ends", () => {
    const { walker, iova } = walkerWith(c, 0);
    expect(walker.iovaToPhys(iova)).toBe(Number(smallestPage(c)));
    expect(walker.access(Number(iova), Access.READ)).toBe(Number(smallestPage(c)));
    expect([...walker.mappings()]).toHaveLength(1);
  });

  it("does not read one that ends a word later", () => {
    const { walker, iova } = walkerWith(c, -WORD);
    expect(walker.access(Number(iova), Access.READ)).toBe(-Fault.CORRUPT);
    expect(() => walker.iovaToPhys(iova)).toThrow(/EFAULT/);
    expect(() => walker.iovaToPhys64(iova)).toThrow(/EFAULT/);
    expect(() => walker.walk(iova)).toThrow(/EFAULT/);
    expect(() => [...walker.mappings()]).toThrow(/EFAULT/);
    const out = new Float64Array(1);
    expect(walker.translate(Float64Array.of(Number(iova)), out)).toBe(0);
  });
});
