// generic_pt test_table_ptr: a table's address goes into an entry and comes back the same, at every level; the entry of a table that went is empty.
import { expect, it } from "vitest";
import { Prot } from "../../../bindings/index.js";
import { levelOf, smallestPage } from "../../configurations/geometry.js";
import { iovaOf, lg2 } from "./addresses.js";
import { conformance, type Subject } from "./subject.js";

const READ_WRITE = Prot.READ | Prot.WRITE;

/** Each step's item as it stands in memory, and the tables that hold them, root first. */
function checkPath({ c, table, read, backing }: Subject, iova: bigint): void {
  const steps = table.walk(iova);
  expect(steps.map(({ kind }) => kind)).toEqual([...steps.slice(1).map(() => "table"), "leaf"]);
  for (const step of steps) expect(read(step.entryPaddr)).toBe(step.entry);
  const { allocator } = backing;
  if (allocator === undefined) return;
  const holders = steps.map(({ entryPaddr }) => allocator.pageAt(backing.offsetOf(entryPaddr)));
  expect(holders.map((page) => page?.level)).toEqual(steps.map(({ level }) => level));
  expect(steps.at(-1)?.level).toBe(levelOf(c, smallestPage(c)));
}

conformance("table pointers", (c, useTable) => {
  const page = Number(smallestPage(c));
  const spread = c.shifts.map((shift) => {
    const bit = Math.max(shift + 1, lg2(smallestPage(c)));
    return iovaOf(c, 2n ** BigInt(bit) % 2n ** BigInt(c.ias));
  });

  it("lead to the tables that were put there", () => {
    useTable((subject) => {
      const { table } = subject;
      for (const iova of new Set(spread)) table.map(iova, page, page, READ_WRITE);
      for (const iova of new Set(spread)) checkPath(subject, iova);
    });
  });

  it("are not written twice: the next page goes into the same tables", () => {
    useTable(({ table, backing }) => {
      const next = c.base + BigInt(page);
      table.map(c.base, page, page, READ_WRITE);
      const path = table.walk(c.base).slice(0, -1);
      const tables = backing.memory.stats().tablePagesInUse;
      table.map(next, page, page, READ_WRITE);
      expect(table.walk(next).slice(0, -1)).toEqual(path);
      expect(backing.memory.stats().tablePagesInUse).toBe(tables);
    });
  });

  it("are zero once their tables are gone", () => {
    useTable(({ table, read }) => {
      table.map(c.base, page, page, READ_WRITE);
      const root = table.walk(c.base)[0];
      expect(table.unmap(c.base, page)).toBe(page);
      expect(read(root?.entryPaddr ?? 0)).toBe(0n);
      expect(table.walk(c.base).map(({ kind, entry }) => [kind, entry])).toEqual([["empty", 0n]]);
      expect(table.stats().tablePages).toBe(2 ** c.rootsLg2);
    });
  });
});
