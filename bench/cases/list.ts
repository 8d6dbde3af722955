import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import * as contenders from "./contenders.js";
import { copyCase, fillCase } from "./map.js";
import { COPIED, IN_MEMORY, LIST, PAGE_BY_PAGE } from "./names.js";
import type { RangeContender } from "./ranges.js";

const PAGE = 4096;
const IOVA = 2 ** 32;
const PAGE_SIZES = [2 ** 12, 2 ** 21, 2 ** 30];
/** Seen from build/bench/bench/cases/, where this runs. */
const FRAMES = new URL("../../../../bench/data/scattered-pages.bin.gz", import.meta.url);
const HEADER_BYTES = 16;

/** The pages of a real process, none beside its neighbour: see bench/data/README.md. */
function scatteredPages(): Float64Array {
  const bytes = gunzipSync(readFileSync(FRAMES));
  const count = bytes.readUInt32LE(4);
  return Float64Array.from({ length: count }, (_, i) => bytes.readUInt32LE(HEADER_BYTES + 4 * i) * PAGE);
}

export function listPlans(memory: TableMemory): OperationPlan[] {
  return [{ name: LIST, prepare: () => prepare(memory) }];
}

function prepare(memory: TableMemory): Operation {
  const pages = scatteredPages();
  const inMemory = memory.float64Array(pages.length);
  inMemory.set(pages);
  const table = contenders.ourTable(memory, PAGE_SIZES);
  const size = pages.length * PAGE;
  const ways: [string, () => void][] = [
    [IN_MEMORY, () => table.mapList(IOVA, inMemory, PAGE, contenders.PROT)],
    [COPIED, () => table.mapList(IOVA, pages, PAGE, contenders.PROT)],
    [
      PAGE_BY_PAGE,
      () => {
        let iova = IOVA;
        for (const paddr of pages) {
          table.map(iova, paddr, PAGE, contenders.PROT);
          iova += PAGE;
        }
      },
    ],
  ];
  const tables = () => contenders.rawTablesOfOurs(memory, table);
  const unmapAll = () => table.unmap(IOVA, size);
  const cases = ways.map(
    ([name, step]): BenchCase => ({ name, step, restore: unmapAll, answer: () => tableDigest(tables()) }),
  );
  const [, mapAll] = ways[0] ?? ["", () => undefined];
  const ours: RangeContender = { name: IN_MEMORY, mapAll, unmapAll, tables, destroy: () => undefined };
  return {
    name: LIST,
    unit: "page",
    unitsPerStep: pages.length,
    cases: [...cases, copyCase(ours), fillCase(ours)],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
