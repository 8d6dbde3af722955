import { Prot, type TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import * as contenders from "./contenders.js";
import * as names from "./names.js";

const PAGE = 2 ** 12;
const MEGA2 = 2 ** 21;
const IOVA = 2 ** 33;
const PADDR = 2 ** 35;
const OTHER = 2 ** 36;
const SIZE = 2 ** 26;
/** One page at a time, in a leaf table that stands. */
const SLOTS = 511;
const { PROT } = contenders;
const READ_ONLY = Prot.READ | Prot.CACHE | Prot.NOEXEC;

type Table = ReturnType<typeof contenders.ourTable>;

/** Two ways to one state of the table, and the way back. */
interface Change {
  readonly name: string;
  readonly unitsPerStep: number;
  readonly pageSizes: readonly number[];
  readonly ways: readonly (readonly [string, (table: Table) => void])[];
  readonly before: (table: Table) => void;
  readonly restore: (table: Table) => void;
}

const mapPages = (table: Table, paddr: number, prot: number): void => {
  for (let done = 0; done < SIZE; done += MEGA2 / 2) table.map(IOVA + done, paddr + done, MEGA2 / 2, prot);
};
const remapPages = (table: Table): void => {
  table.unmap(IOVA, SIZE);
  mapPages(table, PADDR, PROT);
};
const onePages = (one: (iova: number, paddr: number) => void): void => {
  for (let slot = 1; slot <= SLOTS; slot++) one(IOVA + slot * PAGE, PADDR + slot * PAGE);
};

const CHANGES: readonly Change[] = [
  {
    name: names.PREPARED,
    unitsPerStep: SIZE / PAGE,
    pageSizes: [PAGE],
    ways: [
      [
        names.PREPARE,
        (table) => table.prepare([{ op: "map", iova: IOVA, paddr: PADDR, size: SIZE, prot: PROT }]).commit(),
      ],
      [names.BARE_MAP, (table) => table.map(IOVA, PADDR, SIZE, PROT)],
    ],
    before: () => {},
    restore: (table) => void table.unmap(IOVA, SIZE),
  },
  {
    name: names.PREPARED_PAGE,
    unitsPerStep: SLOTS,
    pageSizes: [PAGE],
    ways: [
      [
        names.PREPARE,
        (table) =>
          onePages((iova, paddr) => table.prepare([{ op: "map", iova, paddr, size: PAGE, prot: PROT }]).commit()),
      ],
      [names.BARE_MAP, (table) => onePages((iova, paddr) => table.map(iova, paddr, PAGE, PROT))],
    ],
    before: (table) => table.map(IOVA, PADDR, PAGE, PROT),
    restore: (table) => void table.unmap(IOVA + PAGE, SLOTS * PAGE),
  },
  {
    name: names.REPLACE,
    unitsPerStep: SIZE / PAGE,
    pageSizes: [PAGE],
    ways: [
      [names.CHANGE, (table) => table.replace(IOVA, OTHER, SIZE, PROT)],
      [
        names.UNMAP_AND_MAP,
        (table) => {
          table.unmap(IOVA, SIZE);
          table.map(IOVA, OTHER, SIZE, PROT);
        },
      ],
    ],
    before: (table) => mapPages(table, PADDR, PROT),
    restore: remapPages,
  },
  {
    name: names.PROTECT,
    unitsPerStep: SIZE / PAGE,
    pageSizes: [PAGE],
    ways: [
      [names.CHANGE, (table) => void table.protect(IOVA, SIZE, READ_ONLY)],
      [
        names.UNMAP_AND_MAP,
        (table) => {
          table.unmap(IOVA, SIZE);
          table.map(IOVA, PADDR, SIZE, READ_ONLY);
        },
      ],
    ],
    before: (table) => mapPages(table, PADDR, PROT),
    restore: remapPages,
  },
  {
    name: names.COALESCE,
    unitsPerStep: SIZE / PAGE,
    pageSizes: [PAGE, MEGA2],
    ways: [
      [names.CHANGE, (table) => void table.coalesce(IOVA, SIZE)],
      [
        names.UNMAP_AND_MAP,
        (table) => {
          table.unmap(IOVA, SIZE);
          table.map(IOVA, PADDR, SIZE, PROT);
        },
      ],
    ],
    // In calls too small for the large leaves.
    before: (table) => mapPages(table, PADDR, PROT),
    restore: remapPages,
  },
];

export function changePlans(memory: TableMemory): OperationPlan[] {
  return CHANGES.map((change) => ({ name: change.name, prepare: () => prepare(memory, change) }));
}

function prepare(memory: TableMemory, { name, unitsPerStep, pageSizes, ways, before, restore }: Change): Operation {
  const made = ways.map(([way, step]) => {
    const table = contenders.ourTable(memory, pageSizes);
    before(table);
    const bench: BenchCase = {
      name: way,
      step: () => step(table),
      restore: () => restore(table),
      answer: () => tableDigest(contenders.rawTablesOfOurs(memory, table)),
    };
    return { table, bench };
  });
  return {
    name,
    unit: "page",
    unitsPerStep,
    cases: made.map(({ bench }) => bench),
    dispose() {
      for (const { table } of made) table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
