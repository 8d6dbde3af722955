import { amdV1, IoPageTable } from "../../index.js";
import { Deliberate } from "./deliberate.js";
import type { EntryRules, ReplayTarget } from "./target.js";

const ENTRIES: EntryRules = {
  // The kernel's tables have 1 for the pages.
  level: (kernels) => kernels - 1,
  below: (level) => level - 1,
  entryDifference: () => null,
  emptyTable: Deliberate.EMPTY_TABLE,
};

/** AMDv1 as Linux's driver has it: always coherent, from three levels on, growing to all of 64 bits. */
export function amdTarget(): ReplayTarget {
  return {
    format: "amdV1",
    call: "mapRange",
    entries: ENTRIES,
    readsWhatItWrites: false,
    createTable(memory, flush) {
      const changeTop = (): void => {};
      const format = amdV1({ ias: 64, oas: 52, startLevels: 3, forceCoherence: true, changeTop });
      const table = new IoPageTable(memory, { format, flush });
      return {
        table,
        registersOtherThan(kernels, at) {
          const mode = kernels.deviceField(at, "mode");
          return mode === null ? null : mode === table.registers.mode ? [] : ["mode"];
        },
      };
    },
  };
}
