import { basename } from "node:path";
import { TableMemory } from "../../index.js";
import type { CheckedReplay } from "./checkedReplay.js";
import type { LeftOut } from "./leaveOut.js";
import { Op, type OperationLog } from "./operationLog.js";
import { PlainReplay } from "./plainReplay.js";
import type { TraceRecord } from "./record.js";
import { REPORT_SCHEMA, type Report, type TableUsage } from "./report.js";
import { RequestReplay } from "./requestReplay.js";
import { leafCounts, sizeCounts, tableUsage } from "./tableUsage.js";
import type { ReplayTarget } from "./target.js";
import { timeReplay } from "./timing.js";
import { verdictOf } from "./verdict.js";
import { flushSavings } from "./widerGather.js";

export interface Replayed {
  readonly file: string;
  readonly tablesFile: string | null;
  readonly record: TraceRecord;
  readonly target: ReplayTarget;
  readonly checked: CheckedReplay;
  readonly relocated: boolean;
  readonly leftOut: LeftOut | null;
  readonly timing: boolean;
  readonly timed: (round: number, rounds: number) => void;
}

function recordPart({ file, tablesFile, record, checked }: Replayed): Report["record"] {
  return {
    file: basename(file),
    source: record.source,
    machine: record.machine,
    lines: record.lines,
    domains: checked.domains.all().length,
    lostEvents: record.lostEvents,
    tables: tablesFile === null ? null : basename(tablesFile),
  };
}

function tablePart({ target, checked }: Replayed): Report["table"] {
  const { table } = checked.domains.first();
  return {
    format: target.format,
    ias: table.ias,
    oas: table.oas,
    pageSizes: [...table.pageSizes].sort((a, b) => a - b),
    calls: [target.call, target.call.replace("map", "unmap")],
    compared: target.entries === null ? "mappings" : "entries",
    registersEqual: checked.registersEqual,
  };
}

function callsPart(log: OperationLog): Report["calls"] {
  return {
    map: log.callsOf(Op.MAP),
    unmap: log.callsOf(Op.UNMAP),
    lookUp: log.callsOf(Op.LOOKUP),
    sync: log.callsOf(Op.SYNC),
    invalidate: log.callsOf(Op.INVALIDATE),
    flushAll: log.callsOf(Op.FLUSH_ALL),
    flushAsid: log.callsOf(Op.FLUSH_ASID),
  };
}

function usagePart({ checked, record }: Replayed): Pick<Report, "tablePages" | "atEnd"> {
  const { tablePagesInUse, tablePagesPeak } = checked.domains.memory.stats();
  const tables = checked.domains.all().map(({ table }) => table);
  return { tablePages: { now: tablePagesInUse, peak: tablePagesPeak }, atEnd: tableUsage(tables, record.lines) };
}

function flushesPart({ checked, record }: Replayed): Report["flushes"] {
  const flushes = { flushRange: 0, flushWalk: 0, flushAll: 0 };
  for (const { flush } of checked.domains.all()) {
    flushes.flushRange += flush.counts.flushRange;
    flushes.flushWalk += flush.counts.flushWalk;
    flushes.flushAll += flush.counts.flushAll;
  }
  return { ...flushes, savings: flushSavings(record.log) };
}

function ftracePart({ checked, record }: Replayed): Report["ftrace"] {
  if (record.source !== "ftrace" || !(checked.steps instanceof RequestReplay)) return null;
  const { otherDomainMaps, unmapsFromBefore } = checked.steps;
  return { otherDomainMaps, unmapsFromBefore };
}

/** What the tables held when most was mapped: known only afterwards, so the record is replayed up to there once more. */
function fullestMoment({ target, record, checked }: Replayed, domains: number): TableUsage | null {
  const last = checked.usage.peakOperation;
  if (last < 0) return null;
  const replay = new PlainReplay(TableMemory.create(), target, record.log, domains);
  for (let index = 0; index <= last; index++) replay.step(index);
  const usage = tableUsage(replay.tables, record.log.at(last).line);
  replay.destroy();
  return usage;
}

/** What differs may throw without the checks, and its times would be those of something else: then there are none. */
function repeatedPart(replayed: Replayed, repeatable: boolean): Pick<Report, "fullest" | "nanoseconds"> {
  if (!repeatable) return { fullest: null, nanoseconds: null };
  const { target, record, checked } = replayed;
  const domains = Math.max(...checked.domains.all().map(({ number }) => number)) + 1;
  const pages = [...checked.usage.leavesWritten.values()].reduce((sum, leaves) => sum + leaves, 0);
  return {
    fullest: fullestMoment(replayed, domains),
    nanoseconds: replayed.timing ? timeReplay(target, record.log, domains, pages, replayed.timed) : null,
  };
}

export function buildReport(replayed: Replayed): Report {
  const { record, target, checked, leftOut } = replayed;
  const before = {
    table: tablePart(replayed),
    ...usagePart(replayed),
    flushes: flushesPart(replayed),
  };
  checked.destroy();
  const verdict = verdictOf(checked, record, target, { leftOut, relocated: replayed.relocated });
  return {
    schema: REPORT_SCHEMA,
    record: recordPart(replayed),
    calls: callsPart(record.log),
    sizes: { map: sizeCounts(record.log, Op.MAP), unmap: sizeCounts(record.log, Op.UNMAP) },
    mappedBytes: checked.usage.mappedBytes,
    unmappedBytes: checked.usage.unmappedBytes,
    leavesWritten: leafCounts(checked.usage.leavesWritten),
    ...before,
    ...repeatedPart(replayed, verdict.equal),
    ftrace: ftracePart(replayed),
    relocated: replayed.relocated,
    leftOut,
    checks: [...checked.differences.checks].map(([check, tally]) => ({ check, ...tally })),
    marks: checked.marks,
    deliberate: [...checked.differences.deliberate].map(([name, count]) => ({ name, count })),
    differences: { total: checked.differences.total, first: checked.differences.first },
    verdict,
  };
}
