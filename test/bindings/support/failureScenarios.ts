// Calls that reach the outside in every way that there is, on the formats that reach it differently.
import {
  amdV1,
  armLpaeS1,
  armV7s,
  type ErrorCode,
  type Format,
  type Gather,
  type IoPageTable,
  Prot,
  riscv,
  type TableOp,
  vtdSecondStage,
} from "../../../bindings/index.js";

export interface Callbacks {
  readonly syncForDevice: (paddr: number, bytes: number) => void;
  readonly changeTop: (root: bigint, mode: number) => void;
}

export interface Scenario {
  readonly name: string;
  /** Table pages come from an allocator of the caller's. */
  readonly allocates: boolean;
  readonly format: (callbacks: Callbacks) => Format;
  readonly prepare: (table: IoPageTable, gather: Gather) => void;
  readonly act: (table: IoPageTable, gather: Gather) => void;
  /** What the call is refused with. */
  readonly code: ErrorCode | undefined;
  readonly destroys: boolean | undefined;
  /** What the device's write does to an entry, where it writes through the first page before. */
  readonly write: ((entry: bigint) => bigint) | undefined;
}

const RW = Prot.READ | Prot.WRITE;
const READ = Prot.READ;
const K4 = 2 ** 12;
const M1 = 2 ** 20;
const M2 = 2 ** 21;
const M16 = 2 ** 24;

interface Act {
  readonly prepare?: Scenario["prepare"];
  readonly act: Scenario["act"];
  readonly code?: ErrorCode;
  readonly destroys?: true;
  readonly dirties?: true;
  /** The formats that it is for; default all. */
  readonly on?: readonly string[];
}

const FORMATS: Record<string, Scenario["format"]> = {
  ARM: ({ syncForDevice }) => armLpaeS1({ ias: 39, oas: 40, coherentWalk: false, syncForDevice }),
  "ARM, contiguous": () => armLpaeS1({ ias: 39, oas: 40, contiguousHint: true, quirks: ["ARM_HD"] }),
  v7s: ({ syncForDevice }) => armV7s({ ias: 32, oas: 32, coherentWalk: false, syncForDevice }),
  "VT-d": ({ syncForDevice }) => vtdSecondStage({ ias: 39, oas: 40, coherentWalk: false, syncForDevice }),
  AMDv1: ({ changeTop }) => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop }),
  "RISC-V": () => riscv({ ias: 39, oas: 40 }),
  "ARM, allocator": () => armLpaeS1({ ias: 39, oas: 40 }),
  "AMDv1, allocator": ({ changeTop }) => amdV1({ ias: 64, oas: 52, startLevels: 2, changeTop }),
};
const ALLOCATES = ["ARM, allocator", "AMDv1, allocator"];
const GROWS = ["AMDv1", "AMDv1, allocator"];
/** What the device's write does to an entry. */
const WRITES: Record<string, (entry: bigint) => bigint> = {
  "ARM, contiguous": (entry) => entry & ~(1n << 7n),
  "VT-d": (entry) => entry | (1n << 9n),
  AMDv1: (entry) => entry | (1n << 6n),
};
const FAR = 2 ** 34;

/** Empty tables, as Linux's unmap leaves them, where a larger leaf can stand. */
function leaveEmptyTables(table: IoPageTable): void {
  for (const iova of [0, M1, M2]) {
    table.map(iova, K4, K4, RW);
    table.unmapPages(iova, K4, 1);
  }
}

function mapSomething(table: IoPageTable): void {
  table.map(0, M16, 2 * M2, RW);
  table.map(2 * M2, 2 * M16 + K4, 20 * K4, RW);
  table.map(M16, 3 * M16, K4, RW);
}

/** All that a prepared update can do, over what `mapSomething` leaves. */
const UPDATE: readonly TableOp[] = [
  { op: "unmap", iova: K4, size: K4 },
  { op: "replace", iova: M2, paddr: 5 * M16, size: M2, prot: READ },
  { op: "protect", iova: 2 * M2 + K4, size: 4 * K4, prot: READ },
  { op: "unmap", iova: M16, size: K4 },
  { op: "map", iova: 3 * M2, paddr: 6 * M16, size: M2 + K4, prot: RW },
  { op: "mapRepeat", iova: 5 * M2, size: 2 * M2, source: { paddr: K4, size: 2 * K4 }, prot: RW },
];
const GROWING: readonly TableOp[] = [...UPDATE, { op: "map", iova: FAR, paddr: M16, size: K4, prot: RW }];

