import { X86_QEMU } from "../walkers/q35.js";
import { VtD } from "../walkers/vtd.js";
import { configurationOf } from "./configurations.js";
import { DMA, READ_WRITE } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

/** By the input address bits that the IOMMU has. Coherence is left out: without snoop control its bit is reserved. */
const CONFIGURATIONS = [
  [48, ["VT-d, four levels", "VT-d, not coherent"]],
  [39, ["VT-d, three levels"]],
] as const;

for (const [bits, names] of CONFIGURATIONS) {
  const plan = {
    walker: `VT-d of ${bits} bits`,
    program: X86_QEMU,
    start: () => VtD.start(bits),
    probes: 150,
    rounds: 4,
  };
  walkerSuite(plan, (add) => {
    for (const name of names) {
      add<{ ssptptr: bigint; aw: number }>({
        configuration: configurationOf(name),
        prots: READ_WRITE,
        accesses: DMA,
        program: (vtd, registers) => vtd.program(registers),
      });
    }
  });
}
