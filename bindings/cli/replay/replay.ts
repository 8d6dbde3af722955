import { access } from "node:fs/promises";
import { type FlushOps, TableMemory } from "../../index.js";
import { buildReport } from "./buildReport.js";
import { CheckedReplay } from "./checkedReplay.js";
import { chooseTarget, type TargetOptions } from "./chooseTarget.js";
import type { Room } from "./fit.js";
import { granuleOf } from "./granule.js";
import { KernelTables } from "./kernelTables.js";
import { type FittingRecord, firstMisfit, leaveOut } from "./leaveOut.js";
import { Op } from "./operationLog.js";
import { readRecord } from "./readRecord.js";
import type { TraceRecord } from "./record.js";
import { relocate } from "./relocate.js";
import type { Report } from "./report.js";
import type { ReplayTarget } from "./target.js";
import { UnusableInput } from "./unusableInput.js";

/** Enough for the root of any format. */
const ROOM_BYTES = 2 ** 22;
/** No page of a kernel is smaller. */
const UNIT = 4096;

export interface InputOptions {
  readonly file: string;
  /** The kernel's tables; without it, the `.tables.json[.gz]` beside the record, where there is one. */
  readonly tables?: string | undefined;
  readonly progress?: ((what: string, done: number, total: number) => void) | undefined;
}

export interface ReplayOptions extends TargetOptions, InputOptions {
  readonly timing?: boolean | undefined;
  /** Leave out what the format has no room for, and count it; without it, such a record is unusable. */
  readonly skip?: boolean | undefined;
  /** Widen requests that keep to no page of the format, at addresses of their own. */
  readonly relocate?: boolean | undefined;
}

/** A record that was read, with the kernel's tables. */
export interface ReplayInput {
  readonly record: TraceRecord;
  readonly tables: KernelTables | null;
  readonly tablesFile: string | null;
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function tablesBeside(file: string): Promise<string | null> {
  const stem = file.replace(/\.gz$/, "").replace(/\.[^./\\]*$/, "");
  for (const candidate of [`${stem}.tables.json.gz`, `${stem}.tables.json`]) {
    if (await exists(candidate)) return candidate;
  }
  return null;
}

async function tablesOf(record: TraceRecord, options: InputOptions): Promise<string | null> {
  if (record.marks.length > 0) return options.tables ?? tablesBeside(options.file);
  if (options.tables === undefined) return null;
  throw new UnusableInput(options.file, "has no mark at which the tables could be compared");
}

/** @throws UnusableInput */
export async function readInput(options: InputOptions): Promise<ReplayInput> {
  const { file, progress = () => {} } = options;
  const record = await readRecord(file, (done, total) => progress("reading", done, total));
  const tablesFile = await tablesOf(record, options);
  return { record, tablesFile, tables: tablesFile === null ? null : await KernelTables.read(tablesFile) };
}

const NO_FLUSH: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };

/** What a table of this target can hold. */
function roomOf(target: ReplayTarget): Room {
  const { table } = target.createTable(TableMemory.create({ bytes: ROOM_BYTES }), NO_FLUSH);
  const room = { ias: table.ias, oas: table.oas, pageSizes: table.pageSizes };
  table.destroy();
  return room;
}

interface Fitted {
  readonly record: TraceRecord;
  readonly relocated: boolean;
  readonly kept: FittingRecord | null;
}

/** The kernel's own calls are replayed as they are: what it refused has to be refused here too. */
function fitted(original: TraceRecord, target: ReplayTarget, options: ReplayOptions): Fitted {
  const as = { record: original, relocated: false, kept: null };
  if (target.call !== "map") return as;
  const room = roomOf(target);
  const [page = UNIT] = room.pageSizes;
  const relocated = options.relocate === true && granuleOf(original, [UNIT, page]) < page;
  const record = relocated ? relocate(original, page, room.ias) : original;
  const misfit = firstMisfit(record, room);
  if (misfit === null) return { record, relocated, kept: null };
  const why = `line ${misfit.line}: ${target.format} has no room for it: ${misfit.why}`;
  if (!options.skip) throw new UnusableInput(options.file, `${why} (--skip leaves such requests out)`);
  const kept = leaveOut(record, room);
  if (kept.record.log.callsOf(Op.MAP) === 0) throw new UnusableInput(options.file, `nothing is left: ${why}`);
  return { record: kept.record, relocated, kept };
}

/**
 * Replays a record on a page table of this library and compares all that the record tells of the kernel's.
 * @throws UnusableInput where there is nothing that could be replayed
 */
export function replayInput(input: ReplayInput, options: ReplayOptions): Report {
  const { file, progress = () => {} } = options;
  const { tables, tablesFile } = input;
  const target = chooseTarget(input.record, tables, options);
  const { record, relocated, kept } = fitted(input.record, target, options);
  const source = tablesFile ?? file;
  const checked = new CheckedReplay(TableMemory.create(), record, target, tables, source, kept?.missingAt);
  checked.run((done, total) => progress("replaying and comparing", done, total));
  return buildReport({
    file,
    tablesFile,
    record,
    target,
    checked,
    relocated,
    leftOut: kept?.leftOut ?? null,
    timing: options.timing !== false,
    timed: (round, rounds) => progress("timing", round, rounds),
  });
}

/** Reads a record and replays it. @throws UnusableInput */
export async function replay(options: ReplayOptions): Promise<Report> {
  return replayInput(await readInput(options), options);
}
