// Mali's tables as an Arm stage 2 has them. Where bits differ between the two, and only there, a copy of the entries is changed: the type of the smallest
// leaves, the access flag, and the index of a memory type.
import type { IoPageTable } from "../../../bindings/index.js";

const PAGE_TYPE = 3n;
const ACCESS_FLAG = 1n << 10n;
const MEMORY_TYPE = 15n << 2n;
const NORMAL = 15n << 2n;
const LEAF_LEVEL = 3;

/** What stands elsewhere in the guest's copy: `[address, entry]`. */
export function asStage2(table: IoPageTable): [address: number, entry: bigint][] {
  const changed: [number, bigint][] = [];
  for (const { iova, size, pageSize } of table.mappings()) {
    for (let at = 0; at < size; at += pageSize) {
      const leaf = table.walk(iova + BigInt(at)).at(-1);
      if (leaf === undefined) continue;
      const type = leaf.level === LEAF_LEVEL ? PAGE_TYPE : 0n;
      changed.push([leaf.entryPaddr, (leaf.entry & ~MEMORY_TYPE) | NORMAL | ACCESS_FLAG | type]);
    }
  }
  return changed;
}
