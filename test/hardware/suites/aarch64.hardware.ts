import { Access, type ArmLpaeS1Registers, type ArmLpaeS2Registers, Prot } from "../../../bindings/index.js";
import { AARCH64_QEMU, AArch64 } from "../walkers/aarch64.js";
import { configurationOf } from "./configurations.js";
import { asStage2 } from "./mali.js";
import { inspectMemory } from "./memoryAttributes.js";
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
  "S1 16K, LPA2, TTBR1, dirty bits, contiguous hint",
];
/** Left out: what QEMU 7.2 refuses (check_s2_mmu_setup), an input space larger than the output, and a start at level 0 with 16K. */
const UNDER_STAGE_2 = [
  ...["S2 4K", "S2 4K, root of two tables", "S2 16K, root of two tables", "32-bit S2, root of two tables", "S2 64K"],
  ...["S2 4K, root of eight tables", "S2 16K, 40 bits", "S2 4K, contiguous hint, root of two tables"],
  ...["S2 64K, 52 bits, FWB", "S2 4K, LPA2, contiguous hint", "S2 4K, contiguous hint, dirty bits"],
];
const MALI = ["Mali", "Mali, root of one entry"];

const CPU = { program: AARCH64_QEMU, start: () => AArch64.start() };

walkerSuite({ ...CPU, walker: "AArch64 CPU, stage 1", probes: 2500, rounds: 2 }, (add) => {
  const plain = { prots: STAGE_1_EXPLICIT, accesses: ALL };
  for (const name of LOWER) {
    add<ArmLpaeS1Registers>({
      ...plain,
      configuration: configurationOf(name),
      program: (cpu, registers) => cpu.programLower(registers),
      inspect: inspectMemory,
    });
  }
  for (const name of UPPER) {
    add<ArmLpaeS1Registers>({
      ...plain,
      configuration: configurationOf(name),
      program: (cpu, registers) => cpu.programUpper(registers),
      inspect: inspectMemory,
    });
  }
  for (const name of DIRTY) {
    const configuration = configurationOf(name);
    add<ArmLpaeS1Registers>({
      configuration,
      prots: STAGE_1,
      accesses: ALL,
      program: (cpu, registers) =>
        configuration.space === "upper" ? cpu.programUpper(registers, true) : cpu.programLower(registers, true),
    });
  }
});

walkerSuite({ ...CPU, walker: "AArch64 CPU, stage 2", probes: 2500, rounds: 2 }, (add) => {
  for (const name of UNDER_STAGE_2) {
    const configuration = configurationOf(name);
    add<ArmLpaeS2Registers>({
      configuration,
      prots: STAGE_2,
      accesses: DATA,
      program: (cpu, registers) => cpu.programStage2(registers, configuration.dirty !== null),
    });
  }
});

// A CPU of its own: QEMU does not see that memory changes which it has translated code from.
walkerSuite({ ...CPU, walker: "AArch64 CPU, fetches under stage 2", probes: 1000, rounds: 1 }, (add) => {
  for (const name of UNDER_STAGE_2) {
    add<ArmLpaeS2Registers>({
      configuration: configurationOf(name),
      // Bits 54:53 of a leaf without execution are 0b11, as Linux has them; with FEAT_XNX, which this CPU has, that still lets EL1 execute.
      prots: STAGE_2.filter((prot) => (prot & Prot.NOEXEC) === 0),
      accesses: [Access.EXECUTE | Access.PRIV],
      onlyRam: true,
      outside: false,
      program: (cpu, registers) => cpu.programStage2(registers),
    });
  }
});

/** Four levels of 48 bits from the root that TRANSTAB names: what Mali walks whatever the input size, and more than the table's own input space. */
const maliAsStage2 = (transtab: bigint): ArmLpaeS2Registers => ({
  vttbr: transtab & ~0xfffn,
  vtcr: { tg: 0, tsz: 16, ps: 5, sl: 2, sh: 3, irgn: 1, orgn: 1 },
});

walkerSuite({ ...CPU, walker: "AArch64 CPU, Mali's tables as stage 2", probes: 2500, rounds: 2 }, (add) => {
  for (const name of MALI) {
    add<{ transtab: bigint }>({
      configuration: configurationOf(name),
      prots: STAGE_2.filter((prot) => (prot & Prot.MMIO) === 0),
      accesses: DATA,
      outside: false,
      adapt: asStage2,
      program: (cpu, { transtab }) => cpu.programStage2(maliAsStage2(transtab)),
    });
  }
});
