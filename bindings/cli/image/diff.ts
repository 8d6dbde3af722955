import type { Mapping } from "../../index.js";
import type { CommandLine } from "../commandLine.js";
import type { CommandContext, CommandSpec, ExitStatus } from "../commandSpec.js";
import { jsonText } from "../json.js";
import { plural } from "../replay/numberText.js";
import { differences, type MappingDifference } from "./compare.js";
import { mappingJson, mappingText } from "./dump.js";
import { IMAGE_OPTIONS, IMAGE_TEXT, type ImageSelection, openImage, selectionOf } from "./openImage.js";
import { FILTERS, filtersOf, selected } from "./selected.js";

/** What the second image has otherwise. */
function otherSelection(line: CommandLine, file: string): ImageSelection {
  const same = selectionOf(line, file);
  return {
    file,
    base: line.text("other-base") ?? same.base,
    root: line.text("other-root") ?? same.root,
    snapshot: line.text("other-snapshot") ?? same.snapshot,
  };
}

function differenceText({ before, after }: MappingDifference): string {
  return [before && `- ${mappingText(before)}\n`, after && `+ ${mappingText(after)}\n`]
    .filter((text) => text !== null)
    .join("");
}

async function run(line: CommandLine, { out }: CommandContext): Promise<ExitStatus> {
  const [file = "", otherFile = file] = line.expectWords(1, 2, "one or two images");
  const [image, other] = [
    await openImage(selectionOf(line, file), line),
    await openImage(otherSelection(line, otherFile), line),
  ];
  const filters = filtersOf(line);
  const sizes = !line.flag("ignore-sizes");
  const same = (a: Mapping, b: Mapping): boolean =>
    a.paddr === b.paddr && a.prot === b.prot && (!sizes || a.pageSize === b.pageSize);
  const found = [...differences(selected(image.table, filters), selected(other.table, filters), same)];
  if (line.flag("json")) {
    const both = [image, other].map(({ file: name, what }) => ({ file: name, image: what }));
    const list = found.map(({ before, after }) => ({
      before: before && mappingJson(before),
      after: after && mappingJson(after),
    }));
    out.write(jsonText({ format: image.format.spec.name, images: both, equal: found.length === 0, differences: list }));
  } else {
    out.write(`--- ${image.file}, ${image.what}\n+++ ${other.file}, ${other.what}\n`);
    for (const each of found) out.write(differenceText(each));
    out.write(found.length === 0 ? "equal\n" : `${plural(found.length, "difference")}\n`);
  }
  return found.length === 0 ? 0 : 1;
}

export const DIFF: CommandSpec = {
  name: "diff",
  summary: "compares what the page tables in two memory images map",
  usage: ["IMAGE [IMAGE] [options]"],
  about: [
    "Compares address by address where it leads, what is allowed there, and the size of the leaf. `-` is what only the first image says, `+` what only the second does. Where tables were allocated does not matter.",
    "With one IMAGE, two snapshots or two roots of it are compared.",
    ...IMAGE_TEXT,
  ],
  options: [
    { name: "other-root", value: "PADDR", text: "the root in the second image, where it is another" },
    { name: "other-base", value: "PADDR", text: "the base of the second image, where it is another" },
    { name: "other-snapshot", value: "NAME", text: "the snapshot in the second image, where it is another" },
    { name: "ignore-sizes", text: "leaves of another size are no difference" },
    ...FILTERS,
    ...IMAGE_OPTIONS,
  ],
  success: "nothing differs",
  failure: "something does",
  examples: [
    { command: "npx io-pgtable diff arm-vblk-strict.tables.json.gz --snapshot mid1 --other-snapshot mid2" },
    { command: "npx io-pgtable diff before.bin after.bin --base 0x80000000 --format armLpaeS1 --root 0x80010000" },
  ],
  run,
};
