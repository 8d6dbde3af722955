import type { TableMemory } from "../../bindings/index.js";
import type { OperationPlan } from "../harness/case.js";
import { changePlans } from "./change.js";
import { formatPlans } from "./formats.js";
import { gpuVmPlans } from "./gpuVm.js";
import { listPlans } from "./list.js";
import { lookUpPlans } from "./lookUp.js";
import { mapPlans } from "./map.js";
import { pairPlans } from "./pair.js";
import { populationPlans } from "./population.js";
import { processPlans } from "./processes.js";
import { recordPlans } from "./records.js";
import { repeatPlans } from "./repeat.js";
import { sizePlans } from "./sizes.js";
import { unmapPlans } from "./unmap.js";

/** Everything that the bench measures, in the order of the report. */
export function operationPlans(memory: TableMemory): OperationPlan[] {
  return [
    ...mapPlans(memory),
    ...formatPlans(memory),
    ...listPlans(memory),
    ...unmapPlans(memory),
    ...pairPlans(memory),
    ...lookUpPlans(memory),
    ...repeatPlans(memory),
    ...changePlans(memory),
    ...gpuVmPlans(memory),
    ...populationPlans(memory),
    ...sizePlans(memory),
    ...recordPlans(memory),
    ...processPlans(),
  ];
}
