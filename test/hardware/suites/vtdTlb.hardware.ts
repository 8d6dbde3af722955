import { invalidateVtd } from "../walkers/invalidate.js";
import { X86_QEMU } from "../walkers/q35.js";
import { VtD } from "../walkers/vtd.js";
import { configurationOf } from "./configurations.js";
import { tlbSuite } from "./tlbSuite.js";

tlbSuite<VtD, { ssptptr: bigint; aw: number }>({
  walker: "VT-d",
  program: X86_QEMU,
  configurations: [configurationOf("VT-d, four levels")],
  rounds: 5,
  start: () => VtD.start(48),
  point: (vtd, registers) => vtd.program(registers),
  rootOf: (registers) => registers.ssptptr,
  invalidate: invalidateVtd,
  dropsRanges: true,
});
