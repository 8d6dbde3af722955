// What changes entry by entry is flushed as one where it is one leaf, or a run of equal ones: also a run of more than the core can keep in mind one by one.
import { expect, it } from "vitest";
import { amdV1, armLpaeS1, Prot } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const K64 = 0x10000;
const G1 = 2 ** 30;
const RW = Prot.READ | Prot.WRITE;

it("single pages, each of another protection than the one before, break with one flush", () => {
  const PAGES = 1000;
  useTable(armLpaeS1({ ias: 39, oas: 40 }), ({ table, journal }) => {
    for (let i = 0; i < PAGES; i++) table.map(i * K4, G1 + i * K4, K4, i % 2 === 0 ? RW : Prot.READ);
    // Not aligned to a block.
    table.replace(0, 2 * G1 + K4, PAGES * K4, RW);
    expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(PAGES * K4), granule: BigInt(K4) }]);
  });
});

it("leaves of several entries that continue each other break with one flush", () => {
  const bytes = 70 * K64;
  useTable(armLpaeS1({ ias: 39, oas: 40, contiguousHint: true }), ({ table, journal }) => {
    // Not aligned to a block: each leaf is one of 64 KiB.
    table.map(0, G1 + K64, bytes, RW);
    table.replace(0, 2 * G1 + K64, bytes, RW);
    expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(bytes), granule: BigInt(K4) }]);
    expect([...table.mappings()]).toMatchObject([{ paddr: 2 * G1 + K64, size: bytes, pageSize: K64 }]);
  });
});

it("a leaf of several entries, each of which becomes a page, is flushed once", () => {
  useTable(amdV1({ ias: 39, oas: 40 }), ({ table, journal }) => {
    table.map(0, G1, K64, RW);
    table.replace(0, 2 * G1 + K4, K64, RW);
    expect(journal.take()).toEqual([{ kind: "range", iova: 0n, size: BigInt(K64), granule: BigInt(K64) }]);
  });
});
