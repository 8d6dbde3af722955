import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandLine } from "../commandLine.js";
import type { CommandContext, CommandSpec, ExitStatus } from "../commandSpec.js";
import { FORMAT_NAMES } from "../formatOptions.js";
import { jsonText } from "../json.js";
import { COMPARISON_SCHEMA, candidates, compare, comparisonText } from "./comparison.js";
import { bitsOption, pageSizeOption } from "./optionValues.js";
import { Progress } from "./progress.js";
import { type ReplayOptions, readInput, replayInput } from "./replay.js";
import { reportText } from "./reportText.js";
import { UnusableOption } from "./unusableInput.js";

/** In a clone: from where the built command lies, and from where this source does. */
const DEFAULT_RECORD = ["../", "../../../"]
  .map((up) => fileURLToPath(new URL(`${up}examples/traces/arm-nvme-strict.ops.gz`, import.meta.url)))
  .find((file) => existsSync(file));

function paint(context: CommandContext): (text: string, good: boolean) => string {
  if (context.noColour || context.out.isTTY !== true) return (text) => text;
  return (text, good) => `\x1b[1;${good ? 32 : 31}m${text}\x1b[0m`;
}

/** What else lies beside the default record. */
function moreRecords(file: string): string {
  const folder = dirname(file);
  const names = readdirSync(folder).filter((name) => name.endsWith(".ops.gz") && name !== basename(file));
  const lines = names.map((name) => `  npm start -- ${relative(process.cwd(), join(folder, name))}\n`);
  return `\nMore records:\n${lines.join("")}`;
}

/** Values that are given one by one or joined by commas. */
function listOf(line: CommandLine, name: string): string[] {
  return line.texts(name).flatMap((text) => text.split(","));
}

function pageSizesOf(line: CommandLine): number[] {
  return listOf(line, "page-size").flatMap((text) => pageSizeOption("--page-size", text) ?? []);
}

function optionsOf(file: string, line: CommandLine, progress: Progress): ReplayOptions {
  return {
    file,
    ias: bitsOption("--ias", line.text("ias")),
    oas: bitsOption("--oas", line.text("oas")),
    skip: line.flag("skip"),
    relocate: line.flag("relocate"),
    tables: line.text("tables"),
    timing: !line.flag("no-timing"),
    progress: (what, done, total) => progress.show(what, done, total),
  };
}

async function replayOne(
  options: ReplayOptions,
  line: CommandLine,
  context: CommandContext,
  progress: Progress,
): Promise<ExitStatus> {
  const [format] = listOf(line, "format");
  const [pageSize] = pageSizesOf(line);
  const report = replayInput(await readInput(options), { ...options, format, pageSize });
  progress.clear();
  context.out.write(line.flag("json") ? jsonText(report) : reportText(report, paint(context)));
  return report.verdict.equal ? 0 : 1;
}

async function replaySeveral(
  options: ReplayOptions,
  line: CommandLine,
  context: CommandContext,
  progress: Progress,
): Promise<ExitStatus> {
  if (options.skip === true && options.relocate === true) throw new UnusableOption("--skip or --relocate, not both");
  const all = candidates(listOf(line, "format"), pageSizesOf(line));
  const rows = compare(await readInput(options), options, all);
  progress.clear();
  const json = { schema: COMPARISON_SCHEMA, file: basename(options.file), rows };
  context.out.write(line.flag("json") ? jsonText(json) : comparisonText(basename(options.file), rows));
  return rows.every(({ report }) => report === null || report.verdict.equal) ? 0 : 1;
}

async function run(line: CommandLine, context: CommandContext): Promise<ExitStatus> {
  const [given] = line.expectWords(0, 1, "one record at a time");
  const file = given ?? DEFAULT_RECORD;
  if (file === undefined) throw new UnusableOption("which record? (--help tells what it can be)");
  const progress = new Progress(context.err, !context.noColour);
  const options = optionsOf(file, line, progress);
  const several = listOf(line, "format").length > 1 || pageSizesOf(line).length > 1;
  try {
    const status = await (several ? replaySeveral : replayOne)(options, line, context, progress);
    if (given === undefined && !line.flag("json")) context.out.write(moreRecords(file));
    return status;
  } finally {
    progress.clear();
  }
}

