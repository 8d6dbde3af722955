import type { TableMemory } from "../../bindings/index.js";
import type { BenchCase, Operation, OperationPlan } from "../harness/case.js";
import * as contenders from "./contenders.js";
import { BESIDE_1_GIB, BESIDE_16_GIB, NOTHING_ELSE, POPULATION } from "./names.js";

const PAGE = 2 ** 12;
const GIGA = 2 ** 30;
/** The pages that come and go, and the first of what is mapped beside them. */
const IOVA = 4 * GIGA;
const BESIDE = 64 * GIGA;
const PADDR = 256 * GIGA;
const SLOTS = 511;

const POPULATIONS: readonly (readonly [string, number])[] = [
  [NOTHING_ELSE, 0],
  [BESIDE_1_GIB, GIGA],
  [BESIDE_16_GIB, 16 * GIGA],
];

export function populationPlans(memory: TableMemory): OperationPlan[] {
  return [{ name: POPULATION, prepare: () => prepare(memory) }];
}

function prepare(memory: TableMemory): Operation {
  const made = POPULATIONS.map(([name, mapped]) => {
    const table = contenders.ourTable(memory, [PAGE]);
    if (mapped !== 0) table.map(BESIDE, PADDR, mapped, contenders.PROT);
    table.map(IOVA, PADDR, PAGE, contenders.PROT);
    let bytes = 0;
    const bench: BenchCase = {
      name,
      step() {
        bytes = 0;
        for (let slot = 1; slot <= SLOTS; slot++) {
          const offset = slot * PAGE;
          table.map(IOVA + offset, PADDR + offset, PAGE, contenders.PROT);
          bytes += table.unmap(IOVA + offset, PAGE);
        }
      },
      answer: () => `${bytes} bytes`,
    };
    return { table, bench };
  });
  return {
    name: POPULATION,
    unit: "pair",
    unitsPerStep: SLOTS,
    cases: made.map(({ bench }) => bench),
    dispose() {
      for (const { table } of made) table.destroy();
      contenders.refuseLeaks(memory);
    },
  };
}
