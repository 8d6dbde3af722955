// One record on several formats and page sizes, side by side.
import { IoPgtableError } from "../../index.js";
import { bytes, count, pageSize, sizesText } from "./numberText.js";
import type { ReplayInput, ReplayOptions } from "./replay.js";
import { replayInput } from "./replay.js";
import type { Report } from "./report.js";
import { UnusableInput, UnusableOption } from "./unusableInput.js";

export const COMPARISON_SCHEMA = "io-pgtable-comparison/1";

/** What is compared: null for the default of either. */
export interface Candidate {
  readonly format: string | undefined;
  readonly pageSize: number | undefined;
}

export interface ComparedRow {
  readonly format: string;
  /** The smallest leaf, as it was asked for. */
  readonly pageSize: number | null;
  readonly report: Report | null;
  /** Why there is none. */
  readonly refused: string | null;
}

/** Each format with each page size. */
export function candidates(formats: readonly string[], pageSizes: readonly number[]): Candidate[] {
  const sizes = pageSizes.length === 0 ? [undefined] : pageSizes;
  return (formats.length === 0 ? [undefined] : formats).flatMap((format) =>
    sizes.map((size) => ({ format, pageSize: size })),
  );
}

/** What cannot be had says why, and the others are compared all the same. */
function compareOne(input: ReplayInput, options: ReplayOptions, candidate: Candidate): ComparedRow {
  const asked = { format: candidate.format ?? "", pageSize: candidate.pageSize ?? null };
  try {
    const report = replayInput(input, {
      ...options,
      ...candidate,
      asRequests: true,
      relocate: options.skip !== true,
      timing: false,
    });
    return { ...asked, format: report.table.format, report, refused: null };
  } catch (error) {
    const told = error instanceof UnusableInput || error instanceof UnusableOption || error instanceof IoPgtableError;
    if (!told) throw error;
    return { ...asked, report: null, refused: error.message };
  }
}

/** @throws UnusableOption where none of them can be had */
export function compare(input: ReplayInput, options: ReplayOptions, all: readonly Candidate[]): ComparedRow[] {
  const { progress = () => {} } = options;
  const rows = all.map((candidate, index) => {
    const name = [candidate.format, candidate.pageSize && pageSize(candidate.pageSize)].filter(Boolean).join(" ");
    const told = (what: string, done: number, total: number): void =>
      progress(`${index + 1}/${all.length} ${name}: ${what}`, done, total);
    return compareOne(input, { ...options, progress: told }, candidate);
  });
  const [first] = rows;
  if (rows.every(({ report }) => report === null)) throw new UnusableOption(first?.refused ?? "nothing to compare");
  return rows;
}

const HEADS = [
  "format",
  "leaf sizes",
  "mapped",
  "leaves",
  "table pages",
  "tables",
  "per GiB",
  "flushRange",
  "flushWalk",
  "",
];

function cells({ format, pageSize: size, report, refused }: ComparedRow): string[] {
  if (report === null) return [format, size === null ? "" : pageSize(size), refused ?? ""];
  const { table, fullest, flushes, relocated, leftOut, verdict } = report;
  const leaves = (fullest?.leaves ?? [])
    .map((each) => `${count(each.leaves)} x ${pageSize(each.pageSize)}`)
    .join(" + ");
  const notes = [
    relocated ? "*" : "",
    leftOut === null ? "" : `${count(leftOut.maps)} maps left out`,
    verdict.equal ? "" : "DIFFERENT",
  ];
  return [
    format,
    sizesText(table.pageSizes),
    bytes(fullest?.mappedBytes ?? 0),
    leaves,
    count(fullest?.tablePages ?? 0),
    bytes(fullest?.tableBytes ?? 0),
    fullest?.tableBytesPerGiB ? bytes(fullest.tableBytesPerGiB) : "",
    count(flushes.flushRange),
    count(flushes.flushWalk),
    notes.filter((note) => note !== "").join(" "),
  ];
}

/** Columns that hold numbers stand at the right. */
const LEFT = new Set([0, 1, 3, 9]);

function aligned(rows: readonly (readonly string[])[]): string {
  const full = rows.filter((row) => row.length === HEADS.length);
  const widths = HEADS.map((_, column) => Math.max(...full.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        LEFT.has(column) || row.length < HEADS.length
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}

/** The rows, below a line that says what their middle columns are of. */
export function comparisonText(file: string, rows: readonly ComparedRow[]): string {
  const starred = rows.some(({ report }) => report?.relocated);
  const pages = `* requests are widened to whole pages of that size, each at addresses of its own, as a kernel with such pages has them\n`;
  const note = `from "mapped" to "per GiB": when most was mapped; flushes: of the whole record\n`;
  return `${file}\n\n${aligned([HEADS, ...rows.map(cells)])}\n${note}${starred ? pages : ""}`;
}
