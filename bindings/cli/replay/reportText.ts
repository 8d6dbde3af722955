import { bytes, count, nanoseconds, pageSize, plural, sizesText } from "./numberText.js";
import type { LeafCount, Report, SizeCount, TableUsage } from "./report.js";
import type { FlushSavings } from "./widerGather.js";

const LABEL_WIDTH = 15;
const BAR_WIDTH = 20;

export type Paint = (text: string, good: boolean) => string;

function row(label: string, text: string): string {
  return `${label.padEnd(LABEL_WIDTH)}${text}`;
}

function leaves(counts: readonly LeafCount[]): string {
  if (counts.length === 0) return "nothing";
  return counts.map((each) => `${count(each.leaves)} x ${pageSize(each.pageSize)}`).join(" + ");
}

function sourceText({ record }: Report): string {
  const domains = plural(record.domains, "domain");
  if (record.source === "ftrace") return `${count(record.lines)} lines of ftrace text`;
  const whose = { arm: "an Arm SMMUv3", intel: "Intel VT-d", amd: "an AMD IOMMU", unknown: "an IOMMU" }[record.machine];
  return `${count(record.lines)} lines: Linux's calls into its page tables for ${whose ?? "an IOMMU"}, ${domains}`;
}

function tableText({ table }: Report): string {
  const geometry = `${table.ias}-bit input, ${table.oas}-bit output, leaves of ${sizesText(table.pageSizes)}; by ${table.calls.join(" and ")}`;
  if (table.registersEqual === null) return geometry;
  return `${geometry}\n${row("", `registers ${table.registersEqual ? "equal to" : "DIFFER from"} what the kernel gave its device`)}`;
}

function callText({ calls }: Report): string {
  const parts = [
    [calls.map, "map"],
    [calls.unmap, "unmap"],
    [calls.lookUp, "look-up"],
    [calls.sync, "sync"],
  ] as const;
  return parts
    .filter(([made]) => made > 0)
    .map(([made, name]) => `${count(made)} ${name}`)
    .join("   ");
}

function share(calls: number, total: number): string {
  const percent = `${((100 * calls) / Math.max(1, total)).toFixed(1)}%`;
  return `${count(calls).padStart(9)} ${percent.padStart(6)}`;
}

/** Maps and unmaps side by side, by the size that was asked for. */
function sizeRows({ sizes, calls }: Report): string[] {
  const callsOf = (counts: readonly SizeCount[], upTo: number): number =>
    counts.find((size) => size.upTo === upTo)?.calls ?? 0;
  const all = [...new Set([...sizes.map, ...sizes.unmap].map(({ upTo }) => upTo))].sort((a, b) => a - b);
  return all.map((upTo, index) => {
    const maps = callsOf(sizes.map, upTo);
    const bar = "#".repeat(Math.round((maps / Math.max(1, calls.map)) * BAR_WIDTH)).padEnd(BAR_WIDTH);
    const text = `${pageSize(upTo).padStart(6)}  map${share(maps, calls.map)} ${bar}  unmap`;
    return row(index === 0 ? "sizes up to" : "", `${text}${share(callsOf(sizes.unmap, upTo), calls.unmap)}`);
  });
}

function usageText(usage: TableUsage): string {
  const mapped = `${bytes(usage.mappedBytes)} mapped by ${leaves(usage.leaves)}`;
  return `${mapped}; ${plural(usage.tablePages, "table page")} (${bytes(usage.tableBytes)})`;
}

function memoryRows(report: Report): string[] {
  const { fullest, tablePages } = report;
  const written = `${bytes(report.mappedBytes)} by ${leaves(report.leavesWritten)}`;
  const rows = [row("mapped in all", `${written}; unmapped ${bytes(report.unmappedBytes)}`)];
  if (fullest !== null) {
    const perGiB = fullest.tableBytesPerGiB === null ? "" : `, ${bytes(fullest.tableBytesPerGiB)} per GiB mapped`;
    rows.push(row("at the fullest", `${usageText(fullest)}${perGiB}; line ${count(fullest.line)}`));
  }
  rows.push(row("at the end", usageText(report.atEnd)));
  rows.push(row("table pages", `${count(tablePages.now)} now, ${count(tablePages.peak)} at the peak`));
  return rows;
}

