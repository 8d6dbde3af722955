// generic_pt test_entry_oa and test_entry_possible_sizes: every leaf size at its level, with the lowest, a random and the highest output address.
import { expect, it } from "vitest";
import { Prot } from "../../../bindings/index.js";
import { heightOf, itemSize, levelOf, tableSpanLg2 } from "../../configurations/geometry.js";
import { highestPaddr, lowestRange } from "./addresses.js";
import { Random } from "./random.js";
import { conformance, type Subject } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;

interface LeafAt {
  iova: bigint;
  size: bigint;
  paddr: bigint;
}

/** An item, what it is part of, and the output addresses of its first and last byte. */
function itemText(entryPaddr: number, entry: bigint, leaf: { iova: bigint; size: number }, output: (bigint | null)[]) {
  return `0x${entry.toString(16)} at ${entryPaddr} of ${leaf.size} at ${leaf.iova} to ${output.join("..")}`;
}

/** Hardware may read any item of a leaf: each says the whole leaf, and gives its own part of the output. */
function checkItems({ c, table, read }: Subject, { iova, size, paddr }: LeafAt): number[] {
  const step = itemSize(c, size);
  const first = table.walk(iova).at(-1);
  const places = Array.from({ length: Number(size / step) }, (_, i) => (first?.entryPaddr ?? 0) + i * 2 ** c.itemLg2);
  const items = places.map(read);
  const offsets = places.map((_, index) => step * BigInt(index));
  const found = offsets.map((offset) => {
    const at = iova + offset;
    const leaf = table.walk(at).at(-1);
    if (leaf?.kind !== "leaf" || leaf.level !== levelOf(c, size)) return leaf?.kind;
    const output = [at, at + step - 1n].map((byte) => table.iovaToPhys64(byte));
    return itemText(leaf.entryPaddr, leaf.entry, leaf, output);
  });
  const expected = offsets.map((offset, index) => {
    const output = [paddr + offset, paddr + offset + step - 1n];
    return itemText(places[index] ?? 0, items[index] ?? 0n, { iova, size: Number(size) }, output);
  });
  expect(found).toEqual(expected);
  expect(new Set(items).size).toBe(c.groups === "equal items" ? 1 : items.length);
  return places;
}

function checkLeaf(subject: Subject, leaf: LeafAt): void {
  const { c, table, read } = subject;
  const { iova, size, paddr } = leaf;
  table.map(iova, Number(paddr), Number(size), READ_WRITE);
  expect(subject.leafItems()).toEqual([[levelOf(c, size), Number(size / itemSize(c, size))]]);
  expect([...table.stats().leaves]).toEqual([[Number(size), 1]]);
  expect([...table.mappings()]).toEqual([
    { iova, paddr: Number(paddr), size: Number(size), pageSize: Number(size), prot: c.says(READ_WRITE) },
  ]);
  const places = checkItems(subject, leaf);
  // Linux's call leaves the table in place.
  expect(table.unmapRange(iova, Number(size))).toBe(Number(size));
  expect(places.map(read)).toEqual(places.map(() => 0n));
  expect(table.walk(iova).at(-1)?.kind).toBe("empty");
  table.trim();
}

conformance("every leaf size", (c, useTable) => {
  it("is offered, and no other", () => {
    useTable(({ table }) => {
      expect(table.pageSizes.map(BigInt).sort((a, b) => (a < b ? -1 : 1))).toEqual([...c.pageSizes]);
      expect([table.ias, table.oas]).toEqual([c.ias, c.oas]);
    });
  });

  it("fills a part of a table, not the whole of it", () => {
    for (const size of c.pageSizes) expect(size).toBeLessThan(2n ** BigInt(tableSpanLg2(c, heightOf(c, size))));
  });

  it.each([
    { address: "zero", choose: () => 0n },
    { address: "random", choose: (size: bigint) => new Random().multiple(size, 2n ** BigInt(c.paddrBits)) },
    { address: "highest", choose: (size: bigint) => highestPaddr(c, size) },
  ])("goes to its level with output address $address", ({ choose }) => {
    const random = new Random();
    const { iova, size: room } = lowestRange(c);
    useTable((subject) => {
      for (const size of c.pageSizes) {
        checkLeaf(subject, { iova: iova + random.multiple(size, room), size, paddr: choose(size) });
      }
    });
  });
});
