import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import { tableDigest } from "../harness/tableReader.js";
import { linuxCases } from "../peers/linux/linuxPeer.js";
import * as contenders from "./contenders.js";
import { NEIGHBOURS, PAGE_BY_PAGE, REPEAT, REPEATED } from "./names.js";

const PAGE = 2 ** 12;
const GIGA = 2 ** 30;
const IOVA = 64 * GIGA;
const PADDR = 256 * GIGA;
const SIZE = 16 * GIGA;

export function repeatPlans(memory: TableMemory): OperationPlan[] {
  return [{ name: REPEAT, prepare: () => prepare(memory) }];
}

function prepare(memory: TableMemory): Operation {
  const repeated = contenders.ourTable(memory, [PAGE]);
  const mapped = contenders.ourTable(memory, [PAGE]);
  const source = { paddr: PADDR, size: PAGE };
  const ours = (name: string, table: typeof mapped, step: () => void): BenchCase => ({
    name,
    step,
    restore() {
      table.unmap(IOVA, SIZE);
    },
    answer: () => tableDigest(contenders.rawTablesOfOurs(memory, table)),
  });
  return {
    name: REPEAT,
    unit: "page",
    unitsPerStep: SIZE / PAGE,
    cases: [
      ours(REPEATED, repeated, () => repeated.mapRepeat(IOVA, SIZE, source, contenders.PROT)),
      ours(PAGE_BY_PAGE, mapped, () => {
        for (let done = 0; done < SIZE; done += PAGE) mapped.map(IOVA + done, PADDR, PAGE, contenders.PROT);
      }),
      ...linuxCases({ work: "repeat", answer: (_, digest) => digest }),
      ...linuxCases({
        work: "map-sized",
        suffix: NEIGHBOURS,
        input: BigUint64Array.of(BigInt(SIZE)),
        answer: (bytes) => bytes,
      }).map((one): BenchCase => ({ ...one, floor: true })),
    ],
    dispose() {
      repeated.destroy();
      mapped.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
