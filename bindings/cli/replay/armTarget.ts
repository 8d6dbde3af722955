import { type ArmLpaeS1Registers, armLpaeS1, IoPageTable } from "../../index.js";
import { granuleOf } from "./granule.js";
import type { ContextDescriptor, KernelTables } from "./kernelTables.js";
import type { TraceRecord } from "./record.js";
import type { EntryRules, ReplayTarget } from "./target.js";

const GRANULES = [2 ** 12, 2 ** 14, 2 ** 16];
/** By the SMMU's IPS field. */
const OUTPUT_BITS = [32, 36, 40, 42, 44, 48];
const SMMU_OUTPUT_BITS = 44;
const INPUT_BITS = 48;

const ENTRIES: EntryRules = {
  level: (kernels) => kernels,
  below: (level) => level + 1,
  entryDifference: () => null,
  emptyTable: null,
};

function pageSizesOf(granule: number): number[] {
  const perTable = granule / 8;
  const blocks = granule * perTable;
  return granule === GRANULES[0] ? [granule, blocks, blocks * perTable] : [granule, blocks];
}

function registerDifferences(registers: ArmLpaeS1Registers, context: ContextDescriptor): string[] {
  const { tcr } = registers;
  const pairs: [string, number | bigint, number | bigint][] = [
    ["TG0", tcr.tg, context.tg],
    ["T0SZ", tcr.tsz, context.t0sz],
    ["IPS", tcr.ips, context.ips],
    ["SH0", tcr.sh, context.sh],
    ["IRGN0", tcr.irgn, context.irgn],
    ["ORGN0", tcr.orgn, context.orgn],
    // Linux sign-extends the four attributes that it defines into the four that nothing refers to.
    ["MAIR 0..3", registers.mair & 0xffffffffn, context.mair & 0xffffffffn],
  ];
  return pairs.filter(([, ours, kernels]) => ours !== kernels).map(([name]) => name);
}

/** Stage 1 of an SMMU, as the kernel of the record configured it. */
export function armTarget(record: TraceRecord, tables: KernelTables | null): ReplayTarget {
  const mark = record.marks[0];
  const context = mark && tables ? tables.context(mark) : null;
  const config = {
    ias: context ? 64 - context.t0sz : INPUT_BITS,
    oas: (context && OUTPUT_BITS[context.ips]) ?? SMMU_OUTPUT_BITS,
    pageSizes: pageSizesOf(tables?.granule ?? granuleOf(record, GRANULES)),
  };
  return {
    format: "armLpaeS1",
    call: "mapPages",
    entries: ENTRIES,
    readsWhatItWrites: true,
    createTable(memory, flush) {
      const table = new IoPageTable(memory, { format: armLpaeS1(config), flush });
      return {
        table,
        registersOtherThan(kernels, at) {
          const found = kernels.context(at);
          return found && registerDifferences(table.registers, found);
        },
      };
    },
  };
}
