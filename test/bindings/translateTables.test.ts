// Looking many addresses up in one call: what is kept from one address to the next holds for no other one.
import { expect, it } from "vitest";
import { armLpaeS1, armLpaeS2, IoPageTable, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";
import { flushJournal } from "./support/flushJournal.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;
const GIB = 2 ** 30;

it("neighbouring tables, tables at the same place below other tables, and those that are not there", () => {
  useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table }) => {
    const iovas: number[] = [];
    const expected: number[] = [];
    for (const upper of [0, 1, 2, 513, 514]) {
      for (const leaf of [0, 1, 5, 511]) {
        const iova = upper * GIB + leaf * MIB2 + 7 * PAGE;
        if (upper !== 2 && leaf !== 5) table.map(iova, 2 ** 36 + iova, PAGE, RW);
        iovas.push(iova, iova + PAGE);
        expected.push(upper !== 2 && leaf !== 5 ? 2 ** 36 + iova : -1, -1);
      }
    }
    const out = new Float64Array(iovas.length);
    const orders = [iovas.keys(), [...iovas.keys()].reverse(), [...iovas.keys()].sort((a, b) => (a % 8) - (b % 8))];
    for (const order of orders) {
      const indexes = [...order];
      table.translate(
        Float64Array.from(indexes, (i) => iovas[i] ?? 0),
        out,
      );
      expect([...out]).toEqual(indexes.map((i) => expected[i]));
    }
  });
});

it("a root of several tables side by side", () => {
  useTable(armLpaeS2({ ias: 32, oas: 40 }), ({ table }) => {
    const iovas = [0, 1, 2, 3].flatMap((gib) => [0, 1, 2].map((leaf) => gib * GIB + leaf * MIB2));
    for (const iova of iovas) table.map(iova, 2 ** 36 + iova, PAGE, RW);
    const out = new Float64Array(iovas.length);
    table.translate(Float64Array.from(iovas), out);
    expect([...out]).toEqual(iovas.map((iova) => 2 ** 36 + iova));
  });
});

it("a root of eight entries, after a table of more levels", () => {
  useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory }) => {
    table.map(0, 2 ** 37, 4 * MIB2, RW);
    for (let i = 0; i < 4; i++) table.map(2 ** 30 + i * MIB2, 2 ** 37, PAGE, RW);
    const small = new IoPageTable(memory, { format: armLpaeS2({ ias: 24, oas: 40 }), flush: flushJournal().flush });
    const iovas = [0, 1, 2, 3].map((i) => i * MIB2 + PAGE);
    for (const iova of iovas) small.map(iova, 2 ** 36 + iova, PAGE, RW);
    const out = new Float64Array(iovas.length);
    for (const warm of [2 ** 30, 2 ** 30 + MIB2]) {
      table.translate(Float64Array.of(warm), new Float64Array(1));
      small.translate(Float64Array.from(iovas), out);
      expect([...out]).toEqual(iovas.map((iova) => 2 ** 36 + iova));
    }
    small.destroy();
  });
});

it("behind an address whose table lies outside the memory come others of the same table", () => {
  useTable(armLpaeS1({ ias: 48, oas: 48 }), ({ table, memory }) => {
    for (const iova of [0, MIB2]) table.map(iova, 2 ** 36 + iova, 4 * PAGE, RW);
    const step = table.walk(MIB2).at(-2);
    const words = new BigUint64Array(memory.buffer);
    const at = ((step?.entryPaddr ?? 0) - memory.physBase) / 8;
    words[at] = 0xffff_ffff_f003n;
    const out = new Float64Array(4);
    table.translate(Float64Array.of(PAGE, MIB2, MIB2 + PAGE, 2 * PAGE), out);
    expect([...out]).toEqual([2 ** 36 + PAGE, -4, -4, 2 ** 36 + 2 * PAGE]);
    words[at] = step?.entry ?? 0n;
  });
});
