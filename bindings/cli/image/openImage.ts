// Page tables in a file: opened as the device would read them.
import type { ConfiguredFormat } from "../../formats/describe.js";
import { IoPageTable, IoPgtableError } from "../../index.js";
import { wordOption } from "../addressOption.js";
import type { CommandLine } from "../commandLine.js";
import type { OptionSpec } from "../commandSpec.js";
import { CONFIGURATION, configuredFormat, FORMAT_NAMES } from "../formatOptions.js";
import { hex } from "../replay/hexText.js";
import { readChunks } from "../replay/input.js";
import { KernelTables } from "../replay/kernelTables.js";
import { UnusableInput, UnusableOption } from "../replay/unusableInput.js";
import { memoryOfBytes, memoryOfPages } from "./loadedMemory.js";
import { snapshotImage } from "./snapshotImage.js";

export interface OpenedImage {
  readonly file: string;
  readonly format: ConfiguredFormat;
  readonly table: IoPageTable;
  /** What was read, in a few words. */
  readonly what: string;
}

/** What says which tables of which file. */
export interface ImageSelection {
  readonly file: string;
  readonly base: string | undefined;
  readonly root: string | undefined;
  readonly snapshot: string | undefined;
}

/** Paragraphs that every command on images has. */
export const IMAGE_TEXT: readonly string[] = [
  "IMAGE is one of these, plain or gzip:",
  "- with --base, raw memory, whose first byte has that physical address; --format and --root are needed then",
  "- without, a file of snapshots (.tables.json) as in examples/traces; it says itself what format the tables have",
];

/** Which part of an image. */
export const SELECTION: readonly OptionSpec[] = [
  { name: "base", value: "PADDR", text: "the image is raw memory, and begins at this physical address" },
  {
    name: "root",
    value: "PADDR",
    text: "the root table; several roots of one table (DART) joined by commas. Of snapshots default the root with the most table pages",
  },
  { name: "snapshot", value: "NAME", text: "which snapshot; default the last" },
];

/** What all commands on images take. */
export const IMAGE_OPTIONS: readonly OptionSpec[] = [
  { name: "format", value: "NAME", text: `the tables' format: ${FORMAT_NAMES}` },
  ...SELECTION,
  ...CONFIGURATION,
];

export function selectionOf(line: CommandLine, file: string): ImageSelection {
  return { file, base: line.text("base"), root: line.text("root"), snapshot: line.text("snapshot") };
}

/** @throws UnusableInput, UnusableOption */
export async function openImage(selection: ImageSelection, line: CommandLine): Promise<OpenedImage> {
  return selection.base === undefined ? openSnapshot(selection, line) : openRaw(selection, selection.base, line);
}

function rootsOf(text: string): number[] {
  return text.split(",").map((root) => Number(wordOption("--root", root)));
}

async function openSnapshot(selection: ImageSelection, line: CommandLine): Promise<OpenedImage> {
  const { file, snapshot, root } = selection;
  const tables = await KernelTables.read(file);
  const asked = root === undefined ? undefined : wordOption("--root", root);
  const { place, image, format, defaults } = snapshotImage(tables, { snapshot, root: asked }, file);
  const name = line.text("format") ?? format;
  if (name === null) throw new UnusableInput(file, "does not say what format its tables have; give --format");
  const configured = configuredFormat(name, line, name === format ? defaults : {});
  const memory = memoryOfPages(image.pages, file);
  const table = IoPageTable.open(memory, { format: configured.spec, root: Number(place.root) });
  return { file, format: configured, table, what: `snapshot ${place.tag}, root ${place.root}` };
}

async function openRaw(selection: ImageSelection, base: string, line: CommandLine): Promise<OpenedImage> {
  const { file, snapshot, root } = selection;
  if (snapshot !== undefined) throw new UnusableOption("--snapshot is for files of snapshots, --base for raw memory");
  const name = line.text("format");
  if (name === undefined || root === undefined) throw new UnusableOption("raw memory needs --format and --root");
  const physBase = Number(wordOption("--base", base));
  const configured = configuredFormat(name, line);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readChunks(file, () => {})) chunks.push(chunk);
  const memory = memoryOfBytes(chunks, physBase, file);
  const roots = rootsOf(root);
  try {
    const table = IoPageTable.open(memory, {
      format: configured.spec,
      root: roots.length > 1 ? roots : (roots[0] ?? 0),
    });
    return { file, format: configured, table, what: `raw memory from ${hex(physBase)} on, root ${root}` };
  } catch (error) {
    if (error instanceof IoPgtableError && error.code === "EFAULT") throw new UnusableInput(file, error.message);
    throw error;
  }
}
