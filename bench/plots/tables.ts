import { caseOf } from "../harness/readRecord.js";
import type { BenchRecord } from "../harness/record.js";
import { describeBound, type Verdict } from "../harness/verdict.js";
import { isLinux } from "../peers/isPeer.js";
import { shortNumber } from "./scale.js";

export function machineText({ machine, startedAt, options }: BenchRecord): string {
  const { cpu, cores, memoryGiB, platform, load, node, v8, wasmBytes, revision } = machine;
  const { rounds, seconds } = options.schedule;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${platform}; Node ${node}, V8 ${v8}; wasm of ${wasmBytes} bytes, revision ${revision ?? "unknown"}.`,
    `${startedAt.slice(0, 10)}, ${rounds} rounds of ${seconds} s for each case; load average before the run: ${load.toFixed(2)}.`,
    "",
  ].join("\n");
}

/** The limits against Linux's code: the worst of the ratios to its builds is the one to the fastest build. */
export function goalsTable(record: BenchRecord): string {
  const rows = bestBuilds(record.verdicts).map(({ limit, ratio }) => {
    const ours = caseOf(record.operations, limit.operation, limit.above)?.summary.median ?? Number.NaN;
    const linux = caseOf(record.operations, limit.operation, limit.below)?.summary.median ?? Number.NaN;
    const held = ratio.median <= (limit.atMost ?? Number.POSITIVE_INFINITY);
    return [
      `${limit.operation}: ${limit.above}`,
      limit.below,
      shortNumber(ours),
      shortNumber(linux),
      shortNumber(ratio.median),
      describeBound(limit),
      held ? "held" : "missed",
    ];
  });
  return markdownTable(["ours", "its fastest native build", "ours, ns", "Linux, ns", "ratio", "goal", "verdict"], rows);
}

/** For each limit the build of Linux's code that it is closest to. */
function bestBuilds(verdicts: readonly Verdict[]): Verdict[] {
  const worst = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const { operation, above, below, atMost } = verdict.limit;
    if (!isLinux(below)) continue;
    const key = [operation, above, atMost].join();
    const before = worst.get(key);
    if (before === undefined || verdict.ratio.median > before.ratio.median) worst.set(key, verdict);
  }
  return [...worst.values()];
}

/** Everything measured. */
export function timesTable(record: BenchRecord): string {
  const rows = record.operations.flatMap(({ name, unit, cases }) =>
    cases.map((one, index) => [
      index === 0 ? `${name}, per ${unit}` : "",
      one.floor ? `(${one.name})` : one.name,
      shortNumber(one.summary.median),
      `${shortNumber(one.summary.p25)} .. ${shortNumber(one.summary.p75)}`,
      shortNumber(1e3 / one.summary.median),
    ]),
  );
  return markdownTable(["operation", "case", "ns", "middle half of the rounds", "M/s"], rows);
}

/** With its columns aligned, as the formatter wants it. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((cells) => cells[i]?.length ?? 0)));
  const lines = [head, widths.map((width) => "-".repeat(width)), ...rows];
  return lines.map((cells) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |\n`).join("");
}
