import type { IoPageTable, WalkStep } from "../../index.js";
import type { Differences } from "./differences.js";
import { hex } from "./hexText.js";
import type { DomainSnapshot, KernelLeaf } from "./kernelTables.js";

interface OurTables {
  readonly leaves: Map<bigint, WalkStep>;
  /** Keys of the table pages: level and first address. */
  readonly tables: Set<string>;
}

function tableKey(level: number, iova: bigint): string {
  return `level ${level} at ${hex(iova)}`;
}

/** All that a table holds: found from its dump, each leaf then walked to as the hardware would. */
function ourTables(table: IoPageTable): OurTables {
  const leaves = new Map<bigint, WalkStep>();
  const tables = new Set<string>();
  for (const line of table.dumpLines()) {
    const [kind = "", level = "", , address = "0"] = line.trim().split(" ");
    if (kind === "R") {
      tables.add(tableKey(Number(line.split(" ")[2]), 0n));
    } else if (kind === "T") {
      // The entry stands in a table of `level`; what it points to is one level nearer to the pages.
      tables.add(tableKey(Number(level) + 1, BigInt(`0x${address}`)));
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

function compareLeaf(table: IoPageTable, kernels: KernelLeaf, ours: WalkStep | undefined): string | null {
  if (ours?.kind !== "leaf") return "nothing";
  const paddr = table.iovaToPhys64(kernels.iova);
  if (paddr !== kernels.paddr) return `a look-up answers ${paddr === null ? "nothing" : hex(paddr)}`;
  const same = ours.entry === kernels.raw && ours.size === kernels.size && ours.level === kernels.level;
  return same ? null : leafText({ raw: ours.entry, size: ours.size, level: ours.level });
}

/** Compares every leaf, to the bit, and every table page with the kernel's; none may be missing, none may be extra. */
export function compareTables(table: IoPageTable, kernels: DomainSnapshot, line: number, to: Differences): void {
  const ours = ourTables(table);
  for (const leaf of kernels.leaves) {
    const found = compareLeaf(table, leaf, ours.leaves.get(leaf.iova));
    ours.leaves.delete(leaf.iova);
    to.check("leaf", found === null, line, () => ({
      what: `leaf at ${hex(leaf.iova)}`,
      expected: leafText(leaf),
      got: found ?? "",
    }));
  }
  for (const extra of ours.leaves.values()) {
    to.check("leaf", false, line, () => ({
      what: `leaf at ${hex(extra.iova)}`,
      expected: "nothing",
      got: leafText({ raw: extra.entry, size: extra.size, level: extra.level }),
    }));
  }
  compareTablePages(ours.tables, kernels, line, to);
}

function compareTablePages(ours: Set<string>, kernels: DomainSnapshot, line: number, to: Differences): void {
  for (const { level, iova } of kernels.tables) {
    const key = tableKey(level, iova);
    const found = ours.delete(key);
    to.check("table page", found, line, () => ({ what: `table page, ${key}`, expected: "there", got: "missing" }));
  }
  for (const key of ours) {
    to.check("table page", false, line, () => ({ what: `table page, ${key}`, expected: "none", got: "there" }));
  }
}
