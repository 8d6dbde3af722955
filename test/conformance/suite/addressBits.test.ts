// generic_pt test_table_radix: the levels decode every bit of an address, and none twice.
import { expect, it } from "vitest";
import { Prot, type WalkStep } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { heightOf, smallestPage } from "../../configurations/geometry.js";
import { iovaOf, lg2 } from "./addresses.js";
import { Random } from "./random.js";
import { conformance, type Subject } from "./subject.js";

/** The level whose item an address bit chooses; one above the top: the root. */
function heightOfBit(c: Configuration, bit: number): number {
  return bit >= c.ias - c.rootsLg2 ? c.shifts.length : c.shifts.findLastIndex((shift) => shift <= bit);
}

/** Bytes of the table at a level, for what the index of an item is. */
function tableBytes(c: Configuration, height: number): number {
  const above = c.shifts[height + 1] ?? c.ias - c.rootsLg2;
  return 2 ** (above - (c.shifts[height] ?? 0) + c.itemLg2);
}

function expectOneDifference(c: Configuration, bit: number, one: readonly WalkStep[], other: readonly WalkStep[]) {
  const top = c.shifts.length - 1;
  const decoding = heightOfBit(c, bit);
  expect(other.map(({ level }) => level)).toEqual(one.map(({ level }) => level));
  one.forEach(({ entryPaddr }, index) => {
    const height = top - index;
    const moved = (other[index]?.entryPaddr ?? 0) - entryPaddr;
    const says = `bit ${bit}: how far the item moves, ${height} levels above the smallest leaves`;
    if (height > decoding) expect(moved, says).toBe(0);
    else if (height === decoding) expect(moved, says).toBe(2 ** (bit - (c.shifts[height] ?? 0) + c.itemLg2));
    else {
      // Another table, the same item in it.
      expect(moved, says).not.toBe(0);
      expect(Math.abs(moved) % tableBytes(c, height), says).toBe(0);
    }
  });
}

/** A page at `va`, one at each address that differs from it in one bit; each bit is clear in `va`. */
function checkBits({ c, table }: Subject, va: bigint, bits: readonly number[]): void {
  const page = Number(smallestPage(c));
  const vas = [va, ...bits.map((bit) => va | (1n << BigInt(bit)))];
  for (const each of vas) table.map(iovaOf(c, each), page, page, Prot.READ | Prot.WRITE);
  const [first = [], ...others] = vas.map((each) => table.walk(iovaOf(c, each)));
  expect(first).toHaveLength(c.shifts.length - heightOf(c, smallestPage(c)));
  bits.forEach((bit, index) => {
    expectOneDifference(c, bit, first, others[index] ?? []);
  });
  // What the levels do not decode is the place in the page; a page of several items has bits for those, too.
  for (let bit = 0; bit < lg2(smallestPage(c)); bit++) {
    const within = iovaOf(c, va | (1n << BigInt(bit)));
    expect(table.iovaToPhys64(within)).toBe(BigInt(page) + (1n << BigInt(bit)));
    if (bit < (c.shifts[0] ?? 0)) expect(table.walk(within)).toEqual(first);
    else expectOneDifference(c, bit, first, table.walk(within));
  }
}

conformance("every address bit is decoded once", (c, useTable) => {
  const bits = Array.from({ length: c.ias - lg2(smallestPage(c)) }, (_, i) => i + lg2(smallestPage(c)));

  it("from address 0", () => {
    useTable((subject) => checkBits(subject, 0n, bits));
  });

  it("from a random address", () => {
    const va = new Random().multiple(smallestPage(c), 2n ** BigInt(c.ias));
    useTable((subject) => {
      checkBits(
        subject,
        va,
        bits.filter((bit) => ((va >> BigInt(bit)) & 1n) === 0n),
      );
    });
  });
});
