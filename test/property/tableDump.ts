import type { IoPageTable } from "../../bindings/index.js";
import type { Configuration } from "../configurations/configuration.js";
import { entrySize, iovaOf, type Range } from "../configurations/geometry.js";

/** An entry that points to a table, by what it covers. */
export interface TableSlot extends Range {
  level: number;
}

export interface TableDump {
  text: string;
  roots: number;
  rootLevel: number;
  rootEntries: number;
  slots: TableSlot[];
  /** `level va`, one per item of every leaf, in the dump's order. */
  items: string;
}

/** Reads `dump()` by its documented grammar; addresses get the prefix of the input range back. */
export function readDump(c: Configuration, table: IoPageTable): TableDump {
  const text = table.dump();
  const slots: TableSlot[] = [];
  const items: string[] = [];
  let roots = 0;
  let rootLevel = 0;
  let rootEntries = 0;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [kind, level = "", index = "", va = ""] = line.split(" ");
    if (kind === "R") {
      roots++;
      rootLevel = Number(index);
      rootEntries = Number(va);
    } else if (kind === "P") items.push(`${level} ${va}`);
    else if (kind === "T") {
      const size = entrySize(c, Number(level));
      slots.push({ level: Number(level), iova: iovaOf(c, BigInt(`0x${va}`)), size });
    } else throw new Error(`no line of a dump: ${line}`);
  }
  return { text, roots, rootLevel, rootEntries, slots, items: items.join("\n") };
}

export const sameSlot = (a: TableSlot) => (b: TableSlot) => a.level === b.level && a.iova === b.iova;

/** The entries that tables hung at and hang at no more. Growth links the old root at address 0, and the same call may put a leaf there. */
export function unlinkedSlots(c: Configuration, before: TableDump, after: TableDump): TableSlot[] {
  const grown: TableSlot[] = [];
  for (let level = before.rootLevel + 1; level <= after.rootLevel; level++) {
    grown.push({ level, iova: 0n, size: entrySize(c, level) });
  }
  return [...before.slots, ...grown].filter((slot) => !after.slots.some(sameSlot(slot)));
}