/** Prepare and commit; an update that was not carried out is given up. */
function commit(table: IoPageTable, operations: readonly TableOp[], gather?: Gather): void {
  const update = table.prepare(operations);
  try {
    update.commit(gather);
  } catch (error) {
    try {
      update.abort();
    } catch {
      // It was carried out, or giving its pages back throws as well: it has ended either way.
    }
    throw error;
  }
}

const clearDirty = (table: IoPageTable): void =>
  void table.readDirty(0, 4 * M2, new Uint8Array((4 * M2) / K4 / 8), { clear: true });

const ACTS: Record<string, Act> = {
  map: { act: (table) => table.map(0, M16, M2 + K4, RW) },
  "map over empty tables": { prepare: leaveEmptyTables, act: (table) => table.map(0, M16, 2 * M2, RW) },
  "map that meets something": {
    prepare: (table) => {
      leaveEmptyTables(table);
      table.map(M2 + M1, K4, K4, RW);
    },
    act: (table) => table.map(0, M16, 2 * M2, RW),
    code: "EEXIST",
    on: ["ARM", "ARM, contiguous", "v7s", "VT-d", "RISC-V"],
  },
  "map that grows": { prepare: mapSomething, act: (table) => table.map(FAR, M16, M2 + K4, RW), on: GROWS },
  "map that grows from nothing": { act: (table) => table.map(2 ** 50, M16, K4, RW), on: GROWS },
  mapList: {
    prepare: leaveEmptyTables,
    act: (table) => {
      const pages = Array.from({ length: 600 }, (_, i) => M16 + (i < 512 ? i : 2 * i) * K4);
      table.mapList(0, pages, K4, RW);
    },
  },
  "mapList that grows": { act: (table) => table.mapList(FAR, [M16, K4, M2], K4, RW), on: GROWS },
  mapFrames: { act: (table) => table.mapFrames(M2, Uint32Array.of(7, 9, 10, 11), K4, RW) },
  mapSegments: {
    prepare: leaveEmptyTables,
    act: (table) =>
      table.mapSegments(
        0,
        [
          { paddr: M16, size: M2 + K4 },
          { paddr: K4, size: K4 },
        ],
        RW,
      ),
  },
  mapRepeat: { prepare: leaveEmptyTables, act: (table) => table.mapRepeat(0, 3 * M2, { paddr: K4, size: 2 * K4 }, RW) },
  "mapRepeat that grows": { act: (table) => table.mapRepeat(FAR, 3 * M2, { paddr: K4, size: K4 }, RW), on: GROWS },
  "unmap of a page": { prepare: mapSomething, act: (table) => table.unmap(2 * M2, K4) },
  "unmap of tables": { prepare: mapSomething, act: (table) => table.unmap(2 * M2, M16) },
  "unmap that splits": { prepare: mapSomething, act: (table) => table.unmap(K4, M2) },
  "unmap of whole leaves": { prepare: mapSomething, act: (table) => table.unmap(K4, M2, { partial: "whole" }) },
  "unmap with a gather, then sync": {
    prepare: mapSomething,
    act: (table, gather) => {
      table.unmap(2 * M2, M16, { gather });
      gather.sync();
    },
  },
  "unmap that splits, with a gather": {
    prepare: mapSomething,
    act: (table, gather) => table.unmap(K4, M2, { gather }),
    on: ["ARM", "ARM, contiguous", "v7s", "VT-d"],
  },
  "sync of what was gathered": {
    prepare: (table, gather) => {
      mapSomething(table);
      table.unmap(2 * M2, M16, { gather });
      table.unmap(0, M2, { gather });
    },
    act: (_, gather) => gather.sync(),
  },
  "unmap of a part of a repeat": {
    prepare: (table) => table.mapRepeat(0, 3 * M2, { paddr: K4, size: 2 * K4 }, RW),
    act: (table) => table.unmap(M2 + K4, M2),
  },
  replace: { prepare: mapSomething, act: (table) => table.replace(K4, 5 * M16, 3 * M2, READ) },
  "replace by larger leaves": { prepare: mapSomething, act: (table) => table.replace(0, 5 * M16, 4 * M2, RW) },
  "replace that grows": { prepare: mapSomething, act: (table) => table.replace(FAR, 5 * M16, K4, RW), on: GROWS },
  "replace with a gather": {
    prepare: mapSomething,
    act: (table, gather) => table.replace(K4, 5 * M16, 3 * M2, READ, gather),
  },
  "replace in a part of a repeat": {
    prepare: (table) => table.mapRepeat(0, 3 * M2, { paddr: K4, size: 2 * K4 }, RW),
    act: (table) => table.replace(M2 + K4, M16, M2, READ),
  },
  protect: { prepare: mapSomething, act: (table) => table.protect(K4, 2 * M2, READ) },
  "protect that changes the memory type": {
    prepare: mapSomething,
    act: (table) => table.protect(K4, 2 * M2, RW | Prot.CACHE),
    on: ["ARM", "ARM, contiguous", "v7s"],
  },
  coalesce: {
    prepare: (table) => {
      table.map(0, M16, M2 - K4, RW);
      table.map(M2 - K4, M16 + M2 - K4, K4, RW);
      table.map(M2, M16 + M2, K4, RW);
      table.map(M2 + K4, M16 + M2 + K4, 15 * K4, RW);
    },
    act: (table) => table.coalesce(0, 2 * M2),
  },
  trim: { prepare: leaveEmptyTables, act: (table) => table.trim() },
  "mapPages over tables": {
    prepare: (table) => {
      table.map(0, K4, K4, RW);
      table.map(M1, K4, K4, RW);
    },
    act: (table) => table.mapPages(0, M16, M2, 1, RW),
    on: ["ARM", "VT-d", "AMDv1", "RISC-V"],
  },
  "mapPages of sections": {
    prepare: (table) => table.map(0, K4, K4, RW),
    act: (table) => table.mapPages(0, M16, M1, 1, RW),
    on: ["v7s"],
  },
  "mapPages that grows": { prepare: mapSomething, act: (table) => table.mapPages(FAR, M16, K4, 2, RW), on: GROWS },
  "mapRange over empty tables": { prepare: leaveEmptyTables, act: (table) => table.mapRange(0, M16, 2 * M2, RW) },
  "mapRange that grows": { prepare: mapSomething, act: (table) => table.mapRange(FAR, M16, 2 * M2, RW), on: GROWS },
  unmapPages: { prepare: mapSomething, act: (table) => table.unmapPages(2 * M2, K4, 20) },
  unmapRange: { prepare: mapSomething, act: (table) => table.unmapRange(0, 2 * M2 + 20 * K4) },
  "prepare, then commit": { prepare: mapSomething, act: (table) => commit(table, UPDATE) },
  "prepare, then commit with a gather": {
    prepare: mapSomething,
    act: (table, gather) => {
      commit(table, UPDATE, gather);
      gather.sync();
    },
  },
  "commit that grows": { prepare: mapSomething, act: (table) => commit(table, GROWING), on: GROWS },
  "prepare, then abort": { prepare: mapSomething, act: (table) => table.prepare(UPDATE).abort(), on: ALLOCATES },
  "readDirty that clears": { prepare: mapSomething, dirties: true, act: clearDirty, on: Object.keys(WRITES) },
  destroy: { prepare: mapSomething, act: (table) => table.destroy(), destroys: true },
};

export const scenarios: readonly Scenario[] = Object.entries(FORMATS).flatMap(([formatName, format]) =>
  Object.entries(ACTS)
    .filter(([, { on }]) => on?.includes(formatName) ?? true)
    .map(([name, { prepare = () => undefined, act, code, destroys, dirties }]) => ({
      name: `${formatName}: ${name}`,
      allocates: ALLOCATES.includes(formatName),
      format,
      prepare,
      act,
      code,
      destroys,
      write: dirties ? WRITES[formatName] : undefined,
    })),
);
