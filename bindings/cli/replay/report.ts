import type { CheckName, Difference } from "./differences.js";
import type { LeftOut } from "./leaveOut.js";
import type { Timing } from "./timing.js";
import type { FlushSavings } from "./widerGather.js";

export const REPORT_SCHEMA = "io-pgtable-replay/1";

export interface LeafCount {
  readonly pageSize: number;
  readonly leaves: number;
}

/** What the tables hold at one moment. */
export interface TableUsage {
  readonly line: number;
  readonly mappedBytes: number;
  readonly leaves: readonly LeafCount[];
  readonly tablePages: number;
  readonly tableBytes: number;
  /** null where nothing is mapped */
  readonly tableBytesPerGiB: number | null;
}

export interface SizeCount {
  /** Requests of more than half of this, up to this many bytes. */
  readonly upTo: number;
  readonly calls: number;
}

export interface MarkResult {
  readonly tag: string;
  readonly line: number;
  readonly leaves: number;
  readonly tablePages: number;
}

export interface Verdict {
  readonly equal: boolean;
  readonly text: string;
}

export interface Report {
  readonly schema: typeof REPORT_SCHEMA;
  readonly record: {
    readonly file: string;
    readonly source: "calls" | "ftrace";
    readonly machine: string;
    readonly lines: number;
    readonly domains: number;
    readonly lostEvents: number;
    /** File of the kernel's tables, where there is one. */
    readonly tables: string | null;
  };
  readonly table: {
    readonly format: string;
    readonly ias: number;
    readonly oas: number;
    readonly pageSizes: readonly number[];
    readonly calls: readonly string[];
    /** What of the kernel's tables is compared: "mappings" where they are of another format or geometry. */
    readonly compared: "entries" | "mappings";
    /** Whether the registers equal what the kernel gave its device; null where the record does not tell. */
    readonly registersEqual: boolean | null;
  };
  readonly calls: {
    readonly map: number;
    readonly unmap: number;
    readonly lookUp: number;
    readonly sync: number;
    readonly invalidate: number;
    readonly flushAll: number;
    readonly flushAsid: number;
  };
  readonly sizes: { readonly map: readonly SizeCount[]; readonly unmap: readonly SizeCount[] };
  readonly mappedBytes: number;
  readonly unmappedBytes: number;
  readonly leavesWritten: readonly LeafCount[];
  readonly tablePages: { readonly now: number; readonly peak: number };
  readonly atEnd: TableUsage;
  readonly fullest: TableUsage | null;
  readonly flushes: {
    readonly flushRange: number;
    readonly flushWalk: number;
    readonly flushAll: number;
    readonly savings: FlushSavings;
  };
  /** ftrace names no domain: what the replay had to make of that. */
  readonly ftrace: { readonly otherDomainMaps: number; readonly unmapsFromBefore: number } | null;
  /** Requests were widened to whole pages of the format, at addresses of their own. */
  readonly relocated: boolean;
  /** What the format has no room for; null where everything was replayed. */
  readonly leftOut: LeftOut | null;
  readonly nanoseconds: Timing | null;
  readonly checks: readonly { readonly check: CheckName; readonly made: number; readonly differ: number }[];
  readonly marks: readonly MarkResult[];
  /** Differences that are on purpose, by their names in docs/differences-from-linux.md. */
  readonly deliberate: readonly { readonly name: string; readonly count: number }[];
  readonly differences: { readonly total: number; readonly first: readonly Difference[] };
  readonly verdict: Verdict;
}
