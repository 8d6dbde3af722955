// What calls that change mappings in place write back for a walker that does not snoop: each entry that they write, and no neighbour of it.
import { expect, it } from "vitest";
import { Prot, vtdSecondStage } from "../../bindings/index.js";
import { NumberedPages } from "./support/numberedPages.js";

const K4 = 0x1000;
const M2 = 2 ** 21;
const RW = Prot.READ | Prot.WRITE;

/** The root is 0, the table below it 1, and the table of the pages at 1 to 3 is 2. */
function begin(): NumberedPages {
  const pages = new NumberedPages(8, (syncForDevice) =>
    vtdSecondStage({ ias: 39, oas: 48, coherentWalk: false, syncForDevice }),
  );
  pages.table.map(K4, K4, 3 * K4, RW);
  expect(pages.take()).toEqual(["0", "1", "0[0]", "2", "1[0]"]);
  return pages;
}

function end({ table, memory }: NumberedPages): void {
  table.destroy();
  expect(memory.stats().tablePagesInUse).toBe(0);
}

it("replace, where a table is missing: the table, and the entry for it", () => {
  const pages = begin();
  pages.table.replace(5 * M2 + K4, 0, K4, RW);
  expect(pages.take()).toEqual(["3", "1[5]"]);
  end(pages);
});

it("replace, where a block stands: the table, and the entry that was the block's", () => {
  const pages = begin();
  pages.table.map(5 * M2, 0, M2, RW);
  expect(pages.take()).toEqual(["1[5]"]);
  pages.table.replace(5 * M2, K4, M2, RW);
  expect(pages.take()).toEqual(["3", "1[5]", "flush"]);
  end(pages);
});

it("unmap in a table that four entries share: its copy, the entry for that, and the page's own", () => {
  const pages = begin();
  pages.table.mapRepeat(8 * M2, 4 * M2, { paddr: K4, size: K4 }, RW);
  expect(pages.take()).toEqual(["3", "1[8..11]"]);
  pages.table.unmap(9 * M2 + K4, K4);
  expect(pages.take()).toEqual(["4", "1[9]", "4[1]", "flush", "flush"]);
  end(pages);
});
