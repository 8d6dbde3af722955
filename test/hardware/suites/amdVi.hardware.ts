import { AmdVi } from "../walkers/amdVi.js";
import { X86_QEMU } from "../walkers/q35.js";
import { configurationOf } from "./configurations.js";
import { DMA, READ_WRITE } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

/** An encrypted table is left out: to QEMU the bit is one of the address. */
const CONFIGURATIONS = [
  "AMDv1",
  "AMDv1, 64 bits",
  "AMDv1, growing",
  "AMDv1, three sizes",
  "AMDv1, coherent",
  "AMDv1, without pages",
];

walkerSuite({ walker: "AMD-Vi", program: X86_QEMU, start: () => AmdVi.start(), probes: 150, rounds: 2 }, (add) => {
  for (const name of CONFIGURATIONS) {
    add<{ root: bigint; mode: number }>({
      configuration: configurationOf(name),
      prots: READ_WRITE,
      accesses: DMA,
      outside: false,
      program: (amd, registers) => amd.program(registers),
    });
  }
});
