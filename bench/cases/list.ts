import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import * as contenders from "./contenders.js";
import { copyCase, fillCase } from "./map.js";
import { COPIED, FRAMES, IN_MEMORY, LIST, MAP_PLAIN_LIST, OURS, PAGE_BY_PAGE, UNMAP_LIST } from "./names.js";
import type { RangeContender } from "./ranges.js";

const PAGE = 4096;
const IOVA = 2 ** 32;
const PAGE_SIZES = [2 ** 12, 2 ** 21, 2 ** 30];
/** Seen from build/bench/bench/cases/, where this runs. */
const DATA = new URL("../../../../bench/data/", import.meta.url);
const SCATTERED = "scattered-pages.bin.gz";
const HEADER_BYTES = 16;

/** The pages of a real process: see bench/data/README.md. */
function pagesOf(file: string): Float64Array {
  const bytes = gunzipSync(readFileSync(new URL(file, DATA)));
  const count = bytes.readUInt32LE(4);
  return Float64Array.from({ length: count }, (_, i) => bytes.readUInt32LE(HEADER_BYTES + 4 * i) * PAGE);
}

export function listPlans(memory: TableMemory): OperationPlan[] {
  return [
    { name: LIST, prepare: () => prepare(memory, LIST, pagesOf(SCATTERED), PAGE_SIZES) },
    // Linux's caller knows of one page at a time, so that ours is kept to pages where they have neighbours.
    { name: MAP_PLAIN_LIST, prepare: () => prepare(memory, MAP_PLAIN_LIST, pagesOf("plain-pages.bin.gz"), [PAGE]) },
    { name: UNMAP_LIST, prepare: () => prepareUnmap(memory) },
  ];
}

function prepareUnmap(memory: TableMemory): Operation {
  const pages = pagesOf(SCATTERED);
  const table = contenders.ourTable(memory, PAGE_SIZES);
  const size = pages.length * PAGE;
  const mapAll = () => table.mapList(IOVA, pages, PAGE, contenders.PROT);
  const answerOf = (bytes: number, digest: string): string => `${bytes} bytes, then ${digest}`;
  let bytes = 0;
  mapAll();
  const ours: BenchCase = {
    name: OURS,
    step() {
      bytes = table.unmap(IOVA, size);
    },
    restore: mapAll,
    answer: () => answerOf(bytes, tableDigest(contenders.rawTablesOfOurs(memory, table))),
  };
  const linux = linuxCases({
    work: "unmap-list",
    input: BigUint64Array.from(pages, BigInt),
    answer: (result, digest) => answerOf(Number(result), digest),
  });
  return {
    name: UNMAP_LIST,
    unit: "page",
    unitsPerStep: pages.length,
    cases: [ours, ...linux],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}

function prepare(memory: TableMemory, name: string, pages: Float64Array, pageSizes: readonly number[]): Operation {
  const inMemory = memory.float64Array(pages.length);
  inMemory.set(pages);
  const room = memory.float64Array(pages.length / 2);
  const frames = new Uint32Array(room.buffer, room.byteOffset, pages.length);
  frames.set(pages.map((paddr) => paddr / PAGE));
  const table = contenders.ourTable(memory, pageSizes);
  const size = pages.length * PAGE;
  const ways: [string, () => void][] = [
    [IN_MEMORY, () => table.mapList(IOVA, inMemory, PAGE, contenders.PROT)],
    [FRAMES, () => table.mapFrames(IOVA, frames, PAGE, contenders.PROT)],
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
    name,
    unit: "page",
    unitsPerStep: pages.length,
    cases: [
      ...cases,
      ...linuxCases({ work: "map-list", input: BigUint64Array.from(pages, BigInt), answer: (_, digest) => digest }),
      copyCase(ours),
      fillCase(ours),
    ],
    dispose() {
      table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
