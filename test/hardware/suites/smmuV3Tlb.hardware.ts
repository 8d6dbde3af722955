import type { ArmLpaeS1Registers } from "../../../bindings/index.js";
import { invalidateSmmu } from "../walkers/invalidate.js";
import { SMMU_QEMU, SmmuV3 } from "../walkers/smmuV3.js";
import { configurationOf } from "./configurations.js";
import { tlbSuite } from "./tlbSuite.js";

tlbSuite<SmmuV3, ArmLpaeS1Registers>({
  walker: "SMMUv3",
  program: SMMU_QEMU,
  configurations: ["S1 4K", "S1 16K", "S1 4K, contiguous hint"].map(configurationOf),
  rounds: 2,
  start: () => SmmuV3.start(),
  point: (smmu, registers) => smmu.program(registers),
  rootOf: (registers) => registers.ttbr,
  invalidate: invalidateSmmu,
  dropsRanges: true,
});
