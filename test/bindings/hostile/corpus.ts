// Operations that take table pages, each after what it finds: what allocators, callbacks and a pool that runs out are tried on. Another one is a line.
import { type Gather, type IoPageTable, Prot, SegmentList, type TableOp } from "../../../bindings/index.js";
import type { MachineName } from "./machines.js";

export interface CorpusOperation {
  says: string;
  machine: MachineName;
  /** What is there before. */
  before(table: IoPageTable): void;
  /** The call. A number or a result that says that nothing was done counts as a refusal. */
  call(table: IoPageTable): unknown;
  /** The table pages that it asks for: neither more nor less. */
  pages: number;
}

/** Linux's calls answer with what they did instead of throwing. */
export const isLinuxCall = ({ says }: CorpusOperation): boolean => /^(un)?map(Pages|Range)/.test(says);

const RW = Prot.READ | Prot.WRITE;
const K4 = 2 ** 12;
const M1 = 2 ** 20;
const M2 = 2 ** 21;
const G1 = 2 ** 30;
const nothing = (): void => undefined;

/** What an operation of `prepare` is as a call of its own. */
function callOf(table: IoPageTable, op: TableOp): unknown {
  switch (op.op) {
    case "map":
      return table.map(op.iova, op.paddr, op.size, op.prot);
    case "mapList":
      return table.mapList(op.iova, op.pages, op.pageSize, op.prot);
    case "mapSegments":
      return table.mapSegments(op.iova, op.segments, op.prot, op.part);
    case "mapRepeat":
      return table.mapRepeat(op.iova, op.size, op.source, op.prot, op.phase);
    case "replace":
      return table.replace(op.iova, op.paddr, op.size, op.prot);
    case "protect":
      return table.protect(op.iova, op.size, op.prot);
    case "unmap":
      return table.unmap(op.iova, op.size);
  }
}

type Row = [says: string, before: (table: IoPageTable) => void, op: TableOp, pages: number];
type CallRow = [
  says: string,
  before: (table: IoPageTable) => void,
  call: (table: IoPageTable) => unknown,
  pages: number,
];

const rowsOf = (machine: MachineName, rows: readonly Row[]): CorpusOperation[] =>
  rows.map(([says, before, op, pages]) => ({ says, machine, before, call: (table) => callOf(table, op), pages }));
/** The same in two steps: all that can fail is in the first. */
const preparedOf = (machine: MachineName, rows: readonly Row[]): CorpusOperation[] =>
  rows.map(([says, before, op, pages]) => ({
    says: `prepare and commit: ${says}`,
    machine,
    before,
    call: (table) => table.prepare([op]).commit(),
    pages,
  }));
const callsOf = (machine: MachineName, rows: readonly CallRow[]): CorpusOperation[] =>
  rows.map(([says, before, call, pages]) => ({ says, machine, before, call, pages }));

const pageAtZero = (table: IoPageTable): void => table.map(0, K4, K4, RW);
const blocks = (table: IoPageTable): void => table.map(0, 0, 2 * G1, RW);
/** One page over and over, in the same table five times. */
const repeated = (table: IoPageTable): void => table.mapRepeat(0, 5 * M2, { paddr: K4, size: K4 }, RW);
/** Pages with a neighbour each, across the end of a table. */
const scattered = Float64Array.from({ length: 40 }, (_, i) => (1 + 2 * i) * K4);
const extents = new SegmentList(Array.from({ length: 40 }, (_, i) => ({ paddr: (1 + 3 * i) * M1, size: 2 * K4 })));

const ARM: Row[] = [
  ["map over several tables", pageAtZero, { op: "map", iova: G1 - M2 - K4, paddr: K4, size: 2 * M2, prot: RW }, 4],
  [
    "mapList across two tables",
    pageAtZero,
    { op: "mapList", iova: G1 - 20 * K4, pages: scattered, pageSize: K4, prot: RW },
    3,
  ],
  [
    "mapSegments of a part",
    nothing,
    { op: "mapSegments", iova: M2 - 8 * K4, segments: extents, prot: RW, part: { start: K4, size: 60 * K4 } },
    4,
  ],
  [
    "mapRepeat of a page",
    nothing,
    { op: "mapRepeat", iova: M1, size: 8 * M2, source: { paddr: K4, size: K4 }, prot: RW },
    5,
  ],
  [
    "mapRepeat of three pages",
    pageAtZero,
    { op: "mapRepeat", iova: M2, size: 8 * M2, source: { paddr: M1, size: 3 * K4 }, prot: RW, phase: K4 },
    3,
  ],
  ["replace where nothing is", nothing, { op: "replace", iova: 2 ** 39 + K4, paddr: 0, size: K4, prot: RW }, 3],
  [
    "replace in the middle of a block",
    blocks,
    { op: "replace", iova: G1 + M2 + K4, paddr: M1, size: 3 * K4, prot: RW },
    2,
  ],
  ["replace across two blocks", blocks, { op: "replace", iova: G1 - K4, paddr: M1, size: 2 * K4, prot: RW }, 4],
  ["replace in a shared table", repeated, { op: "replace", iova: 2 * M2 + K4, paddr: M1, size: K4, prot: RW }, 1],
  ["protect inside a block", blocks, { op: "protect", iova: G1 + 5 * K4, size: K4, prot: Prot.READ }, 2],
  ["protect in two shared tables", repeated, { op: "protect", iova: M2 - K4, size: 2 * K4, prot: Prot.READ }, 2],
  ["unmap that splits a block on both sides", blocks, { op: "unmap", iova: M1, size: K4 }, 2],
  ["unmap that splits two blocks", blocks, { op: "unmap", iova: G1 - K4, size: 2 * K4 }, 4],
  ["unmap in a shared table", repeated, { op: "unmap", iova: 4 * M2 + M1, size: K4 }, 1],
];

