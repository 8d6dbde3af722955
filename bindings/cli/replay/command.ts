import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CATALOGUE } from "../../formats/catalogue.js";
import { bitsOption, pageSizeOption } from "./optionValues.js";
import { Progress, type ProgressStream } from "./progress.js";
import { replay } from "./replay.js";
import { reportText } from "./reportText.js";
import { UnusableInput, UnusableOption } from "./unusableInput.js";

/** Where the command reads its surroundings from and writes to. */
export interface CommandContext {
  readonly out: ProgressStream;
  readonly err: ProgressStream;
  readonly noColour: boolean;
}

/** 0: all equal; 1: something differs; 2: the input or the command line cannot be used. */
export type ExitStatus = 0 | 1 | 2;

const DEFAULT_RECORD = fileURLToPath(new URL("../../../examples/traces/arm-nvme-strict.ops.gz", import.meta.url));

const HELP = `io-pgtable replay [FILE] [options]

Replays what a kernel did with its IOMMU on a page table of this library, and compares every answer, every flush
and, where the record has them, every leaf and table page of the kernel's own tables.

FILE is one of these, plain or gzip; what it is, is told by its content:
  - a record of calls into Linux's page-table code (.ops); the kernel's tables are read from the
    .tables.json[.gz] beside it
  - ftrace text with the events iommu:map and iommu:unmap
Without FILE: the record of an NVMe disk behind an Arm SMMUv3 that comes with the source.

Options:
  --format NAME     the format to replay on; default: that of the machine of the record, for ftrace armLpaeS1
                    ${formatNames()}
  --ias BITS        input address bits, where the format's usual ones do not do
  --oas BITS        output address bits
  --page-size SIZE  the smallest leaf (4K, 16K, 64K, 2M, ...); default: the largest granule of the format that
                    all requests of the record keep to
  --skip            leave out what the format has no room for, and count it
  --json            the report as JSON, for programs
  --tables FILE     the kernel's tables, where they are not beside the record
  --no-timing       leave out the timed rounds
  -h, --help        this text

On the format of its own machine a record is replayed by the kernel's own calls, and the tables have to be equal to
the kernel's in every bit (but for deliberate differences, which are counted). On another format, or with other
address bits or pages, requests go through map and unmap, which choose the leaves; of the kernel's tables only
the mappings are then compared: where each address leads, and whether a device may read and write there. Sizes that
the format has no leaf for become several smaller leaves.

An address outside the format's input or output space, or a request that is no multiple of its smallest page, makes a
record unusable: exit status 2, with the first such line. With --skip such requests, the unmaps and look-ups that
belong to them, and the kernel's leaves that come from them are left out; the report tells how many. The exit status is
then that of the rest.

Exit status: 0 all is equal, 1 something differs, 2 the input cannot be used.

Examples:
  io-pgtable replay
  io-pgtable replay vtd-vblk-39.ops.gz
  io-pgtable replay --format riscv arm-vblk-strict.ops.gz
  io-pgtable replay --format armV7s --skip vtd-nvme-strict.ops.gz
  io-pgtable replay --json arm-nvme-16k.ops.gz | jq .verdict
  cd /sys/kernel/tracing && echo 1 > events/iommu/enable && cat trace > ~/my.trace
  io-pgtable replay ~/my.trace
`;

/** Two lines, the second one under the first. */
function formatNames(): string {
  const names = CATALOGUE.map(({ name }) => name);
  const half = Math.ceil(names.length / 2);
  return `${names.slice(0, half).join(", ")},\n${" ".repeat(20)}${names.slice(half).join(", ")}`;
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      format: { type: "string" },
      ias: { type: "string" },
      oas: { type: "string" },
      "page-size": { type: "string" },
      skip: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      tables: { type: "string" },
      "no-timing": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n")[0] ?? error.message) : String(error);
}

function refuse(context: CommandContext, why: string): ExitStatus {
  context.err.write(`io-pgtable replay: ${why}\n`);
  return 2;
}

function paint(context: CommandContext): (text: string, good: boolean) => string {
  if (context.noColour || context.out.isTTY !== true) return (text) => text;
  return (text, good) => `\x1b[1;${good ? 32 : 31}m${text}\x1b[0m`;
}

/** `io-pgtable replay`. */
export async function replayCommand(args: readonly string[], context: CommandContext): Promise<ExitStatus> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    return refuse(context, `${messageOf(error)} (--help tells the options)`);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    context.out.write(HELP);
    return 0;
  }
  if (positionals.length > 1) return refuse(context, "one record at a time (--help tells the options)");
  const file = positionals[0] ?? DEFAULT_RECORD;
  if (positionals.length === 0 && !existsSync(file))
    return refuse(context, "which record? (--help tells what it can be)");
  const status = await run(file, values, context);
  if (positionals.length === 0 && !values.json && status !== 2) context.out.write(moreRecords(file));
  return status;
}

/** What else lies beside the default record. */
function moreRecords(file: string): string {
  const folder = dirname(file);
  const names = readdirSync(folder).filter((name) => name.endsWith(".ops.gz") && name !== basename(file));
  const lines = names.map((name) => `  npm start -- ${relative(process.cwd(), join(folder, name))}\n`);
  return `\nMore records:\n${lines.join("")}`;
}

async function run(
  file: string,
  values: ReturnType<typeof parse>["values"],
  context: CommandContext,
): Promise<ExitStatus> {
  const progress = new Progress(context.err, !context.noColour);
  try {
    const report = await replay({
      file,
      format: values.format,
      ias: bitsOption("--ias", values.ias),
      oas: bitsOption("--oas", values.oas),
      pageSize: pageSizeOption("--page-size", values["page-size"]),
      skip: values.skip,
      tables: values.tables,
      timing: !values["no-timing"],
      progress: (what, done, total) => progress.show(what, done, total),
    });
    progress.clear();
    context.out.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, paint(context)));
    return report.verdict.equal ? 0 : 1;
  } catch (error) {
    progress.clear();
    const told = error instanceof UnusableInput || error instanceof UnusableOption;
    return refuse(context, told ? error.message : `${file}: ${messageOf(error)}`);
  }
}
