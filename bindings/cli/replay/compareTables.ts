import type { IoPageTable, WalkStep } from "../../index.js";
import type { DeliberateName } from "./deliberate.js";
import type { Differences } from "./differences.js";
import { hex } from "./hexText.js";
import type { DomainSnapshot, KernelLeaf } from "./kernelTables.js";
import type { EntryRules } from "./target.js";

interface OurTables {
  readonly leaves: Map<bigint, WalkStep>;
  /** Keys of the table pages: level and first address. */
  readonly tables: Set<string>;
}

function tableKey(level: number, iova: bigint): string {
  return `level ${level} at ${hex(iova)}`;
}

/** All that a table holds: found from its dump, each leaf then walked to as the hardware would. */
function ourTables(table: IoPageTable, rules: EntryRules): OurTables {
  const leaves = new Map<bigint, WalkStep>();
  const tables = new Set<string>();
  for (const line of table.dumpLines()) {
    const [kind = "", level = "", , address = "0"] = line.trim().split(" ");
    if (kind === "R") {
      tables.add(tableKey(Number(line.split(" ")[2]), 0n));
    } else if (kind === "T") {
      tables.add(tableKey(rules.below(Number(level)), BigInt(`0x${address}`)));
    } else {
      const leaf = table.walk(BigInt(`0x${address}`)).at(-1);
      if (leaf) leaves.set(leaf.iova, leaf);
    }
  }
  return { leaves, tables };
}

function leafText(leaf: { size: number; raw: bigint; level: number }): string {
  return `${hex(leaf.raw)}, ${hex(leaf.size)} bytes, level ${leaf.level}`;
}

/** @returns what differs, or the name of the deliberate difference, or null */
function compareLeaf(
  table: IoPageTable,
  kernels: KernelLeaf,
  ours: WalkStep | undefined,
  rules: EntryRules,
): { got: string } | DeliberateName | null {
  if (ours?.kind !== "leaf") return { got: "nothing" };
  const paddr = table.iovaToPhys64(kernels.iova);
  if (paddr !== kernels.paddr) return { got: `a look-up answers ${paddr === null ? "nothing" : hex(paddr)}` };
  const got = leafText({ raw: ours.entry, size: ours.size, level: ours.level });
  if (ours.size !== kernels.size || ours.level !== rules.level(kernels.level)) return { got };
  return ours.entry === kernels.raw ? null : (rules.entryDifference(kernels.raw, ours.entry) ?? { got });
}

/**
 * Compares every leaf, to the bit, and every table page with the kernel's: none may be missing, none may be extra, but for what is deliberate.
 */
export function compareTables(
  table: IoPageTable,
  kernels: DomainSnapshot,
  rules: EntryRules,
  line: number,
  to: Differences,
): void {
  const ours = ourTables(table, rules);
  for (const leaf of kernels.leaves) {
    const found = compareLeaf(table, leaf, ours.leaves.get(leaf.iova), rules);
    ours.leaves.delete(leaf.iova);
    if (typeof found === "string") to.countDeliberate(found);
    to.check("leaf", found === null || typeof found === "string", line, () => ({
      what: `leaf at ${hex(leaf.iova)}`,
      expected: leafText({ ...leaf, level: rules.level(leaf.level) }),
      got: typeof found === "object" ? (found?.got ?? "") : "",
    }));
  }
  for (const extra of ours.leaves.values()) {
    to.check("leaf", false, line, () => ({
      what: `leaf at ${hex(extra.iova)}`,
      expected: "nothing",
      got: leafText({ raw: extra.entry, size: extra.size, level: extra.level }),
    }));
  }
  compareTablePages(ours.tables, kernels, rules, line, to);
}

function compareTablePages(
  ours: Set<string>,
  kernels: DomainSnapshot,
  rules: EntryRules,
  line: number,
  to: Differences,
): void {
  for (const { level, iova, empty } of kernels.tables) {
    const key = tableKey(rules.level(level), iova);
    const found = ours.delete(key);
    const deliberate = !found && empty ? rules.emptyTable : null;
    if (deliberate !== null) to.countDeliberate(deliberate);
    to.check("table page", found || deliberate !== null, line, () => ({
      what: `table page, ${key}`,
      expected: "there",
      got: "missing",
    }));
  }
  for (const key of ours) {
    to.check("table page", false, line, () => ({ what: `table page, ${key}`, expected: "none", got: "there" }));
  }
}
