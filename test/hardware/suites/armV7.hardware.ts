import type { ArmLpaeS1Registers, ArmV7sRegisters } from "../../../bindings/index.js";
import { ARMV7_QEMU, ArmV7 } from "../walkers/armV7.js";
import { configurationOf } from "./configurations.js";
import { DATA, STAGE_1, V7S } from "./prots.js";
import { walkerSuite } from "./walkerSuite.js";

const SHORT = ["v7s", "v7s, only pages and 1M"];

walkerSuite(
  { walker: "Armv7 CPU", program: ARMV7_QEMU, start: () => ArmV7.start(), probes: 2000, rounds: 4 },
  (add) => {
    for (const name of SHORT) {
      const configuration = configurationOf(name);
      add<ArmV7sRegisters>({
        configuration,
        prots: V7S,
        accesses: DATA,
        outside: false,
        program: (cpu, registers) => cpu.programShort(registers, 32 - configuration.ias),
      });
    }
    add<ArmLpaeS1Registers>({
      configuration: configurationOf("32-bit S1"),
      prots: STAGE_1,
      accesses: DATA,
      outside: false,
      program: (cpu, registers) => cpu.programLong(registers),
    });
  },
);
