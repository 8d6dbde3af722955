import { type ConfiguredFormat, itemBits } from "../../formats/describe.js";
import type { CommandLine } from "../commandLine.js";
import { type CommandContext, type CommandSpec, type ExitStatus, lines } from "../commandSpec.js";
import { CONFIGURATION, configuredFormat, FORMAT_NAMES } from "../formatOptions.js";
import { jsonText } from "../json.js";
import { hex } from "../replay/hexText.js";
import { UnusableOption } from "../replay/unusableInput.js";
import { entryDecoder, levelsOf, type Reading, readingJson, readings, readingText } from "./describedEntry.js";
import { levelOption } from "./levelOption.js";

interface Decoded {
  readonly item: bigint;
  readonly readings: readonly Reading[];
}

function entryOf(text: string, bits: 32 | 64): bigint {
  const digits = text.replace(/^0x/i, "").replaceAll("_", "");
  if (!/^[0-9a-f]{1,16}$/i.test(digits)) throw new UnusableOption(`${text}: give an entry in hexadecimal`);
  const item = BigInt(`0x${digits}`);
  if (item >> BigInt(bits) !== 0n) throw new UnusableOption(`${text}: entries of this format have ${bits} bits`);
  return item;
}

/** What means nothing at one level is of interest only where it means nothing at any. */
function decode(format: ConfiguredFormat, item: bigint, level: string | undefined): Decoded {
  if (level !== undefined) return { item, readings: readings(format, item, [levelOption(format, level)]) };
  const all = readings(format, item, levelsOf(format));
  const valid = all.filter(({ description }) => description.paddr !== null);
  return { item, readings: valid.length > 0 ? valid : all };
}

const isValid = ({ readings: all }: Decoded): boolean => all.some(({ description }) => description.paddr !== null);

function decodedText(name: string, { item, readings: all }: Decoded): string {
  return `${name} ${hex(item)}\n${all.map(readingText).join("")}`;
}

function run(line: CommandLine, { out }: CommandContext): ExitStatus {
  const [name = "", ...texts] = line.expectWords(2, 1000, "a format and one or more entries");
  const format = configuredFormat(name, line);
  const bits = itemBits(format, entryDecoder());
  const decoded = texts.map((text) => decode(format, entryOf(text, bits), line.text("level")));
  if (line.flag("json")) {
    const entries = decoded.map((each) => ({ entry: each.item, readings: each.readings.map(readingJson) }));
    out.write(jsonText({ format: name, manual: format.facts.manual, entries }));
  } else {
    out.write(decoded.map((each) => decodedText(name, each)).join("\n"));
    out.write(`\n${format.facts.manual}\n`);
  }
  return decoded.every(isValid) ? 0 : 1;
}

export const DECODE: CommandSpec = {
  name: "decode",
  summary: "says in words what each field of an entry means",
  usage: ["FORMAT ENTRY... [options]"],
  about: [
    "Takes entries apart: bits, name, value, what the value means, and the section of the manual that says so. ENTRY is hexadecimal, with or without 0x.",
    "What an entry is depends on the level of its table. Without --level it is read at every level, readings that say the same stand together, and levels at which it is not valid are left out.",
    `FORMAT is one of ${FORMAT_NAMES}.`,
  ],
  options: [
    {
      name: "level",
      value: "N",
      text: "the level of the table that the entry stands in, by the architecture's number",
    },
    ...CONFIGURATION,
  ],
  success: "each entry is a leaf or leads to a table",
  failure: "an entry is empty or invalid at the levels asked for",
  examples: [
    {
      command: "npx io-pgtable decode armLpaeS1 840000e41 --level 2",
      prints: lines(
        "armLpaeS1 0x840000e41",
        "level 2: leaf of 2M at 0x840000000, READ,WRITE",
        "  1:0    type        0x1     block                               D8.3.1",
        "  4:2    AttrIndx    0x0     MAIR slot 0: normal, non-cacheable  D8.5",
        "  5      NS          0x0     secure                              D8.3.1",
        "  6      AP[1]       0x1     unprivileged too                    D8.4",
        "  7      AP[2]       0x0     read and write                      D8.4",
        "  9:8    SH          0x2     outer shareable                     D8.5",
        "  10     AF          0x1     accessed                            D8.4",
        "  11     nG          0x1     this address space only             D8.3.1",
        "  47:21  address     0x4200  0x840000000                         D8.3.1",
        "  50     GP          0x0     not guarded                         D8.3.1",
        "  51     DBM         0x0     no dirty state                      D8.4.6",
        "  52     Contiguous  0x0     stands alone                        D8.7.1",
        "  53     PXN         0x0     privileged execution allowed        D8.4",
        "  54     UXN         0x0     unprivileged execution allowed      D8.4",
        "  58:55  software    0x0                                         D8.3.1",
        "",
        "Arm Architecture Reference Manual (DDI 0487)",
      ),
    },
    { command: "npx io-pgtable decode x86_64 0x80000000000000e7" },
    { command: "npx io-pgtable decode amdV1 6000000080000001 --json" },
    { command: "npx io-pgtable decode armLpaeS1 0060000080000f43 --with contiguousHint --page-size 16K" },
  ],
  run,
};
