import { describeEntry } from "../../formats/describe.js";
import { IoPgtableError, type WalkStep } from "../../index.js";
import { wordOption } from "../addressOption.js";
import type { CommandLine } from "../commandLine.js";
import { type CommandContext, type CommandSpec, type ExitStatus, lines } from "../commandSpec.js";
import { entryDecoder, readingJson, readingText, summary } from "../entry/describedEntry.js";
import { levelOption } from "../entry/levelOption.js";
import { jsonText } from "../json.js";
import { hex } from "../replay/hexText.js";
import { IMAGE_OPTIONS, IMAGE_TEXT, type OpenedImage, openImage, selectionOf } from "./openImage.js";

interface Walked {
  readonly iova: bigint;
  readonly steps: readonly WalkStep[];
  /** Null where nothing is mapped. */
  readonly paddr: bigint | null;
  /** Why the walk ended early. */
  readonly error: string | null;
}

function walk({ table }: OpenedImage, iova: bigint): Walked {
  try {
    const steps = table.walk(iova);
    return { iova, steps, paddr: table.iovaToPhys64(iova), error: null };
  } catch (error) {
    if (!(error instanceof IoPgtableError)) throw error;
    return { iova, steps: [], paddr: null, error: error.message };
  }
}

function description({ format }: OpenedImage, { entry, level }: WalkStep) {
  return describeEntry(format, entryDecoder(), entry, levelOption(format, String(level)));
}

function stepText(image: OpenedImage, step: WalkStep, fields: boolean): string {
  const described = description(image, step);
  if (fields)
    return `  entry at ${hex(step.entryPaddr)}: ${hex(step.entry)}\n${readingText({ levels: [step.level], description: described })}`;
  return `  level ${step.level}  entry at ${hex(step.entryPaddr)}: ${hex(step.entry)}  ${summary(described)}\n`;
}

function walkedText(image: OpenedImage, { iova, steps, paddr, error }: Walked, fields: boolean): string {
  const result = error ?? (paddr === null ? "nothing is mapped there" : `-> ${hex(paddr)}`);
  return `${hex(iova)} ${result}\n${steps.map((step) => stepText(image, step, fields)).join("")}`;
}

async function run(line: CommandLine, { out }: CommandContext): Promise<ExitStatus> {
  const [file = "", ...addresses] = line.expectWords(2, 1000, "an image and one or more addresses");
  const image = await openImage(selectionOf(line, file), line);
  const walked = addresses.map((text) => walk(image, wordOption("ADDRESS", text)));
  if (line.flag("json")) {
    const walks = walked.map(({ steps, ...each }) => ({
      ...each,
      steps: steps.map((step) => ({
        entryPaddr: BigInt(step.entryPaddr),
        entry: step.entry,
        iova: step.iova,
        ...readingJson({ levels: [step.level], description: description(image, step) }),
      })),
    }));
    out.write(jsonText({ file, format: image.format.spec.name, image: image.what, walks }));
  } else {
    out.write(walked.map((each) => walkedText(image, each, line.flag("fields"))).join(""));
  }
  return walked.every(({ paddr }) => paddr !== null) ? 0 : 1;
}

export const WALK: CommandSpec = {
  name: "walk",
  summary: "follows addresses through page tables in a memory image",
  usage: ["IMAGE ADDRESS... [options]"],
  about: ["Shows the entries that translate each address, root first, and where it leads.", ...IMAGE_TEXT],
  options: [{ name: "fields", text: "each entry field by field, as `decode` shows it" }, ...IMAGE_OPTIONS],
  success: "each address is mapped",
  failure: "one is not, or the tables lead out of the image",
  examples: [
    {
      command: "npx io-pgtable walk arm-nvme-16k.tables.json.gz 0xffff4123",
      prints: lines(
        "0xffff4123 -> 0x55c74123",
        "  level 0  entry at 0x55c38000: 0x55c5c003  table at 0x55c5c000",
        "  level 1  entry at 0x55c5c000: 0x55d10003  table at 0x55d10000",
        "  level 2  entry at 0x55d103f8: 0x55c9c003  table at 0x55c9c000",
        "  level 3  entry at 0x55c9ffe8: 0x55c74f47  leaf of 16K at 0x55c74000, READ,WRITE,CACHE",
      ),
    },
    { command: "npx io-pgtable walk ram.bin --base 0x80000000 --format x86_64 --root 0x80123000 0x1000" },
  ],
  run,
};
