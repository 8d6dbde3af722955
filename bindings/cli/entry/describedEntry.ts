// Entries in words, as text and as JSON.
import {
  type ConfiguredFormat,
  describeEntry,
  type EntryDecoder,
  type EntryDescription,
} from "../../formats/describe.js";
import { TableMemory } from "../../index.js";
import { memoryState } from "../../tableMemory.js";
import { protNames, protText } from "../protOption.js";
import { hex } from "../replay/hexText.js";
import { pageSize, runs } from "../replay/numberText.js";

/** The same description at several levels. */
export interface Reading {
  readonly levels: readonly number[];
  readonly description: EntryDescription;
}

/** A core to ask; it reads no memory for that. */
export function entryDecoder(): EntryDecoder {
  return memoryState(TableMemory.create({ bytes: 65536, shared: false }), "decode").core;
}

/** Levels of the format by the core's count, root first. */
export function levelsOf({ spec }: ConfiguredFormat): number[] {
  return Array.from({ length: spec.maxTop + 1 }, (_, index) => spec.maxTop - index);
}

/** What an entry is at each of these levels, equal readings together. */
export function readings(format: ConfiguredFormat, item: bigint, levels: readonly number[]): Reading[] {
  const decoder = entryDecoder();
  const found = new Map<string, Reading>();
  for (const level of levels) {
    const description = describeEntry(format, decoder, item, level);
    const covers = description.kind === "leaf" ? description.size : 0;
    const key = [description.kind, covers, ...description.fields.map(({ name, says }) => `${name}=${says}`)].join(";");
    const known = found.get(key);
    found.set(key, { description, levels: [...(known?.levels ?? []), description.level] });
  }
  return [...found.values()];
}

/** What an entry is, in one line. */
export function summary({ kind, size, items, paddr, prot }: EntryDescription): string {
  if (paddr === null) return kind;
  if (kind === "table") return `table at ${hex(paddr)}`;
  const run = items > 1 ? ` (one of ${items} items)` : "";
  return `leaf of ${pageSize(size)}${run} at ${hex(paddr)}, ${protText(prot ?? 0)}`;
}

function levelsText(levels: readonly number[]): string {
  const ascending = [...levels].sort((a, b) => a - b);
  return `${levels.length > 1 ? "levels" : "level"} ${runs(ascending, (level) => level + 1, String)}`;
}

/** Field by field, below one line that sums it up. */
export function readingText({ levels, description }: Reading): string {
  const { fields, reserved } = description;
  const rows = fields.map(({ bits, name, value, says, section }) => [bits, name, hex(value), says, section]);
  if (reserved !== 0n) rows.push(["", "reserved", hex(reserved), "bits that the format does not define", ""]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd();
  return `${[`${levelsText(levels)}: ${summary(description)}`, ...rows.map(line)].join("\n")}\n`;
}

export function readingJson({ levels, description }: Reading): object {
  const { level: _, prot, ...rest } = description;
  return { levels, ...rest, prot: prot === null ? null : protNames(prot) };
}
