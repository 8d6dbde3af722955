// Ours, theirs, and what was asked for: all three must agree.
import { Fault, type IoPageTable } from "../../../bindings/index.js";
import type { Answer, Probe } from "../walkers/walker.js";
import type { Tally } from "./tally.js";

const FAULTS: Readonly<Record<number, string>> = {
  [-Fault.UNMAPPED]: "unmapped",
  [-Fault.PERMISSION]: "permission",
  // Outside the input space: to a walker one more address that nothing translates.
  [-Fault.ADDRESS_SIZE]: "unmapped",
};

/** The library's answer: an output address, or the fault's number. */
export function ourAnswer(table: IoPageTable, { iova, access }: Probe): number {
  if (iova < 2n ** 53n) return table.access(Number(iova), access);
  const offset = iova % BigInt(table.pageSizes[0] ?? 1);
  const answer = table.access(Number(iova - offset), access);
  return answer < 0 ? answer : answer + Number(offset);
}

function describe({ iova, access }: Probe): string {
  return `access ${access} at 0x${iova.toString(16)}`;
}

const show = (paddr: number): string => `0x${paddr.toString(16)}`;

/** @returns what does not agree, or null */
export function disagreement(table: IoPageTable, probe: Probe, theirs: Answer, tally: Tally): string | null {
  const ours = ourAnswer(table, probe);
  const looked = table.iovaToPhys64(probe.iova);
  const wanted = probe.expected === undefined ? null : BigInt(probe.expected);
  if (looked !== wanted) return `${describe(probe)}: iovaToPhys64 is ${looked}, and ${wanted} was mapped`;
  tally.count(ours, theirs);
  if (ours >= 0) {
    if (ours !== probe.expected) return `${describe(probe)}: ours is ${show(ours)}, and ${wanted} was mapped`;
    if ("fault" in theirs) return `${describe(probe)}: ours is ${show(ours)}, theirs a fault: ${theirs.fault}`;
    if (theirs.pa !== ours) return `${describe(probe)}: ours is ${show(ours)}, theirs ${show(theirs.pa)}`;
    return theirs.moved === false ? `${describe(probe)}: no data came through` : null;
  }
  const fault = FAULTS[ours] ?? `fault ${ours}`;
  if (!("fault" in theirs)) return `${describe(probe)}: ours is a fault, ${fault}, theirs ${show(theirs.pa)}`;
  const outside = ours === -Fault.ADDRESS_SIZE && theirs.fault === "address size";
  if (outside || theirs.fault === "not said" || theirs.fault === fault)
    return levelDisagreement(table, probe, theirs.level);
  return `${describe(probe)}: ours is a fault, ${fault}, theirs another: ${theirs.fault}`;
}

/** The level at which the walk ended, where the walker tells and there was a walk. */
function levelDisagreement(table: IoPageTable, probe: Probe, level: number | undefined): string | null {
  const outside = ourAnswer(table, probe) === -Fault.ADDRESS_SIZE;
  if (level === undefined || outside) return null;
  const ours = table.walk(probe.iova).at(-1)?.level;
  return ours === level ? null : `${describe(probe)}: our walk ends at level ${ours}, theirs at ${level}`;
}
