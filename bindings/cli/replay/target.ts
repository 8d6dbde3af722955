import type { FlushOps, IoPageTable, TableMemory } from "../../index.js";
import type { DeliberateName } from "./deliberate.js";
import type { KernelTables } from "./kernelTables.js";
import type { Mark } from "./record.js";

/** How a kernel's entries and levels compare with ours of the same format. */
export interface EntryRules {
  /** Our number of a level in the kernel's tables. */
  readonly level: (kernels: number) => number;
  /** Our number of the level that a table entry at a level leads to. */
  readonly below: (level: number) => number;
  /** The deliberate difference that explains another entry; null where nothing does. */
  readonly entryDifference: (kernels: bigint, ours: bigint) => DeliberateName | null;
  /** The deliberate difference that explains an empty table which only the kernel has; null where nothing does. */
  readonly emptyTable: DeliberateName | null;
}

/** What a record is replayed on. */
export interface ReplayTarget {
  readonly format: string;
  /**
   * The call that a map of the record becomes, and with it its counterpart for unmaps. "mapPages" and "mapRange": the calls of the kernel's own
   * code for this format, with the kernel's results, gathers and flushes; "map": whole requests, for records of another format's calls and for
   * ftrace.
   */
  readonly call: "mapPages" | "mapRange" | "map";
  /** null: the kernel's tables are of another format or geometry, of which only the mappings can be compared. */
  readonly entries: EntryRules | null;
  /** Whether it lets a device read what may only be written. */
  readonly readsWhatItWrites: boolean;
  createTable(memory: TableMemory, flush: FlushOps): TargetTable;
}

export interface TargetTable {
  readonly table: IoPageTable;
  /** Names of the register fields that differ from what the kernel gave its device; null where the record does not tell. */
  registersOtherThan(tables: KernelTables, mark: Mark): string[] | null;
}
