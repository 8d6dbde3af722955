import type { ArmLpaeS1Registers } from "../../../bindings/index.js";
import { SMMU_QEMU, SmmuV3 } from "../walkers/smmuV3.js";
import { configurationOf } from "./configurations.js";
import { DMA, STAGE_1 } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

/** Its IOVAs have 48 bits and go through TTBR0; the contiguous hint changes nothing for it. */
const CONFIGURATIONS = [
  "S1 4K",
  "S1 4K, short root",
  "S1 4K, only pages and 2M",
  "S1 16K",
  "S1 64K",
  "S1 4K, not coherent",
  "S1 4K, contiguous hint",
];

walkerSuite({ walker: "SMMUv3", program: SMMU_QEMU, start: () => SmmuV3.start(), probes: 150, rounds: 2 }, (add) => {
  for (const name of CONFIGURATIONS) {
    add<ArmLpaeS1Registers>({
      configuration: configurationOf(name),
      prots: STAGE_1,
      accesses: DMA,
      program: (smmu, registers) => smmu.program(registers),
    });
  }
});
