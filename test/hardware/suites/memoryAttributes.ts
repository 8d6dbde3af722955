// Memory type and shareability that a CPU finds, against the protection that was asked for.
import { type ArmLpaeS1Registers, type IoPageTable, Prot } from "../../../bindings/index.js";
import type { Answer, Probe } from "../walkers/walker.js";

const OUTER = 2;
const INNER = 3;
const MAIR_SLOT_BITS = 8n;

/** QEMU 7.2 tells the entry's own shareability, also of memory that counts as outer shareable whatever the entry says. */
function wanted(prot: number, mair: bigint): { attributes: number; share: number } {
  const explicit = prot >> 9;
  const slot = explicit > 0 ? explicit - 1 : prot & Prot.MMIO ? 2 : prot & Prot.CACHE ? 1 : 0;
  const attributes = Number((mair >> (BigInt(slot) * MAIR_SLOT_BITS)) & 0xffn);
  const byFlags = prot & Prot.CACHE ? INNER : OUTER;
  const share =
    prot & Prot.SHARE_NONE ? 0 : prot & Prot.SHARE_OUTER ? OUTER : prot & Prot.SHARE_INNER ? INNER : byFlags;
  return { attributes, share };
}

/** @returns what is not as asked, or null */
export function inspectMemory(
  table: IoPageTable<ArmLpaeS1Registers>,
  { iova }: Probe,
  answer: Answer,
  prot: number,
): string | null {
  if ("fault" in answer || answer.memory === undefined) return null;
  const { attributes, share } = wanted(prot, table.registers.mair);
  const { memory } = answer;
  if (memory.attributes === attributes && memory.share === share) return null;
  return `0x${iova.toString(16)}: memory ${memory.attributes}, shareability ${memory.share}; asked for ${attributes}, ${share}`;
}
