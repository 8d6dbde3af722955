import type { OperationLog } from "./operationLog.js";

/** A point at which the live mappings of a domain are known to equal a snapshot of the kernel's tables. */
export interface Mark {
  readonly operation: number;
  readonly line: number;
  readonly tag: string;
  readonly domain: number;
  readonly root: string;
}

/** Whose TLB maintenance the record shows; "unknown" where it shows none. */
export type Machine = "arm" | "intel" | "amd" | "unknown";

export interface TraceRecord {
  /** "calls": into the kernel's page-table code, with results; "ftrace": whole requests, as the tracepoints show them. */
  readonly source: "calls" | "ftrace";
  readonly machine: Machine;
  readonly log: OperationLog;
  readonly marks: readonly Mark[];
  readonly lines: number;
  /** Events that the trace itself says it lost. */
  readonly lostEvents: number;
}

/** Takes the lines of a record one by one. */
export interface RecordParser {
  line(text: string, number: number): void;
  finish(lines: number): TraceRecord;
}

export class MalformedLine extends Error {}
