import { RISCV_QEMU, RiscV } from "../walkers/riscv.js";
import { configurationOf } from "./configurations.js";
import { ALL, RISCV } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

const CONFIGURATIONS = [
  "RISC-V Sv39",
  "RISC-V Sv39, NAPOT, signed",
  "RISC-V Sv48, NAPOT",
  "RISC-V Sv48, PBMT",
  "RISC-V Sv57",
  "RISC-V Sv57, NAPOT, signed",
];

const signExtended = (bits: number) => (iova: bigint) => BigInt.asUintN(64, BigInt.asIntN(bits, iova));

walkerSuite({ walker: "RISC-V CPU", program: RISCV_QEMU, start: () => RiscV.start(), probes: 1500, rounds: 3 }, (add) => {
  for (const name of CONFIGURATIONS) {
    const configuration = configurationOf(name);
    add<{ ppn: bigint; mode: number }>({
      configuration,
      prots: RISCV,
      accesses: ALL,
      // The CPU's addresses are sign-extended; a table without signs has them all, the upper half above the lower one.
      ...(configuration.space === "signed" ? {} : { outside: false, addressOf: signExtended(configuration.ias) }),
      program: (cpu, registers) => cpu.program(registers),
    });
  }
});
