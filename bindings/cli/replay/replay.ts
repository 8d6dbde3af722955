import { access } from "node:fs/promises";
import { type FlushOps, TableMemory } from "../../index.js";
import { buildReport } from "./buildReport.js";
import { CheckedReplay } from "./checkedReplay.js";
import { chooseTarget, type TargetOptions } from "./chooseTarget.js";
import { KernelTables } from "./kernelTables.js";
import { type FittingRecord, firstMisfit, leaveOut } from "./leaveOut.js";
import { Op } from "./operationLog.js";
import { readRecord } from "./readRecord.js";
import type { TraceRecord } from "./record.js";
import type { Report } from "./report.js";
import type { ReplayTarget } from "./target.js";
import { UnusableInput } from "./unusableInput.js";

/** Enough for the root of any format. */
const ROOM_BYTES = 2 ** 22;

export interface ReplayOptions extends TargetOptions {
  readonly file: string;
  /** The kernel's tables; without it, the `.tables.json[.gz]` beside the record, where there is one. */
  readonly tables?: string | undefined;
  readonly timing?: boolean | undefined;
  /** Leave out what the format has no room for, and count it; without it, such a record is unusable. */
  readonly skip?: boolean | undefined;
  readonly progress?: ((what: string, done: number, total: number) => void) | undefined;
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

async function tablesOf(record: TraceRecord, options: ReplayOptions): Promise<string | null> {
  if (record.marks.length > 0) return options.tables ?? tablesBeside(options.file);
  if (options.tables === undefined) return null;
  throw new UnusableInput(options.file, "has no mark at which the tables could be compared");
}

const NO_FLUSH: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };

/** The kernel's own calls are replayed as they are: what it refused has to be refused here too. */
function fitting(record: TraceRecord, target: ReplayTarget, { file, skip }: ReplayOptions): FittingRecord | null {
  if (target.call !== "map") return null;
  const { table } = target.createTable(TableMemory.create({ bytes: ROOM_BYTES }), NO_FLUSH);
  const room = { ias: table.ias, oas: table.oas, pageSizes: table.pageSizes };
  table.destroy();
  const misfit = firstMisfit(record, room);
  if (misfit === null) return null;
  const why = `line ${misfit.line}: ${target.format} has no room for it: ${misfit.why}`;
  if (!skip) throw new UnusableInput(file, `${why} (--skip leaves such requests out)`);
  const kept = leaveOut(record, room);
  if (kept.record.log.callsOf(Op.MAP) === 0) throw new UnusableInput(file, `nothing is left: ${why}`);
  return kept;
}

/**
 * Replays a record on a page table of this library and compares all that the record tells of the kernel's.
 * @throws UnusableInput where there is nothing that could be replayed
 */
export async function replay(options: ReplayOptions): Promise<Report> {
  const { file, progress = () => {} } = options;
  const record = await readRecord(file, (done, total) => progress("reading", done, total));
  const tablesFile = await tablesOf(record, options);
  const tables = tablesFile === null ? null : await KernelTables.read(tablesFile);
  const target = chooseTarget(record, tables, options);
  const kept = fitting(record, target, options);
  const replayed = kept?.record ?? record;
  const source = tablesFile ?? file;
  const checked = new CheckedReplay(TableMemory.create(), replayed, target, tables, source, kept?.missingAt);
  checked.run((done, total) => progress("replaying and comparing", done, total));
  return buildReport({
    file,
    tablesFile,
    record: replayed,
    target,
    checked,
    leftOut: kept?.leftOut ?? null,
    timing: options.timing !== false,
    timed: (round, rounds) => progress("timing", round, rounds),
  });
}
