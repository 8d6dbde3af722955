import { AmdVi } from "../walkers/amdVi.js";
import { invalidateAmd } from "../walkers/invalidate.js";
import { X86_QEMU } from "../walkers/q35.js";
import { configurationOf } from "./configurations.js";
import { tlbSuite } from "./tlbSuite.js";

tlbSuite<AmdVi, { root: bigint; mode: number }>({
  walker: "AMD-Vi",
  program: X86_QEMU,
  configurations: ["AMDv1", "AMDv1, three sizes"].map(configurationOf),
  rounds: 3,
  start: () => AmdVi.start(),
  point: (amd, registers) => amd.program(registers),
  rootOf: (registers) => registers.root,
  invalidate: invalidateAmd,
  // QEMU drops the whole domain for each.
  dropsRanges: false,
});
