import { Access, type ArmLpaeS1Registers, type ArmLpaeS2Registers, Prot } from "../../../bindings/index.js";
import { AARCH64_QEMU, type AArch64, AArch64 as Cpu } from "../walkers/aarch64.js";
import { configurationOf } from "./configurations.js";
import { ALL, DATA, STAGE_1, STAGE_1_EXPLICIT, STAGE_2 } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

const LOWER = [
  ...["S1 4K", "S1 4K, short root", "S1 4K, only pages and 2M", "S1 16K", "S1 64K", "S1 64K, 52 bits"],
  ...["S1 4K, not coherent", "32-bit S1", "S1 4K, contiguous hint", "S1 64K, contiguous hint, 52 bits"],
];
const UPPER = [
  ...["S1 16K, TTBR1", "S1 4K, TTBR1", "S1 4K, TTBR1, 48 bits", "S1 16K, TTBR1, 48 bits", "S1 64K, TTBR1, 48 bits"],
];
const DIRTY = [
  ...["S1 4K, dirty bits, secure", "S1 4K, dirty bits", "S1 16K, dirty bits", "S1 64K, dirty bits"],
  ...["S1 16K, contiguous hint, dirty bits", "S1 4K, LPA2, dirty bits"],
];
const STAGE_2_NAMES = [
  ...["S2 4K", "S2 4K, root of two tables", "S2 16K, root of two tables", "32-bit S2, root of two tables", "S2 64K"],
  ...["S2 4K, root of eight tables", "S2 16K, 40 bits", "S2 4K, contiguous hint, root of two tables"],
  ...["S2 64K, 52 bits, FWB", "S2 4K, LPA2, contiguous hint"],
];

walkerSuite(
  { walker: "AArch64 CPU", program: AARCH64_QEMU, start: () => Cpu.start(), probes: 2500, rounds: 2 },
  (add) => {
    for (const name of LOWER) {
      add<ArmLpaeS1Registers>({
        configuration: configurationOf(name),
        prots: STAGE_1_EXPLICIT,
        accesses: ALL,
        program: (cpu: AArch64, registers) => cpu.programLower(registers),
      });
    }
    for (const name of DIRTY) {
      add<ArmLpaeS1Registers>({
        configuration: configurationOf(name),
        prots: STAGE_1,
        accesses: ALL,
        program: (cpu: AArch64, registers) => cpu.programLower(registers, true),
      });
    }
    for (const name of UPPER) {
      add<ArmLpaeS1Registers>({
        configuration: configurationOf(name),
        prots: STAGE_1_EXPLICIT,
        accesses: ALL,
        program: (cpu: AArch64, registers) => cpu.programUpper(registers),
      });
    }
    for (const name of STAGE_2_NAMES) {
      add<ArmLpaeS2Registers>({
        configuration: configurationOf(name),
        prots: STAGE_2,
        accesses: DATA,
        program: (cpu: AArch64, registers) => cpu.programStage2(registers),
      });
      // Bits 54:53 of a leaf without execution are 0b11, as Linux has them; with FEAT_XNX, which this CPU has, that still lets EL1 execute.
      add<ArmLpaeS2Registers>({
        configuration: configurationOf(name),
        what: "fetches",
        prots: STAGE_2.filter((prot) => (prot & Prot.NOEXEC) === 0),
        accesses: [Access.EXECUTE | Access.PRIV],
        onlyRam: true,
        outside: false,
        program: (cpu: AArch64, registers) => cpu.programStage2(registers),
      });
    }
  },
);
