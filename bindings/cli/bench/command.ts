import { cpus } from "node:os";
import { bytesOption } from "../addressOption.js";
import type { CommandLine } from "../commandLine.js";
import type { CommandContext, CommandSpec, ExitStatus } from "../commandSpec.js";
import { CONFIGURATION, configuredFormat, FORMAT_NAMES } from "../formatOptions.js";
import { jsonText } from "../json.js";
import { bytes, nanoseconds, pageSize } from "../replay/numberText.js";
import { Progress } from "../replay/progress.js";
import { UnusableOption } from "../replay/unusableInput.js";
import { casesOf } from "./cases.js";
import { loadBenchmark, type Measured, measure } from "./measure.js";

interface Result {
  readonly format: string;
  readonly pageSize: number;
  readonly cases: readonly Measured[];
}

const SCHEMA = "io-pgtable-bench/1";
const USUAL_SIZE = "64M";
const MOST_SIZE = 2 ** 32;

function sizeOf(line: CommandLine): number {
  const size = Number(bytesOption("--size", line.text("size") ?? USUAL_SIZE));
  if (size >= 2 ** 16 && size <= MOST_SIZE && Number.isInteger(Math.log2(size))) return size;
  throw new UnusableOption("--size: give a power of two from 64K to 4G");
}

function secondsOf(line: CommandLine): number {
  const seconds = Number(line.text("seconds") ?? "0.5");
  if (seconds > 0 && seconds <= 60) return seconds;
  throw new UnusableOption("--seconds: give a number up to 60");
}

function resultText({ format, pageSize: page, cases }: Result): string {
  const width = Math.max(...cases.map(({ name }) => name.length));
  const rows = cases.map(({ name, unit, median, p99, rme }) => {
    const times = `${nanoseconds(median).padStart(10)}  p99 ${nanoseconds(p99).padStart(10)}`;
    return `  ${name.padEnd(width)} ${times}  +-${rme.toFixed(1)}%  a ${unit}`;
  });
  return `${format}, pages of ${pageSize(page)}\n${rows.join("\n")}\n`;
}

async function run(line: CommandLine, context: CommandContext): Promise<ExitStatus> {
  line.expectWords(0, 0, "no arguments but options");
  const names = line.texts("format").flatMap((text) => text.split(","));
  const [size, seconds] = [sizeOf(line), secondsOf(line)];
  const formats = (names.length === 0 ? ["armLpaeS1"] : names).map((name) => configuredFormat(name, line));
  const Constructor = await loadBenchmark(() => import("benchmark"));
  const progress = new Progress(context.err, !context.noColour);
  const results: Result[] = [];
  try {
    for (const format of formats) {
      const { cases, destroy } = casesOf(format, size);
      const measured = cases.map((subject, index) => {
        progress.show(`${format.spec.name}: ${subject.name}`, index, cases.length);
        return measure(Constructor, subject, seconds);
      });
      destroy();
      results.push({ format: format.spec.name, pageSize: format.spec.pageSizes[0] ?? 0, cases: measured });
    }
  } finally {
    progress.clear();
  }
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version };
  if (line.flag("json")) context.out.write(jsonText({ schema: SCHEMA, machine, size, seconds, results }));
  else
    context.out.write(
      `${machine.cpu}, Node ${machine.node}; a range of ${bytes(size)}\n\n${results.map(resultText).join("\n")}`,
    );
  return 0;
}

export const BENCH: CommandSpec = {
  name: "bench",
  summary: "measures the calls of this library on this machine, for one format or several",
  usage: ["[options]"],
  about: [
    "Times map, unmap, look-up and access by benchmark.js, which has to be installed beside this package (npm install benchmark). Medians are of samples that are means of many calls; read them as ratios, and of one machine.",
    "The comparison with other implementations is in the source: npm run bench.",
  ],
  options: [
    {
      name: "format",
      value: "NAME",
      repeated: true,
      text: `default armLpaeS1; several joined by commas: ${FORMAT_NAMES}`,
    },
    {
      name: "size",
      value: "SIZE",
      text: `the range that is mapped and looked up, a power of two; default ${USUAL_SIZE}`,
    },
    { name: "seconds", value: "N", text: "time for each case; default 0.5" },
    ...CONFIGURATION,
  ],
  success: "it was measured",
  examples: [
    { command: "npx io-pgtable bench" },
    { command: "npx io-pgtable bench --format armLpaeS1,x86_64,riscv --size 1G" },
    { command: "npx io-pgtable bench --page-size 64K --json" },
  ],
  run,
};
