import * as names from "../cases/names.js";
import { SIZES } from "../cases/sizes.js";
import { caseOf } from "../harness/readRecord.js";
import type { BenchRecord } from "../harness/record.js";
import { isLinux } from "../peers/isPeer.js";
import { type BarGroup, barChart, lineChart } from "./charts.js";

/** The rows of the first plot, each with the case that is ours. */
const ROWS: readonly (readonly [label: string, operation: string, ours: string])[] = [
  ["map 4K pages, tables from the pool", names.MAP_POOLED, names.OURS],
  ["map 4K pages, tables standing", names.MAP_STANDING, names.OURS],
  ["unmap 4K pages", names.UNMAP_PAGES, names.OURS],
  ["map 2M leaves", names.MAP_BLOCKS, names.OURS],
  ["unmap 2M leaves", names.UNMAP_BLOCKS, names.OURS],
  ["map a list of scattered pages", names.LIST, names.IN_MEMORY],
  ["unmap scattered pages", names.UNMAP_LIST, names.OURS],
  ["look up one address", names.LOOK_UP, names.SINGLE],
  ["look up many addresses", names.LOOK_UP, names.BULK],
  ["map and unmap one page", names.PAIR, names.OURS],
];

const FLOORS = [names.MEMORY_FILL, names.EMPTY_CALL];

/** The builds of Linux's code that a record has. */
function linuxBuilds(operations: BenchRecord["operations"]): string[] {
  const cases = operations.find(({ name }) => name === names.MAP_POOLED)?.cases ?? [];
  return cases.map(({ name }) => name).filter(isLinux);
}

export function rowsPlot({ operations }: BenchRecord): string {
  const linux = linuxBuilds(operations);
  const series = [names.OURS, ...linux, names.TYPED_ARRAYS, names.BIGINT, "memory.fill, empty call"];
  const groups = ROWS.map(([label, operation, ours]): BarGroup => {
    const time = (name: string): number | undefined => caseOf(operations, operation, name)?.summary.median;
    const peers = [...linux, names.TYPED_ARRAYS, names.BIGINT].map(time);
    return { label, values: [time(ours), ...peers, FLOORS.map(time).find((found) => found !== undefined)] };
  }).filter(({ values }) => values[0] !== undefined);
  return barChart("Nanoseconds per page, leaf, call or pair", series, groups);
}

export function sizesPlot({ operations }: BenchRecord): string {
  const curves = [names.OURS, ...linuxBuilds(operations)].map((name) => ({
    name,
    values: SIZES.map((size) => caseOf(operations, names.sizedName(size), name)?.summary.median),
  }));
  return lineChart("Nanoseconds per 4K page, by the size of the call that maps", SIZES.map(names.bytesName), curves);
}

const WORK: readonly (readonly [label: string, operation: string])[] = [
  ["contiguous 4K pages", names.WORKERS_PAGES],
  ["lists of scattered pages", names.WORKERS_LIST],
  ["single pages", names.WORKERS_PAIR],
];

/** @returns null where no workers were measured */
export function workersPlot({ operations }: BenchRecord): string | null {
  const series = [names.ONE_WORKER, names.TWO_WORKERS];
  const groups = WORK.map(([label, operation]): BarGroup => {
    return { label, values: series.map((name) => millionsPerSecond(operations, operation, name)) };
  }).filter(({ values }) => values.some((value) => value !== undefined));
  if (groups.length === 0) return null;
  return barChart("Workers on disjoint ranges of one table: millions of pages per second", series, groups);
}

function millionsPerSecond(operations: BenchRecord["operations"], operation: string, name: string): number | undefined {
  const nanoseconds = caseOf(operations, operation, name)?.summary.median;
  return nanoseconds === undefined ? undefined : 1e3 / nanoseconds;
}