const ARM_CALLS: CallRow[] = [
  ["mapFrames", nothing, (t) => t.mapFrames(M2 - K4, Uint32Array.of(7, 9), K4, RW), 4],
  ["mapPages", pageAtZero, (t) => t.mapPages(G1, K4, K4, 16, RW), 2],
  ["mapRange", pageAtZero, (t) => t.mapRange(G1 - K4, K4, 2 * K4, RW), 3],
  ["unmapPages in a shared table", repeated, (t) => t.unmapPages(3 * M2, K4, 2), 1],
  ["unmapRange in a shared table", repeated, (t) => t.unmapRange(3 * M2 + K4, 2 * K4), 1],
];

const GROWING: Row[] = [
  ["map by four levels more", pageAtZero, { op: "map", iova: 2n ** 63n, paddr: K4, size: K4, prot: RW }, 9],
  ["mapList", nothing, { op: "mapList", iova: 2 ** 40, pages: scattered.slice(0, 2), pageSize: K4, prot: RW }, 5],
  ["mapSegments", nothing, { op: "mapSegments", iova: 2 ** 40, segments: [{ paddr: K4, size: K4 }], prot: RW }, 5],
  [
    "mapRepeat",
    nothing,
    { op: "mapRepeat", iova: 2 ** 40, size: 2 * M2, source: { paddr: K4, size: 3 * K4 }, prot: RW },
    6,
  ],
  ["replace", pageAtZero, { op: "replace", iova: 2 ** 31, paddr: K4, size: K4, prot: RW }, 3],
  ["unmap that splits a leaf", blocks, { op: "unmap", iova: M1, size: K4 }, 2],
];

const GROWING_CALLS: CallRow[] = [
  ["mapPages", nothing, (t) => t.mapPages(2 ** 40, K4, K4, 1, RW), 5],
  ["mapRange", nothing, (t) => t.mapRange(2 ** 40, K4, K4, RW), 5],
];

const X86: Row[] = [
  ["map", nothing, { op: "map", iova: M2 - K4, paddr: K4, size: 2 * K4, prot: RW }, 4],
  ["replace across two blocks", blocks, { op: "replace", iova: G1 - K4, paddr: M1, size: 2 * K4, prot: RW }, 4],
  ["protect inside a block", blocks, { op: "protect", iova: 5 * K4, size: K4, prot: Prot.READ }, 2],
];

const SHORT: Row[] = [
  ["map over two tables", nothing, { op: "map", iova: M1 - K4, paddr: K4, size: 2 * K4, prot: RW }, 2],
  ["mapRepeat", nothing, { op: "mapRepeat", iova: K4, size: 4 * M1, source: { paddr: K4, size: K4 }, prot: RW }, 3],
  ["replace in a supersection", blocks, { op: "replace", iova: 5 * M1 + K4, paddr: K4, size: K4, prot: RW }, 1],
  ["protect in a section", blocks, { op: "protect", iova: 5 * M1 + K4, size: K4, prot: Prot.READ }, 1],
  ["unmap that splits two sections", blocks, { op: "unmap", iova: 5 * M1 - K4, size: 2 * K4 }, 2],
];

/** Every operation that takes pages. */
export const CORPUS: readonly CorpusOperation[] = [
  ...rowsOf("ARM stage 1", ARM),
  ...preparedOf("ARM stage 1", ARM),
  ...callsOf("ARM stage 1", ARM_CALLS),
  ...rowsOf("AMDv1, growing", GROWING),
  ...preparedOf("AMDv1, growing", GROWING),
  ...callsOf("AMDv1, growing", GROWING_CALLS),
  ...rowsOf("x86-64", X86),
  ...rowsOf("ARM short descriptors", SHORT),
  ...callsOf("ARM short descriptors", [["mapPages", nothing, (t) => t.mapPages(M1, K4, K4, 3, RW), 1]]),
];

