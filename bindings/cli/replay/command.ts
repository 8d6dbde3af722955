import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Progress, type ProgressStream } from "./progress.js";
import { replay } from "./replay.js";
import { reportText } from "./reportText.js";
import { UnusableInput } from "./unusableInput.js";

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
and, where the record has them, every leaf of the kernel's own tables.

FILE is one of these, plain or gzip; what it is, is told by its content:
  - a record of calls into Linux's page-table code (.ops); the kernel's tables are read from the
    .tables.json[.gz] beside it
  - ftrace text with the events iommu:map and iommu:unmap
Without FILE: the record of an NVMe disk behind an Arm SMMUv3 that comes with the source.

Options:
  --json          the report as JSON, for programs
  --tables FILE   the kernel's tables, where they are not beside the record
  --no-timing     leave out the timed rounds
  -h, --help      this text

Exit status: 0 all is equal, 1 something differs, 2 the input cannot be used.

Examples:
  io-pgtable replay
  io-pgtable replay arm-vblk-strict.ops.gz
  io-pgtable replay --json arm-nvme-16k.ops.gz | jq .verdict
  cd /sys/kernel/tracing && echo 1 > events/iommu/enable && cat trace > ~/my.trace
  io-pgtable replay ~/my.trace
`;

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
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
  return run(file, values, context);
}

async function run(
  file: string,
  values: { json: boolean; tables?: string | undefined; "no-timing": boolean },
  context: CommandContext,
): Promise<ExitStatus> {
  const progress = new Progress(context.err, !context.noColour);
  try {
    const report = await replay({
      file,
      tables: values.tables,
      timing: !values["no-timing"],
      progress: (what, done, total) => progress.show(what, done, total),
    });
    progress.clear();
    context.out.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report, paint(context)));
    return report.verdict.equal ? 0 : 1;
  } catch (error) {
    progress.clear();
    return refuse(context, error instanceof UnusableInput ? error.message : `${file}: ${messageOf(error)}`);
  }
}
