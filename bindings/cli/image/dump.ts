import { IoPgtableError, type Mapping } from "../../index.js";
import type { CommandLine } from "../commandLine.js";
import { type CommandContext, type CommandSpec, type ExitStatus, lines } from "../commandSpec.js";
import { jsonText } from "../json.js";
import { protNames, protText } from "../protOption.js";
import { hex } from "../replay/hexText.js";
import { bytes, count, pageSize, plural } from "../replay/numberText.js";
import { UnusableOption } from "../replay/unusableInput.js";
import { IMAGE_OPTIONS, IMAGE_TEXT, type OpenedImage, openImage, selectionOf } from "./openImage.js";
import { FILTERS, filtersOf, selected } from "./selected.js";

/** One run in a line. */
export function mappingText({ iova, paddr, size, pageSize: leaf, prot }: Mapping): string {
  const last = iova + BigInt(size) - 1n;
  return `${hex(iova)}..${hex(last)} -> ${hex(paddr)}  ${count(size / leaf)} x ${pageSize(leaf)}  ${protText(prot)}`;
}

export function mappingJson({ iova, paddr, size, pageSize: leaf, prot }: Mapping): object {
  return { iova, paddr: BigInt(paddr), size, pageSize: leaf, prot: protNames(prot) };
}

function statsText({ table, format, what }: OpenedImage): string {
  const { tablePages, tableBytes, leaves, mappedBytes } = table.stats();
  const sizes = [...leaves].map(([size, number]) => `${count(number)} x ${pageSize(size)}`).join(" + ");
  const mapped = `${bytes(mappedBytes)} mapped by ${sizes || "nothing"}`;
  return `${format.spec.name}, ${what}: ${mapped}; ${plural(tablePages, "table page")} (${bytes(tableBytes)})\n`;
}

/** What was found before a broken table came stands; the error follows it. @returns why the tables cannot be read on */
function reading(read: () => void): string | null {
  try {
    read();
    return null;
  } catch (error) {
    if (error instanceof IoPgtableError && error.code === "EFAULT") return error.message;
    throw error;
  }
}

function writeJson(image: OpenedImage, line: CommandLine, out: CommandContext["out"]): string | null {
  const mappings: object[] = [];
  const error = reading(() => {
    for (const mapping of selected(image.table, filtersOf(line))) mappings.push(mappingJson(mapping));
  });
  const { ias, oas, pageSizes } = image.table;
  const { leaves, ...stats } = error === null ? image.table.stats() : { leaves: new Map<number, number>() };
  out.write(
    jsonText({
      file: image.file,
      format: image.format.spec.name,
      image: image.what,
      table: { ias, oas, pageSizes },
      mappings,
      stats:
        error === null
          ? { ...stats, leaves: [...leaves].map(([size, number]) => ({ pageSize: size, leaves: number })) }
          : null,
      error,
    }),
  );
  return error;
}

function writeText(image: OpenedImage, line: CommandLine, out: CommandContext["out"]): string | null {
  return reading(() => {
    if (line.flag("entries")) {
      for (const entry of image.table.dumpLines()) out.write(entry);
      return;
    }
    for (const mapping of selected(image.table, filtersOf(line))) out.write(`${mappingText(mapping)}\n`);
    out.write(statsText(image));
  });
}

async function run(line: CommandLine, { out, err }: CommandContext): Promise<ExitStatus> {
  const [file = ""] = line.expectWords(1, 1, "one image");
  if (line.flag("entries") && line.flag("json")) throw new UnusableOption("--entries is text; --json gives mappings");
  const image = await openImage(selectionOf(line, file), line);
  const error = line.flag("json") ? writeJson(image, line, out) : writeText(image, line, out);
  if (error === null) return 0;
  err.write(`io-pgtable dump: ${file}: ${error}\n`);
  return 1;
}

export const DUMP: CommandSpec = {
  name: "dump",
  summary: "lists what the page tables in a memory image map",
  usage: ["IMAGE [options]"],
  about: [
    "One line for each run of leaves that lead on and allow the same: addresses, where they lead, leaves by size, protection. The last line counts leaves and table pages of the whole table.",
    ...IMAGE_TEXT,
  ],
  options: [
    ...FILTERS,
    {
      name: "entries",
      text: "instead every entry, as `table.dump()` prints it: R root, T table, P leaf; level, index, address, entry",
    },
    ...IMAGE_OPTIONS,
  ],
  success: "the tables were read",
  failure: "they lead out of the image: what was found before is printed",
  examples: [
    {
      command: "npx io-pgtable dump arm-nvme-16k.tables.json.gz --range 0xffff0000+64K",
      prints: lines(
        "0xffff0000..0xffff3fff -> 0x55ca0000  1 x 16K  READ,WRITE,CACHE",
        "0xffff4000..0xffff7fff -> 0x55c74000  1 x 16K  READ,WRITE,CACHE",
        "0xffff8000..0xffffbfff -> 0x55c88000  1 x 16K  READ,WRITE,CACHE",
        "0xffffc000..0xffffffff -> 0x8090000  1 x 16K  READ,WRITE,NOEXEC,MMIO",
        "armLpaeS1, snapshot end, root 0x55c38000: 192 KiB mapped by 12 x 16K; 4 table pages (48.1 KiB)",
      ),
    },
    { command: "npx io-pgtable dump vtd-vblk-39.tables.json.gz --range 0x7fe00000+2M --allows WRITE" },
    { command: "npx io-pgtable dump ram.bin.gz --base 0x80000000 --format riscv --ias 39 --root 0x80200000 --entries" },
  ],
  run,
};
