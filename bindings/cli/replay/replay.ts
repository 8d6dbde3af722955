import { access } from "node:fs/promises";
import { TableMemory } from "../../index.js";
import { buildReport } from "./buildReport.js";
import { CheckedReplay } from "./checkedReplay.js";
import { KernelTables } from "./kernelTables.js";
import { readRecord } from "./readRecord.js";
import type { TraceRecord } from "./record.js";
import type { Report } from "./report.js";
import { chooseTarget } from "./target.js";
import { UnusableInput } from "./unusableInput.js";

export interface ReplayOptions {
  readonly file: string;
  /** The kernel's tables; without it, the `.tables.json[.gz]` beside the record, where there is one. */
  readonly tables?: string | undefined;
  readonly timing?: boolean | undefined;
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

/**
 * Replays a record on a page table of this library and compares all that the record tells of the kernel's.
 * @throws UnusableInput where there is nothing that could be replayed
 */
export async function replay(options: ReplayOptions): Promise<Report> {
  const { file, progress = () => {} } = options;
  const record = await readRecord(file, (done, total) => progress("reading", done, total));
  const tablesFile = await tablesOf(record, options);
  const tables = tablesFile === null ? null : await KernelTables.read(tablesFile);
  const target = chooseTarget(record, tables, file);
  const checked = new CheckedReplay(TableMemory.create(), record, target, tables, tablesFile ?? file);
  checked.run((done, total) => progress("replaying and comparing", done, total));
  return buildReport({
    file,
    tablesFile,
    record,
    target,
    checked,
    timing: options.timing !== false,
    timed: (round, rounds) => progress("timing", round, rounds),
  });
}
