import { FORMAT_CASES } from "./cases/formats.js";
import * as names from "./cases/names.js";
import { linuxNames } from "./peers/linux/linuxPeer.js";

/** A bound on how the times of two cases of one operation relate. */
export interface Limit {
  readonly operation: string;
  /** The ratio is the time of `above` divided by the time of `below`. */
  readonly above: string;
  readonly below: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** No format costs much more per page than the first, ARM LPAE with the 4K granule. */
function formatLimits(): Limit[] {
  const [below = "", ...others] = FORMAT_CASES;
  return others.map((above) => ({ operation: names.MAP_FORMATS, above, below, atMost: 1.3 }));
}

/** Against each build of Linux's code that is there, and so against the best. */
function linuxLimits(): Limit[] {
  const against = (operation: string, above: string, atMost: number, suffix = ""): Limit[] =>
    linuxNames(suffix).map((below) => ({ operation, above, below, atMost }));
  return [
    ...against(names.MAP_STANDING, names.OURS, 0.35),
    ...against(names.MAP_POOLED, names.OURS, 0.6),
    ...against(names.UNMAP_PAGES, names.OURS, 0.2),
    ...against(names.UNMAP_PAGES, names.OURS, 0.4, names.QUEUED),
    ...against(names.MAP_BLOCKS, names.OURS, 0.4),
    ...against(names.UNMAP_BLOCKS, names.OURS, 0.3),
    ...against(names.LIST, names.IN_MEMORY, 0.04),
    ...against(names.UNMAP_LIST, names.OURS, 0.05),
    ...against(names.LOOK_UP, names.SINGLE, 1.2),
    ...against(names.LOOK_UP, names.BULK, 0.8),
    ...against(names.PAIR, names.OURS, 1),
    ...against(names.REPEAT, names.REPEATED, 0.001, names.NEIGHBOURS),
  ];
}

/** What `--check` holds the library to. */
export const LIMITS: readonly Limit[] = [
  { operation: names.MAP_POOLED, above: names.OURS, below: names.MEMORY_FILL, atMost: 3 },
  { operation: names.MAP_POOLED, above: names.TYPED_ARRAYS, below: names.OURS, atLeast: 5 },
  { operation: names.PAIR, above: names.OURS, below: names.EMPTY_CALL, atMost: 10 },
  ...formatLimits(),
  { operation: names.LIST, above: names.IN_MEMORY, below: names.MEMORY_FILL, atMost: 3 },
  { operation: names.LIST, above: names.IN_MEMORY, below: names.MEMORY_COPY, atMost: 2 },
  { operation: names.LIST, above: names.FRAMES, below: names.MEMORY_COPY, atMost: 2 },
  { operation: names.LIST, above: names.COPIED, below: names.IN_MEMORY, atMost: 3 },
  { operation: names.LIST, above: names.PAGE_BY_PAGE, below: names.IN_MEMORY, atLeast: 20 },
  { operation: names.BIND_LARGE, above: names.BIND, below: names.BARE_MAP, atMost: 1.2 },
  { operation: names.LOOK_UP, above: names.SINGLE, below: names.BULK, atLeast: 1.3 },
  { operation: names.POPULATION, above: names.BESIDE_16_GIB, below: names.NOTHING_ELSE, atMost: 1.2 },
  ...[names.WORKERS_PAGES, names.WORKERS_LIST, names.WORKERS_PAIR].map((operation) => ({
    operation,
    above: names.ONE_WORKER,
    below: names.TWO_WORKERS,
    atLeast: 1.6,
  })),
  ...linuxLimits(),
];
