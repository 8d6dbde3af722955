// Where a repeat mapping says that something is in the way.
import { expect, it } from "vitest";
import { armLpaeS1, Prot } from "../../bindings/index.js";
import { failureOf } from "./support/failure.js";
import { useTable } from "./support/fixture.js";

const RW = Prot.READ | Prot.WRITE;
const PAGE = 0x1000;
const MIB2 = 2 ** 21;

it.each([
  ["the first page of all", [], 0],
  ["a page behind empty ones", [], 3 * PAGE],
  ["the first page of the second table, behind an empty one", [0], MIB2],
  ["a whole leaf behind an empty table", [0], MIB2],
  ["the first page of the third table, behind two empty ones", [0, MIB2], 2 * MIB2],
])("at %s", (what, empty, at) => {
  useTable(armLpaeS1({ ias: 39, oas: 48 }), ({ table }) => {
    // Linux's unmap leaves the tables.
    for (const iova of empty) {
      table.map(iova, PAGE, PAGE, RW);
      table.unmapPages(iova, PAGE, 1);
    }
    const size = what.startsWith("a whole leaf") ? MIB2 : PAGE;
    table.map(at, 0, size, RW);
    const failure = failureOf(() => table.mapRepeat(0, 4 * MIB2, { paddr: PAGE, size: 2 * PAGE }, RW), "EEXIST");
    expect(failure.iova).toBe(BigInt(at));
    expect([...table.mappings()].map((leaf) => leaf.iova)).toEqual([BigInt(at)]);
  });
});
