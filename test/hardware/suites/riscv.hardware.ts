import { GUEST_PAGE, RISCV_QEMU, RiscV } from "../walkers/riscv.js";
import { configurationOf } from "./configurations.js";
import { ALL, RISCV } from "./prots.js";
import { isSignless, signExtended } from "./signs.js";
import { walkerSuite } from "./walkerSuite.js";

const CONFIGURATIONS = [
  "RISC-V Sv39",
  "RISC-V Sv39, NAPOT, signed",
  "RISC-V Sv48, NAPOT",
  "RISC-V Sv48, PBMT",
  "RISC-V Sv57",
  "RISC-V Sv57, NAPOT, signed",
];

walkerSuite(
  { walker: "RISC-V CPU", program: RISCV_QEMU, start: () => RiscV.start(), probes: 1500, rounds: 3 },
  (add) => {
    for (const name of CONFIGURATIONS) {
      const configuration = configurationOf(name);
      add<{ ppn: bigint; mode: number }>({
        configuration,
        prots: RISCV,
        accesses: ALL,
        blind: GUEST_PAGE,
        ...(isSignless(configuration) ? { outside: false, addressOf: signExtended(configuration.ias) } : {}),
        program: (cpu, registers) => cpu.program(registers),
      });
    }
  },
);
