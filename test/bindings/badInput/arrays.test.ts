import { describe, expect, it } from "vitest";
import { armLpaeS1, type IoPageTable, Prot } from "../../../bindings/index.js";
import { failureOf } from "../support/failure.js";
import { useTable } from "../support/fixture.js";

const format = () => armLpaeS1({ ias: 48, oas: 48 });

function detached<T extends Float64Array | BigUint64Array>(array: T): T {
  structuredClone(array.buffer, { transfer: [array.buffer as ArrayBuffer] });
  return array;
}

/** `translate` with arguments that its types forbid. */
function translate(table: IoPageTable, iovas: unknown, out: unknown): unknown {
  return (table.translate as (iovas: unknown, out: unknown) => unknown).call(table, iovas, out);
}

describe("translate", () => {
  it.each([
    { says: "detached addresses", iovas: detached(new Float64Array(2)), out: new Float64Array(2) },
    { says: "detached bigint addresses", iovas: detached(new BigUint64Array(2)), out: new Float64Array(2) },
    { says: "a detached result", iovas: new Float64Array(2), out: detached(new Float64Array(2)) },
    { says: "a result that is too short", iovas: new Float64Array(2), out: new Float64Array(1) },
    { says: "a plain array", iovas: [0, 1], out: new Float64Array(2) },
    { says: "an array of 32-bit numbers", iovas: new Uint32Array(2), out: new Float64Array(2) },
    { says: "a result of bigints", iovas: new Float64Array(2), out: new BigUint64Array(2) },
    { says: "no addresses", iovas: undefined, out: new Float64Array(2) },
    { says: "no result", iovas: new Float64Array(2), out: undefined },
    { says: "a number", iovas: 0, out: new Float64Array(2) },
  ])("refuses $says", ({ iovas, out }) => {
    useTable(format(), ({ table }) => {
      table.map(0, 0x1000, 0x1000, Prot.READ);
      const before = table.dump();
      expect(failureOf(() => translate(table, iovas, out), "EINVAL").operation).toBe("translate");
      expect(table.dump()).toBe(before);
    });
  });

  it("finds nothing at addresses outside the table or in no page", () => {
    useTable(format(), ({ table }) => {
      table.map(0, 0x5000, 0x1000, Prot.READ);
      const out = new Float64Array(4);
      expect(table.translate(Float64Array.of(0x123, 0x1000, 2 ** 48, 2 ** 63), out)).toBe(1);
      expect([...out]).toEqual([0x5123, -1, -1, -1]);
      expect(table.translate(BigUint64Array.of(2n ** 64n - 1n, 0xfffn), out)).toBe(1);
      expect([...out]).toEqual([-1, 0x5fff, -1, -1]);
    });
  });

  it("takes nothing at all", () => {
    useTable(format(), ({ table }) => {
      expect(table.translate(new Float64Array(0), new Float64Array(0))).toBe(0);
    });
  });

  it("takes views into the table's memory and longer results", () => {
    useTable(format(), ({ table, memory }) => {
      table.map(0x1000, 0x5000, 0x2000, Prot.READ);
      const iovas = memory.float64Array(3);
      const out = memory.float64Array(4).fill(7);
      iovas.set([0x1008, 0, 0x2fff]);
      expect(table.translate(iovas, out)).toBe(2);
      expect([...out]).toEqual([0x5008, -1, 0x6fff, 7]);
    });
  });
});

describe("addresses of translate that are none", () => {
  const NONE = [Number.NaN, -1, 0.5, Number.POSITIVE_INFINITY, -4096, 2 ** 53 + 2, 2 ** 64, 2 ** 70];

  it.each(NONE)("%d translates to nothing, wherever the arrays lie", (none) => {
    useTable(format(), ({ table, memory }) => {
      table.map(0, 0x5000, 0x2000, Prot.READ);
      for (const make of [(n: number) => new Float64Array(n), (n: number) => memory.float64Array(n)]) {
        const iovas = make(3);
        const out = make(3);
        iovas.set([0x10, none, 0x1010]);
        expect(table.translate(iovas, out)).toBe(2);
        expect([...out]).toEqual([0x5010, -1, 0x6010]);
      }
    });
  });
});