function flushRows({ flushes, calls }: Report): string[] {
  const asked = `${count(flushes.flushRange)} flushRange, ${count(flushes.flushWalk)} flushWalk`;
  const whole = calls.flushAll + calls.flushAsid;
  const beside = whole > 0 ? `, and everything ${plural(whole, "time")} on its own account` : "";
  const kernels = calls.invalidate > 0 ? `; the kernel invalidated ${plural(calls.invalidate, "range")}${beside}` : "";
  const rows = [row("flushes", `${asked}${kernels}`)];
  return flushes.savings.recorded < 2 ? rows : [...rows, ...savingRows(flushes.savings)];
}

function savingRows({ recorded, gathers, queue }: FlushSavings): string[] {
  const syncs = gathers.map((gather) => `${count(gather.syncs)} with ${gather.requests}`).join(", ");
  const early = gathers.map((gather) => count(gather.early)).join(", ");
  const waiting = `if freed addresses waited in a queue of ${queue.entries} before reuse, as in Linux's lazy mode`;
  return [
    row("wider gather", `${count(recorded)} syncs with one unmap request in each; ${syncs}`),
    row("", `(of these ${early} could not wait, as the address was mapped again)`),
    row("flush queue", `${count(queue.flushes)} flushes, ${waiting}`),
  ];
}

function timeRows({ nanoseconds: timing }: Report): string[] {
  if (timing === null) return [];
  const page = timing.mapPerPage === null ? "" : ` (${nanoseconds(timing.mapPerPage)} a page)`;
  const parts = [
    ["map", timing.map, page],
    ["unmap", timing.unmap, ""],
    ["sync", timing.sync, ""],
    ["look-up", timing.lookUp, ""],
  ] as const;
  const times = parts.flatMap(([name, value, more]) =>
    value === null ? [] : [`${name} ${nanoseconds(value)}${more}`],
  );
  return [row("time a call", `${times.join("   ")}   [without the checks, median of ${timing.rounds} rounds]`)];
}

function deliberateRows({ deliberate }: Report): string[] {
  return deliberate.map(({ name, count: times }) => row("on purpose", `${count(times)} x ${name}`));
}

function leftOutRows({ leftOut, table }: Report): string[] {
  if (leftOut === null) return [];
  const { maps, unmaps, lookUps, first } = leftOut;
  const what = `${plural(maps, "map")} (${bytes(leftOut.bytes)}) and so ${plural(unmaps, "unmap")} and ${plural(lookUps, "look-up")}`;
  const why = first === null ? "" : `; the first at line ${count(first.line)}: ${first.why}`;
  return [row("left out", `${what} that ${table.format} has no room for${why}`)];
}

function noteRows({ ftrace, record, relocated, table }: Report): string[] {
  const rows: string[] = [];
  if (relocated) {
    const page = pageSize(Math.min(...table.pageSizes));
    rows.push(
      row(
        "note",
        `requests are widened to pages of ${page}, each at addresses of its own, as a kernel with such pages has them`,
      ),
    );
  }
  if (record.lostEvents > 0)
    rows.push(row("note", `the trace lost ${plural(record.lostEvents, "event")}: differences may come from that`));
  if (ftrace && ftrace.otherDomainMaps > 0) {
    const maps = plural(ftrace.otherDomainMaps, "map");
    rows.push(
      row("note", `${maps} over a live mapping: another domain's, on a table of its own (ftrace names no domain)`),
    );
  }
  if (ftrace && ftrace.unmapsFromBefore > 0) {
    const unmaps = plural(ftrace.unmapsFromBefore, "unmap");
    rows.push(row("note", `${unmaps} of what was mapped before the trace began`));
  }
  return rows;
}

function differenceRows({ differences }: Report): string[] {
  const rows = differences.first.map(
    ({ line, check, what, expected, got }) =>
      `line ${count(line)}, ${check}: ${what}\n  expected  ${expected}\n  got       ${got}`,
  );
  const more = differences.total - differences.first.length;
  return more > 0 ? [...rows, `and ${count(more)} more`] : rows;
}

function checkText({ checks }: Report): string {
  return checks.map(({ check, made }) => `${check} ${count(made)}`).join(", ");
}

/** The report as a driver engineer reads it. */
export function reportText(report: Report, paint: Paint): string {
  const lines = [
    row("record", `${report.record.file}, ${sourceText(report)}`),
    row("replayed on", `${report.table.format}: ${tableText(report)}`),
    row("calls", callText(report)),
    ...sizeRows(report),
    ...memoryRows(report),
    ...flushRows(report),
    ...timeRows(report),
    ...leftOutRows(report),
    row("compared", checkText(report)),
    ...deliberateRows(report),
    ...noteRows(report),
    ...differenceRows(report),
    row("verdict", paint(report.verdict.text, report.verdict.equal)),
  ];
  return `${lines.join("\n")}\n`;
}