export const REPLAY: CommandSpec = {
  name: "replay",
  summary: "replays a record of a kernel's IOMMU operations and compares the results, on one format or several",
  usage: ["[FILE] [options]"],
  about: [
    "Replays what a kernel did with its IOMMU on a page table of this library, and compares every answer, every flush and, where the record has them, every leaf and table page of the kernel's own tables.",
    "FILE is one of these, plain or gzip; what it is, is told by its content:",
    "- a record of calls into Linux's page-table code (.ops); the kernel's tables are read from the .tables.json[.gz] beside it",
    "- ftrace text with the events iommu:map and iommu:unmap",
    "Without FILE: the record of an NVMe disk behind an Arm SMMUv3 that comes with the source.",
  ],
  options: [
    {
      name: "format",
      value: "NAME",
      repeated: true,
      text: `the format to replay on; default that of the machine of the record, for ftrace armLpaeS1. Several, joined by commas, are compared: ${FORMAT_NAMES}`,
    },
    { name: "ias", value: "BITS", text: "input address bits, where the format's usual ones do not do" },
    { name: "oas", value: "BITS", text: "output address bits" },
    {
      name: "page-size",
      value: "SIZE",
      repeated: true,
      text: "the smallest leaf (4K, 16K, 64K, 2M, ...); default the largest granule of the format that all requests of the record keep to. Several, joined by commas, are compared",
    },
    { name: "skip", text: "leave out what the format has no room for, and count it" },
    {
      name: "relocate",
      text: "widen requests that keep to no page of that size to whole pages, each at addresses of its own; where several are compared this is the default",
    },
    { name: "tables", value: "FILE", text: "the kernel's tables, where they are not beside the record" },
    { name: "no-timing", text: "leave out the timed rounds" },
  ],
  notes: [
    "On the format of its own machine a record is replayed by the kernel's own calls, and the tables have to be equal to the kernel's in every bit (but for deliberate differences, which are counted). On another format, or with other address bits or pages, requests go through map and unmap, which choose the leaves; of the kernel's tables only the mappings are then compared: where each address leads, and whether a device may read and write there. Sizes that the format has no leaf for become several smaller leaves.",
    "An address outside the format's input or output space, or a request that is no multiple of its smallest page, makes a record unusable: exit status 2, with the first such line. With --skip such requests, the unmaps and look-ups that belong to them, and the kernel's leaves that come from them are left out; the report tells how many. With --relocate they are replayed as a kernel with such pages would make them: what belongs together gets addresses of its own below 4 GiB, each piece of memory in whole pages. That tells what a larger granule costs; there is nothing of the kernel's to compare it with.",
    "Compared side by side (several formats or page sizes): what is mapped at the fullest and by which leaves, table pages and their bytes, and the flushes of the whole record. What a format does not have says so in its row.",
  ],
  success: "all is equal",
  failure: "something differs",
  examples: [
    { command: "npx io-pgtable replay vtd-vblk-39.ops.gz" },
    { command: "npx io-pgtable replay --format riscv arm-vblk-strict.ops.gz" },
    { command: "npx io-pgtable replay --format armV7s --skip vtd-nvme-strict.ops.gz" },
    { command: "npx io-pgtable replay --format armLpaeS1 --page-size 4K,16K,64K arm-vblk-strict.ops.gz" },
    { command: "npx io-pgtable replay --format armLpaeS1,amdV1,vtdSecondStage,riscv amd-nvme-strict.ops.gz" },
    { command: "npx io-pgtable replay --json arm-nvme-16k.ops.gz | jq .verdict" },
    { command: "cd /sys/kernel/tracing && echo 1 > events/iommu/enable && cat trace > ~/my.trace" },
    { command: "npx io-pgtable replay ~/my.trace" },
  ],
  run,
};
