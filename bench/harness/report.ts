import type { Machine } from "./machine.js";
import type { CaseResult, OperationResult } from "./rounds.js";
import { median, ratios } from "./statistics.js";
import { describeBound, type Verdict } from "./verdict.js";

export function headerText(machine: Machine, seed: number): string {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}, load ${machine.load.toFixed(2)}`,
    `Node ${machine.node}, V8 ${machine.v8}, revision ${machine.revision ?? "unknown"}`,
    `wasm ${machine.wasmBytes} bytes, sha256 ${machine.wasmSha256}`,
    `seed 0x${seed.toString(16)}; times are medians of rounds, the spread is the middle half of the rounds`,
  ];
  if (machine.load > machine.cores / 4) lines.push("The machine is busy: read the spread before the figures.");
  return `${lines.join("\n")}\n`;
}

const COLUMNS = ["case", "ns", "spread", "M/s", "x ours", "verdict"];

/** One operation as a table, its ratios against the first case. */
export function operationText(result: OperationResult, verdicts: readonly Verdict[]): string {
  const [ours] = result.cases;
  if (ours === undefined) throw new Error(`${result.name} has no cases`);
  const rows = result.cases.map((one) => [
    one.floor ? `(${one.name})` : one.name,
    significant(one.summary.median),
    `${significant(one.summary.p25)} .. ${significant(one.summary.p75)}`,
    significant(1e3 / one.summary.median),
    one === ours ? "" : `${significant(median(ratios(one.rounds, ours.rounds)))}`,
    verdictsOf(one, ours, verdicts),
  ]);
  return `\n${result.name}, per ${result.unit}\n${alignColumns([COLUMNS, ...rows])}`;
}

/** A limit is shown beside the case that the first is compared with. */
function verdictsOf(one: CaseResult, first: CaseResult | undefined, verdicts: readonly Verdict[]): string {
  return verdicts
    .filter(({ limit }) => (limit.above === first?.name ? limit.below : limit.above) === one.name)
    .map((verdict) => (verdict.held ? "held" : "MISSED"))
    .join(", ");
}

export function verdictsText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return "\nNo limit applies to what was measured.\n";
  const rows = verdicts.map(({ limit, ratio, held }) => [
    held ? "held" : "MISSED",
    limit.operation,
    `${limit.above} / ${limit.below}`,
    significant(ratio.median),
    `${significant(ratio.p25)} .. ${significant(ratio.p75)}`,
    describeBound(limit),
  ]);
  return `\n${alignColumns([["limit", "operation", "ratio of times", "", "spread", ""], ...rows])}`;
}

function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(cell.length, all[i] ?? 0)), []);
  return rows
    .map((row) =>
      `  ${row.map((cell, i) => (isNumeric(cell) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0))).join("  ")}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

const isNumeric = (cell: string): boolean => /^[\d.]+$/.test(cell);

/** Three significant digits without an exponent. */
function significant(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 1 ? value.toFixed(2) : value.toFixed(3);
}
