import { granulesOf } from "../../bindings/cli/formats/granules.js";
import { pageSize } from "../../bindings/cli/replay/numberText.js";
import { CATALOGUE } from "../../bindings/formats/catalogue.js";
import type { FormatFacts } from "../../bindings/formats/facts.js";
import { IoPageTable, type TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { PROT, refuseLeaks } from "./contenders.js";
import { FlushCounter } from "./flushCounter.js";
import { MAP_FORMATS } from "./names.js";

/** A format with one of its granules. */
interface Subject {
  readonly name: string;
  readonly facts: FormatFacts;
  readonly page: number;
}

/** 64 MiB of 4K pages; as many of any other size, so that all are told by the page. */
const PAGES = 2 ** 14;
/** Within 32 bits, as ARM's short descriptors are, and at a place where a root of any format has an entry of its own. */
const IOVA = 2 ** 30;
const PADDR = 2 ** 31;

/** Whether the input space of an ordinary machine has the place. */
export const hasRoom = ({ usual }: FormatFacts): boolean => usual.ias >= 32;

const SUBJECTS: readonly Subject[] = CATALOGUE.filter(hasRoom).flatMap((facts) =>
  granulesOf(facts).map(({ granule }) => ({ name: `${facts.name} ${pageSize(granule)}`, facts, page: granule })),
);

/** All cases of the operation; the first is what the others are compared with. */
export const FORMAT_CASES: readonly string[] = SUBJECTS.map(({ name }) => name);

export function formatPlans(memory: TableMemory): OperationPlan[] {
  return [{ name: MAP_FORMATS, prepare: () => prepare(memory) }];
}

function prepare(memory: TableMemory): Operation {
  const tables = SUBJECTS.map(({ facts, page }) => {
    const format = facts.make({ ...facts.usual, pageSizes: [page] });
    return new IoPageTable(memory, { format, flush: new FlushCounter() });
  });
  return {
    name: MAP_FORMATS,
    unit: "page",
    unitsPerStep: PAGES,
    cases: tables.map((table, index) => mapCase(SUBJECTS[index]?.name ?? "", table)),
    dispose() {
      for (const table of tables) table.destroy();
      refuseLeaks(memory);
    },
  };
}

function mapCase(name: string, table: IoPageTable): BenchCase {
  const page = Math.min(...table.pageSizes);
  const bytes = PAGES * page;
  return {
    name,
    step: () => table.map(IOVA, PADDR, bytes, PROT),
    restore: () => {
      table.unmap(IOVA, bytes);
    },
    answer: () => `${pagesInPlace(table, page)} pages where they belong, ${leavesOf(table)} leaves`,
  };
}

function pagesInPlace(table: IoPageTable, page: number): number {
  const iovas = Float64Array.from({ length: PAGES }, (_, index) => IOVA + index * page);
  const found = new Float64Array(PAGES);
  table.translate(iovas, found);
  return found.filter((paddr, index) => paddr === PADDR + index * page).length;
}

function leavesOf(table: IoPageTable): number {
  return [...table.stats().leaves.values()].reduce((sum, count) => sum + count, 0);
}
