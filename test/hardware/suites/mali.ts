// Mali's tables as an Arm stage 2 has them. Where bits differ between the two, and only there, a copy of the entries is changed: the type of the smallest
// leaves, the access flag, and the index of a memory type.
import type { IoPageTable } from "../../../bindings/index.js";

const PAGE_TYPE = 3n;
const ACCESS_FLAG = 1n << 10n;
const MEMORY_TYPE = 15n << 2n;
const NORMAL = 15n << 2n;
const LEAF_LEVEL = 3;
const TABLE_BYTES = 4096;
const ITEMS = TABLE_BYTES / 8;

/** What stands elsewhere in the guest's copy: runs of entries, each in one table. */
export function* asStage2(table: IoPageTable): Generator<[address: number, entries: bigint[]]> {
  for (const { iova, size, pageSize } of table.mappings()) {
    const end = iova + BigInt(size);
    for (let at = iova, count = 0; at < end; at += BigInt(count * pageSize)) {
      const leaf = table.walk(at).at(-1);
      if (leaf === undefined) throw new Error(`nothing is mapped at ${at}`);
      count = Math.min(ITEMS - (leaf.entryPaddr % TABLE_BYTES) / 8, Number(end - at) / pageSize);
      const type = leaf.level === LEAF_LEVEL ? PAGE_TYPE : 0n;
      const first = (leaf.entry & ~MEMORY_TYPE) | NORMAL | ACCESS_FLAG | type;
      yield [leaf.entryPaddr, Array.from({ length: count }, (_, i) => first + BigInt(i * pageSize))];
    }
  }
}
