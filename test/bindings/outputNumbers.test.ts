// Output addresses as numbers: exact below 2^53, from there on rounded down to a multiple of 8; as bigints always exact.
import { describe, expect, it } from "vitest";
import { Access, Prot, riscv } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const PAGE = 0x1000;
const OFFSETS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, PAGE - 1];

describe("a page at", () => {
  it.each([2 ** 52, 2 ** 53 - PAGE, 2 ** 53, 2 ** 54 - PAGE, 2 ** 54, 2 ** 55, 2 ** 56 - PAGE])("%i", (paddr) => {
    useTable(riscv({ ias: 39, oas: 56 }), ({ table }) => {
      table.map(0, paddr, PAGE, Prot.READ | Prot.WRITE);
      const exact = OFFSETS.map((offset) => BigInt(paddr) + BigInt(offset));
      const numbers = exact.map((each) => Number(each < 2n ** 53n ? each : each & ~7n));
      const out = new Float64Array(OFFSETS.length);
      table.translate(Float64Array.from(OFFSETS), out);
      expect(OFFSETS.map((offset) => table.iovaToPhys64(offset))).toEqual(exact);
      expect(OFFSETS.map((offset) => table.iovaToPhys(offset))).toEqual(numbers);
      expect(OFFSETS.map((offset) => table.access(offset, Access.READ))).toEqual(numbers);
      expect([...out]).toEqual(numbers);
    });
  });
});