/** Operations that free table pages, for themselves or into a gather; `pages` are those that go. */
export interface FreeingOperation extends Omit<CorpusOperation, "call"> {
  call(table: IoPageTable, gather?: Gather): unknown;
}

const pagesAt = (iova: number) => (table: IoPageTable) => {
  for (let page = 0; page < 512; page++) table.map(iova + page * K4, page * K4, K4, RW);
};
/** Linux's call leaves the tables that it empties. */
const emptyTables = (table: IoPageTable): void => {
  table.map(0, K4, 2 * M2, RW);
  table.unmapPages(0, K4, 512);
  table.unmapPages(M2, K4, 512);
};
const freeing = (
  machine: MachineName,
  rows: readonly [string, (table: IoPageTable) => void, FreeingOperation["call"], number][],
): FreeingOperation[] => rows.map(([says, before, call, pages]) => ({ says, machine, before, call, pages }));

export const FREEING: readonly FreeingOperation[] = [
  ...freeing("ARM stage 1", [
    ["unmap of a page", pageAtZero, (t, gather) => t.unmap(0, 2 * K4, { ...(gather && { gather }) }), 3],
    [
      "unmap of several tables",
      (t) => t.map(G1 - M2, K4, 2 * M2, RW),
      (t, gather) => t.unmap(0, 2 * G1, { ...(gather && { gather }) }),
      5,
    ],
    [
      "unmap of all places of a shared table",
      repeated,
      (t, gather) => t.unmap(0, 5 * M2, { ...(gather && { gather }) }),
      3,
    ],
    [
      "unmap of the last of two tables that differ",
      (t) => {
        repeated(t);
        t.protect(M2, K4, Prot.READ);
      },
      (t, gather) => t.unmap(M2, M2, { ...(gather && { gather }) }),
      1,
    ],
    ["unmapPages of a table", pagesAt(0), (t, gather) => t.unmapPages(0, M2, 1, gather), 1],
    ["unmapRange", pagesAt(0), (t, gather) => t.unmapRange(0, M2, gather), 1],
    ["replace of a table by a block", pagesAt(M2), (t, gather) => t.replace(M2, M2, M2, RW, gather), 1],
    [
      "replace of two tables by a 1G block",
      (t) => {
        pagesAt(0)(t);
        pagesAt(G1 - M2)(t);
      },
      (t, gather) => t.replace(0, G1, G1, RW, gather),
      3,
    ],
    ["coalesce", pagesAt(M2), (t, gather) => t.coalesce(0, 2 * M2, gather), 1],
    ["trim", emptyTables, (t, gather) => t.trim(gather), 4],
    ["map of a block over an empty table", emptyTables, (t) => t.map(0, 0, M2, RW), 1],
    ["mapRange of blocks over empty tables", emptyTables, (t, gather) => t.mapRange(0, 0, 2 * M2, RW, gather), 2],
    [
      "mapSegments of blocks over empty tables",
      emptyTables,
      (t) => t.mapSegments(0, [{ paddr: 0, size: 2 * M2 }], RW),
      2,
    ],
    ["mapRepeat over empty tables", emptyTables, (t) => t.mapRepeat(0, 2 * M2, { paddr: K4, size: K4 }, RW), 4],
    [
      "commit of an unmap and a replace",
      (t) => {
        pagesAt(0)(t);
        pagesAt(M2)(t);
      },
      (t, gather) =>
        t
          .prepare([
            { op: "unmap", iova: 0, size: M2 },
            { op: "replace", iova: M2, paddr: M2, size: M2, prot: RW },
          ])
          .commit(gather),
      2,
    ],
  ]),
  ...freeing("AMDv1, growing", [
    [
      "unmap above a growth",
      (t) => t.map(2 ** 40, K4, K4, RW),
      (t, gather) => t.unmap(2 ** 40, K4, { ...(gather && { gather }) }),
      3,
    ],
    ["replace of a table by a leaf", pagesAt(0), (t, gather) => t.replace(0, 0, M2, RW, gather), 1],
    ["coalesce", pagesAt(0), (t, gather) => t.coalesce(0, M2, gather), 1],
  ]),
  ...freeing("x86-64", [["unmap", pagesAt(M2), (t, gather) => t.unmap(M2, M2, { ...(gather && { gather }) }), 3]]),
  ...freeing("ARM short descriptors", [
    [
      "unmap of two tables",
      (t) => t.map(M1 - K4, 3 * K4, 2 * K4, RW),
      (t, gather) => t.unmap(0, 2 * M1, { ...(gather && { gather }) }),
      2,
    ],
    [
      "trim",
      (t) => {
        t.map(0, K4, K4, RW);
        t.unmapPages(0, K4, 1);
      },
      (t, gather) => t.trim(gather),
      1,
    ],
  ]),
];
