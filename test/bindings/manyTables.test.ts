// Tables that come and go below one that stays: it stays as long as it maps something, however many they were.
import { expect, it } from "vitest";
import { armLpaeS1, Prot, TableMemory } from "../../bindings/index.js";
import { useTable } from "./support/fixture.js";

const K4 = 0x1000;
const M2 = 2 ** 21;

it("unmapRange takes 2^16 - 1 tables out of one that holds another", () => {
  const memory = TableMemory.create({ bytes: 2 ** 23 });
  useTable(
    armLpaeS1({ ias: 48, oas: 48 }),
    ({ table, journal }) => {
      table.map(0, 0, K4, Prot.READ);
      for (let left = 2 ** 16 - 1; left > 0; ) {
        const size = Math.min(left, 511) * M2;
        // Tables of pages, since the addresses do not let them be one leaf each.
        table.map(M2, K4, size, Prot.READ);
        expect(table.unmapRange(M2, size)).toBe(size);
        left -= size / M2;
      }
      journal.take();
      expect(table.unmap(M2, K4)).toBe(0);
      expect(journal.take()).toEqual([]);
      expect(table.iovaToPhys(K4 - 1)).toBe(K4 - 1);
    },
    { memory },
  );
});
