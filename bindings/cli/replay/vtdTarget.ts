import { IoPageTable, vtdSecondStage } from "../../index.js";
import { Deliberate } from "./deliberate.js";
import type { KernelTables } from "./kernelTables.js";
import type { TraceRecord } from "./record.js";
import type { EntryRules, ReplayTarget } from "./target.js";

const READ = 1n;
const WRITE = 2n;
const OUTPUT_BITS = 52;
const USUAL_LEVELS = 4;

const ENTRIES: EntryRules = {
  // The kernel's tables have 1 for the pages.
  level: (kernels) => kernels - 1,
  below: (level) => level - 1,
  entryDifference: (kernels, ours) =>
    (ours & (READ | WRITE)) === WRITE && kernels === (ours | READ) ? Deliberate.WRITE_ONLY : null,
  emptyTable: null,
};

/** The second stage of VT-d, with as many levels as the kernel of the record had. */
export function vtdTarget(record: TraceRecord, tables: KernelTables | null): ReplayTarget {
  const mark = record.marks[0];
  const levels = (mark && tables?.domain(mark)?.levels) ?? USUAL_LEVELS;
  return {
    format: "vtdSecondStage",
    call: "mapRange",
    entries: ENTRIES,
    readsWhatItWrites: false,
    createTable(memory, flush) {
      const format = vtdSecondStage({ ias: 12 + 9 * levels, oas: OUTPUT_BITS });
      const table = new IoPageTable(memory, { format, flush });
      return {
        table,
        registersOtherThan(kernels, at) {
          const width = kernels.deviceField(at, "AW");
          return width === null ? null : width === table.registers.aw ? [] : ["AW"];
        },
      };
    },
  };
}
