// Mali's tables as an Arm stage 2 has them. Where bits differ between the two, and only there, a copy of the entries is changed: the type of the smallest
// leaves, the access flag, and the index of a memory type.
import type { IoPageTable, TableMemory } from "../../../bindings/index.js";

const TYPE = 3n;
const LEAF = 1n;
const ADDRESS = 0xff_ffff_f000n;
const PAGE_TYPE = 3n;
const ACCESS_FLAG = 1n << 10n;
const MEMORY_TYPE = 15n << 2n;
const NORMAL = 15n << 2n;
const LEAF_LEVEL = 3;
const ITEMS = 512;
/** Input bits below an entry of the root. */
const ROOT_SHIFT = 39;

function adapted(entry: bigint, level: number): bigint {
  if ((entry & TYPE) !== LEAF) return entry;
  return (entry & ~MEMORY_TYPE) | NORMAL | ACCESS_FLAG | (level === LEAF_LEVEL ? PAGE_TYPE : 0n);
}

/** What stands elsewhere in the guest's copy: each table once, however many entries lead there. */
export function asStage2(table: IoPageTable, memory: TableMemory): [address: number, entries: bigint[]][] {
  const changed = new Map<number, bigint[]>();
  const visit = (address: number, level: number, items: number): void => {
    if (changed.has(address)) return;
    const entries = [...new BigUint64Array(memory.buffer, address - memory.physBase, items)];
    changed.set(
      address,
      entries.map((entry) => adapted(entry, level)),
    );
    if (level === LEAF_LEVEL) return;
    for (const entry of entries) {
      if (entry !== 0n && (entry & TYPE) !== LEAF) visit(Number(entry & ADDRESS), level + 1, ITEMS);
    }
  };
  const { transtab } = table.registers as { transtab: bigint };
  visit(Number(transtab & ~0xfffn), 0, 2 ** Math.max(table.ias - ROOT_SHIFT, 0));
  return [...changed];
}
