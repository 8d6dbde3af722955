import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { type RawTables, tableDigest, tablePages } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import { TABLE_BYTES } from "../peers/peer.js";
import { PageFloor } from "../peers/wasmFloor.js";
import { refuseLeaks } from "./contenders.js";
import { MAP_BLOCKS, MAP_POOLED, MAP_STANDING, MEMORY_COPY, MEMORY_FILL } from "./names.js";
import { type RangeContender, type RangeWork, rangeContenders } from "./ranges.js";
import { BLOCKS, BLOCKS_OF_2M, GIB_OF_PAGES, GIB_OF_PAGES_TABLES_STAY, PAGES_PER_GIB } from "./works.js";

export function mapPlans(memory: TableMemory): OperationPlan[] {
  const plan = (name: string, unit: string, unitsPerStep: number, work: RangeWork, linux: string): OperationPlan => ({
    name,
    prepare: () => prepare(memory, work, linux, { name, unit, unitsPerStep }),
  });
  return [
    plan(MAP_POOLED, "page", PAGES_PER_GIB, GIB_OF_PAGES, "map-pooled"),
    plan(MAP_STANDING, "page", PAGES_PER_GIB, GIB_OF_PAGES_TABLES_STAY, "map-standing"),
    plan(MAP_BLOCKS, "leaf", BLOCKS, BLOCKS_OF_2M, "map-blocks"),
  ];
}

function prepare(
  memory: TableMemory,
  work: RangeWork,
  linuxWork: string,
  labels: Pick<Operation, "name" | "unit" | "unitsPerStep">,
): Operation {
  const contenders = rangeContenders(memory, work);
  const [ours] = contenders;
  if (ours === undefined) throw new Error("nobody to measure");
  return {
    ...labels,
    cases: [
      ...contenders.map(mapCase),
      ...linuxCases({ work: linuxWork, answer: (_, digest) => digest }),
      fillCase(ours),
    ],
    dispose() {
      for (const contender of contenders) contender.destroy();
      refuseLeaks(memory);
    },
  };
}

function mapCase(contender: RangeContender): BenchCase {
  return {
    name: contender.name,
    step: () => contender.mapAll(),
    restore: () => {
      contender.unmapAll();
    },
    answer: () => tableDigest(contender.tables()),
  };
}

/** Fills as many pages as ours writes tables, at the distances and in the order in which ours has them. */
export function fillCase(ours: RangeContender): BenchCase {
  const floor = floorOf(ours);
  return floorCase(MEMORY_FILL, floor, () => floor.fill());
}

/** Copies as many bytes to such pages. */
export function copyCase(ours: RangeContender): BenchCase {
  const floor = floorOf(ours);
  return floorCase(MEMORY_COPY, floor, () => floor.copy());
}

function floorOf(ours: RangeContender): PageFloor {
  // Once before, so that what stands is what stands before each timed map.
  ours.mapAll();
  ours.unmapAll();
  const standing = new Set(intermediateOffsets(ours.tables()));
  ours.mapAll();
  const written = tablePages(ours.tables()).filter(({ offset }) => !standing.has(offset));
  ours.unmapAll();
  return new PageFloor(written.map(({ offset }) => offset));
}

function floorCase(name: string, floor: PageFloor, step: () => void): BenchCase {
  return {
    name,
    floor: true,
    step,
    // Nothing to undo, but timed one call at a time as the others are.
    restore: () => {},
    answer: () => {
      const bytes = floor.takeWrittenBytes();
      if (bytes !== floor.pages * TABLE_BYTES) throw new Error(`${name} reached ${bytes} bytes`);
      return `${bytes} bytes written`;
    },
  };
}

/** Tables that a map finds and only links to; leaf tables are written again even where they stand. */
function intermediateOffsets(tables: RawTables): number[] {
  return tablePages(tables)
    .filter(({ level }) => level < 3)
    .map(({ offset }) => offset);
}
