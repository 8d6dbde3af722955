import { type ArmLpaeS1Registers, armLpaeS1, type FlushOps, IoPageTable, type TableMemory } from "../../index.js";
import type { ContextDescriptor, KernelTables } from "./kernelTables.js";
import { Op } from "./operationLog.js";
import type { TraceRecord } from "./record.js";
import { UnusableInput } from "./unusableInput.js";

/** What a record is replayed on. A further format is one more of these, and its name in `chooseTarget`. */
export interface ReplayTarget {
  readonly format: string;
  /**
   * "calls": the record's own calls, `mapPages` and `unmapPages`, with the kernel's results, gathers and flushes;
   * "requests": `map` and `unmap`, for records of another format's calls and for ftrace, which shows whole requests.
   */
  readonly style: "calls" | "requests";
  /** Whether the kernel's tables in the record are of this format. */
  readonly comparesTables: boolean;
  createTable(memory: TableMemory, flush: FlushOps): TargetTable;
}

export interface TargetTable {
  readonly table: IoPageTable;
  /** Names of the register fields that differ from the kernel's descriptor. */
  registersOtherThan(context: ContextDescriptor): string[];
}

interface Geometry {
  readonly ias: number;
  readonly oas: number;
  readonly pageSizes: readonly number[];
}

const SMALLEST = 4096;
const GRANULES = [65536, 16384, SMALLEST];
/** By the SMMU's IPS field. */
const OUTPUT_BITS = [32, 36, 40, 42, 44, 48];
const SMMU_OUTPUT_BITS = 44;
const WIDEST_OUTPUT_BITS = 48;
const INPUT_BITS = 48;

function pageSizesOf(granule: number): number[] {
  const perTable = granule / 8;
  const blocks = granule * perTable;
  return granule === SMALLEST ? [granule, blocks, blocks * perTable] : [granule, blocks];
}

/** The largest granule that all requests and answers keep to; what is no multiple even of 4K is no IOMMU's. */
function granuleOf(record: TraceRecord, file: string): number {
  const { kind, iova, paddr, pageSize, bytes, line } = record.log.columns;
  let granule = GRANULES[0] ?? 0;
  for (let index = 0; index < record.log.length; index++) {
    if (kind[index] !== Op.MAP && kind[index] !== Op.UNMAP) continue;
    const request = [iova[index] ?? 0, paddr[index] ?? 0, pageSize[index] ?? 0];
    while (
      request.some((value) => value % granule !== 0) ||
      (granule > SMALLEST && (bytes[index] ?? 0) % granule !== 0)
    ) {
      const smaller = GRANULES[GRANULES.indexOf(granule) + 1];
      if (smaller === undefined) throw new UnusableInput(file, `line ${line[index] ?? 0}: not a multiple of 4K`);
      granule = smaller;
    }
  }
  return granule;
}

function armGeometry(record: TraceRecord, tables: KernelTables | null, file: string): Geometry {
  const mark = record.marks[0];
  const context = mark && tables ? tables.context(mark.tag, mark.root) : null;
  return {
    ias: context ? 64 - context.t0sz : INPUT_BITS,
    oas: (context && OUTPUT_BITS[context.ips]) ?? SMMU_OUTPUT_BITS,
    pageSizes: pageSizesOf(tables?.granule ?? granuleOf(record, file)),
  };
}

function requireInput(record: TraceRecord, geometry: Geometry, file: string): void {
  const { kind, iova, pageSize, count, line } = record.log.columns;
  const end = 2 ** geometry.ias;
  for (let index = 0; index < record.log.length; index++) {
    if (kind[index] !== Op.MAP && kind[index] !== Op.UNMAP) continue;
    const last = (iova[index] ?? 0) + (pageSize[index] ?? 0) * (count[index] ?? 0);
    if (last <= end) continue;
    const address = `0x${(iova[index] ?? 0).toString(16)}`;
    const limit = `the ${geometry.ias}-bit input of armLpaeS1`;
    throw new UnusableInput(file, `line ${line[index] ?? 0}: address ${address} is outside ${limit}`);
  }
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

function armTarget(style: ReplayTarget["style"], comparesTables: boolean, geometry: Geometry): ReplayTarget {
  return {
    format: "armLpaeS1",
    style,
    comparesTables,
    createTable(memory, flush) {
      const table = new IoPageTable(memory, { format: armLpaeS1(geometry), flush });
      return { table, registersOtherThan: (context) => registerDifferences(table.registers, context) };
    },
  };
}

/** @throws UnusableInput where the record's addresses do not fit the format */
export function chooseTarget(record: TraceRecord, tables: KernelTables | null, file: string): ReplayTarget {
  const isArm = record.source === "calls" && (record.machine === "arm" || record.machine === "unknown");
  if (isArm) return armTarget("calls", tables !== null, armGeometry(record, tables, file));
  const pageSizes = pageSizesOf(granuleOf(record, file));
  const geometry = { ias: INPUT_BITS, oas: WIDEST_OUTPUT_BITS, pageSizes };
  requireInput(record, geometry, file);
  return armTarget("requests", false, geometry);
}
