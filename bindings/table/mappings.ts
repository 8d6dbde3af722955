// The mappings of a table, in runs.
import { innerVa } from "./entries.js";
import { type Leaf, leaves } from "./leaves.js";
import type { TableState } from "./state.js";

/** A run of leaves: input- and output-contiguous, same size, same attributes. */
export interface Mapping {
  iova: bigint;
  paddr: number;
  size: number;
  pageSize: number;
  prot: number;
}

/** Whole leaves that touch [first, last], in runs. */
export function* mappings(s: TableState, first: bigint, last: bigint): Generator<Mapping> {
  let run: Mapping | undefined;
  for (const leaf of leaves(s, innerVa(s, first), innerVa(s, last), "mappings")) {
    const prot = s.spec.decode(leaf.raw, leaf.level);
    if (run !== undefined && continues(run, leaf, prot)) {
      run.size += leaf.pageSize;
      continue;
    }
    if (run !== undefined) {
      yield run;
      s.checkReadable("mappings");
    }
    run = { iova: leaf.iova, paddr: leaf.paddr, size: leaf.pageSize, pageSize: leaf.pageSize, prot };
  }
  if (run === undefined) return;
  yield run;
  s.checkReadable("mappings");
}

function continues(run: Mapping, leaf: Leaf, prot: number): boolean {
  return (
    leaf.pageSize === run.pageSize &&
    prot === run.prot &&
    leaf.paddr === run.paddr + run.size &&
    leaf.iova === run.iova + BigInt(run.size)
  );
}
