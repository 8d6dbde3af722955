import type { ConfiguredFormat } from "../../formats/describe.js";
import { IoPageTable, Prot, TableMemory } from "../../index.js";
import { bytesOption, wordOption } from "../addressOption.js";
import type { CommandLine } from "../commandLine.js";
import { type CommandContext, type CommandSpec, type ExitStatus, lines } from "../commandSpec.js";
import { CONFIGURATION, configuredFormat, FORMAT_NAMES } from "../formatOptions.js";
import { jsonText } from "../json.js";
import { protOption } from "../protOption.js";
import { hex } from "../replay/hexText.js";
import { pageSize, sizesText } from "../replay/numberText.js";
import { UnusableOption } from "../replay/unusableInput.js";
import { levelsOf, readingJson, readings, readingText } from "./describedEntry.js";
import { levelOption } from "./levelOption.js";

interface Encoded {
  readonly item: bigint;
  /** As the core counts. */
  readonly level: number;
}

const NO_FLUSH = { flushAll() {}, flushWalk() {}, flushRange() {} };
const TABLES_AT = 2 ** 20;
const PAGE = 4096;

function firstIova({ spec }: ConfiguredFormat): bigint {
  return spec.space === "upper" ? (1n << 64n) - (1n << BigInt(spec.ias)) : 0n;
}

/** The entry that `map` writes for one leaf of this size. */
function leafEntry(format: ConfiguredFormat, paddr: number, size: number, prot: number): Encoded {
  const { spec } = format;
  if (!spec.pageSizes.includes(size)) {
    throw new UnusableOption(`${spec.name} has leaves of ${sizesText(spec.pageSizes)}, none of ${pageSize(size)}`);
  }
  const table = new IoPageTable(TableMemory.create({ bytes: TABLES_AT }), { format: spec, flush: NO_FLUSH });
  const iova = firstIova(format);
  table.map(iova, paddr, size, prot);
  const step = table.walk(iova).at(-1);
  table.destroy();
  if (step === undefined || step.size !== size) {
    throw new UnusableOption(`${hex(paddr)} is no multiple of ${pageSize(size)}: no such leaf can be there`);
  }
  return { item: step.entry, level: levelsOf(format).find((level) => spec.archLevel(level) === step.level) ?? 0 };
}

/** The entry that leads to a table at `paddr`: a table is built there, and the entry above it read. */
function tableEntry(format: ConfiguredFormat, paddr: number, level: number): Encoded {
  const { spec } = format;
  if (level === 0) throw new UnusableOption(`--level: the tables of the smallest leaves lead to no other table`);
  const offset = paddr % PAGE;
  const base = paddr - offset;
  const elsewhere = base < 2 ** 30 ? 2 ** 31 : 0;
  const records = TableMemory.bookkeepingBytes(TABLES_AT);
  const memory = TableMemory.over(new WebAssembly.Memory({ initial: (3 * TABLES_AT + records) / 65536 }), {
    windows: [
      { offset: 0, bytes: TABLES_AT, physBase: base },
      { offset: TABLES_AT, bytes: 2 * TABLES_AT, physBase: elsewhere },
    ],
    bookkeeping: { offset: 3 * TABLES_AT, bytes: records },
  });
  let next = TABLES_AT;
  const allocator = {
    alloc(bytes: number, at: number): number {
      if (at === spec.archLevel(level - 1)) return offset;
      next = Math.ceil(next / bytes) * bytes + bytes;
      return next - bytes;
    },
    free(): void {},
  };
  const table = new IoPageTable(memory, { format: spec, flush: NO_FLUSH, allocator });
  const iova = firstIova(format);
  table.map(iova, 0, spec.pageSizes[0] ?? PAGE, Prot.READ | Prot.WRITE);
  const step = table.walk(iova).find((each) => each.level === spec.archLevel(level));
  table.destroy();
  if (step === undefined) throw new UnusableOption(`--level: ${spec.name} has no table of that level here`);
  return { item: step.entry, level };
}

function encode(format: ConfiguredFormat, paddr: number, line: CommandLine): Encoded {
  const [level, size, prot] = [line.text("level"), line.text("size"), line.text("prot")];
  if (line.flag("table")) {
    if (level === undefined) throw new UnusableOption("--table: say with --level in which table the entry stands");
    return tableEntry(format, paddr, levelOption(format, level));
  }
  if (level !== undefined) throw new UnusableOption("--level is for --table; of a leaf, --size decides the level");
  const bytes = size === undefined ? (format.spec.pageSizes[0] ?? PAGE) : Number(bytesOption("--size", size));
  return leafEntry(format, paddr, bytes, protOption("--prot", prot ?? "READ,WRITE"));
}

function run(line: CommandLine, { out }: CommandContext): ExitStatus {
  const [name = "", address = ""] = line.expectWords(2, 2, "a format and an address");
  const paddr = Number(wordOption("PADDR", address));
  const format = configuredFormat(name, line);
  const { item, level } = encode(format, paddr, line);
  const [reading] = readings(format, item, [level]);
  if (reading === undefined) return 2;
  if (line.flag("json")) out.write(jsonText({ format: name, entry: item, ...readingJson(reading) }));
  else out.write(`${hex(item)}\n\n${readingText(reading)}`);
  return 0;
}

export const ENCODE: CommandSpec = {
  name: "encode",
  summary: "makes the entry that maps an address, or leads to a table",
  usage: ["FORMAT PADDR [options]"],
  about: [
    "Prints the entry that this library writes, first alone, then field by field. PADDR is the output address, or with --table that of the next table.",
    `FORMAT is one of ${FORMAT_NAMES}.`,
  ],
  options: [
    {
      name: "prot",
      value: "FLAGS",
      text: "the protection: names joined by commas of READ, WRITE, CACHE, NOEXEC, MMIO, PRIV, SHARE_NONE, SHARE_INNER, SHARE_OUTER and MEMTYPE=N; default READ,WRITE",
    },
    {
      name: "size",
      value: "SIZE",
      text: "the leaf, such as 4K or 2M; default the smallest. Of one that takes several items, the first",
    },
    { name: "table", text: "the entry of a table" },
    { name: "level", value: "N", text: "with --table: the level of the table that the entry stands in" },
    ...CONFIGURATION,
  ],
  success: "always, where there is such an entry",
  examples: [
    { command: "npx io-pgtable encode armLpaeS1 0x840000000 --size 2M --prot READ,WRITE,CACHE" },
    { command: "npx io-pgtable encode riscv 0x80000000 --size 64K --with svnapot --prot READ" },
    {
      command: "npx io-pgtable encode x86_64 0x1000 --table --level 2",
      prints: lines(
        "0x1027",
        "",
        "level 2: table at 0x1000",
        "  0      P        0x1  present            5.4.1",
        "  1      R/W      0x1  read and write     5.4.1",
        "  2      U/S      0x1  unprivileged too   5.4.1",
        "  3      PWT      0x0  write-back         5.4.1",
        "  4      PCD      0x0  cacheable          5.4.1",
        "  5      A        0x1  accessed           5.4.1",
        "  7      PS       0x0  a table            5.4.1",
        "  11:9   AVL      0x0                     5.4.1",
        "  51:12  address  0x1  0x1000             5.3",
        "  58:52  AVL      0x0                     5.4.1",
        "  63     NX       0x0  execution allowed  5.4.1",
      ),
    },
  ],
  run,
};
