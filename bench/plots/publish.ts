// What docs/ shows of one run: plots, and the tables of docs/benchmarks.md between their marks.
import { readFileSync, writeFileSync } from "node:fs";
import { projectRoot } from "../harness/projectRoot.js";
import type { BenchRecord } from "../harness/record.js";
import { rowsPlot, sizesPlot, workersPlot } from "./plots.js";
import { goalsTable, machineText, timesTable } from "./tables.js";

export function publish(record: BenchRecord): void {
  const at = (path: string): URL => new URL(`docs/${path}`, projectRoot());
  writeFileSync(at("bench-rows.svg"), rowsPlot(record));
  writeFileSync(at("bench-sizes.svg"), sizesPlot(record));
  const workers = workersPlot(record);
  if (workers !== null) writeFileSync(at("bench-workers.svg"), workers);
  const page = at("benchmarks.md");
  const filled = [
    ["machine", machineText(record)],
    ["goals", goalsTable(record)],
    ["times", timesTable(record)],
  ].reduce((text, [mark = "", content = ""]) => fillIn(text, mark, content), readFileSync(page, "utf8"));
  writeFileSync(page, filled);
}

/** Replaces what stands between the marks of that name. */
export function fillIn(page: string, mark: string, content: string): string {
  const [start, end] = [`<!-- ${mark} -->\n`, `<!-- /${mark} -->`];
  const from = page.indexOf(start);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no marks for ${mark}`);
  return `${page.slice(0, from + start.length)}\n${content}\n${page.slice(to)}`;
}
