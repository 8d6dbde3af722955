import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { type LinuxWork, linuxCases } from "../peers/linux/linuxPeer.js";
import { refuseLeaks } from "./contenders.js";
import { QUEUED, UNMAP_BLOCKS, UNMAP_PAGES } from "./names.js";
import { type RangeContender, type RangeWork, rangeContenders } from "./ranges.js";
import { BLOCKS, BLOCKS_OF_2M, GIB_OF_PAGES, PAGES_PER_GIB } from "./works.js";

export function unmapPlans(memory: TableMemory): OperationPlan[] {
  const plan = (
    name: string,
    unit: string,
    unitsPerStep: number,
    work: RangeWork,
    linux: LinuxWork[],
  ): OperationPlan => ({
    name,
    prepare() {
      const contenders = rangeContenders(memory, work);
      return {
        name,
        unit,
        unitsPerStep,
        cases: [...contenders.map(unmapCase), ...linux.flatMap(linuxCases)],
        dispose() {
          for (const contender of contenders) contender.destroy();
          refuseLeaks(memory);
        },
      };
    },
  });
  const answer: LinuxWork["answer"] = (bytes, digest) => `${bytes} bytes, then ${digest}`;
  return [
    plan(UNMAP_PAGES, "page", PAGES_PER_GIB, GIB_OF_PAGES, [
      { work: "unmap-pages", answer },
      { work: "unmap-pages-queued", suffix: QUEUED, answer },
    ]),
    plan(UNMAP_BLOCKS, "leaf", BLOCKS, BLOCKS_OF_2M, [{ work: "unmap-blocks", answer }]),
  ];
}

function unmapCase(contender: RangeContender): BenchCase {
  let bytes = 0;
  contender.mapAll();
  return {
    name: contender.name,
    step() {
      bytes = contender.unmapAll();
    },
    restore: () => contender.mapAll(),
    answer: () => `${bytes} bytes, then ${tableDigest(contender.tables())}`,
  };
}
