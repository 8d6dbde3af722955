// Explicit memory types and shareability of a family: which there are, what the plain flags mean by themselves, and so what is read back of an entry.
import { Prot } from "../../bindings/index.js";

const { CACHE, MMIO, SHARE_NONE, SHARE_INNER, SHARE_OUTER } = Prot;

export interface MemoryFacts {
  /** The memory types that are not reserved. */
  types: readonly number[];
  /** The flags that stand for a memory type, and the one that a protection has by its flags. */
  typeFlags: number;
  typeOf(flags: number): number;
  /** The shareability that a protection has by its flags; null: entries have none. */
  shareOf: ((flags: number) => number) | null;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, type) => type);
const chosen = (plain: number, cached: number, device: number) => ({
  typeFlags: MMIO | CACHE,
  typeOf: (flags: number) => (flags & MMIO ? device : flags & CACHE ? cached : plain),
});
const innerIfCached = (flags: number): number => (flags & CACHE ? SHARE_INNER : SHARE_OUTER);

/** AttrIndx into the MAIR as Linux has it: non-cacheable, write-back, device. */
export const STAGE_1: MemoryFacts = { types: upTo(8), ...chosen(0, 1, 2), shareOf: innerIfCached };
/** MemAttr: inner cacheability 0b00 is reserved but for device memory (0b00xx). DDI 0487, "Stage 2 memory region type and cacheability attributes". */
export const STAGE_2: MemoryFacts = {
  types: [0, 1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15],
  ...chosen(5, 15, 1),
  shareOf: innerIfCached,
};
/** With FEAT_S2FWB: device (0b00xx), non-cacheable (5), write-back (6), as stage 1 says (7). */
export const STAGE_2_FWB: MemoryFacts = { ...STAGE_2, types: [0, 1, 2, 3, 5, 6, 7], ...chosen(5, 6, 1) };
export const MALI: MemoryFacts = { ...STAGE_1, shareOf: () => SHARE_OUTER };
/** PAT, PCD, PWT. CACHE and MMIO choose no type. */
export const X86: MemoryFacts = { types: upTo(8), typeFlags: 0, typeOf: () => 0, shareOf: null };
/** IPAT and EMT: UC, WC, WT, WP, WB; 2, 3 and 7 are reserved. */
export const VTD: MemoryFacts = { ...X86, types: [0, 1, 4, 5, 6, 8, 9, 12, 13, 14] };
/** PBMT: PMA, NC, IO; 3 is reserved. */
export const SVPBMT: MemoryFacts = { types: [0, 1, 2], ...chosen(1, 0, 2), shareOf: null };

const SHARES = SHARE_NONE | SHARE_INNER | SHARE_OUTER;
const PLAIN = 63;
const TYPE_SHIFT = 9;

/** The parts of a protection. */
export const flagsOf = (prot: number): number => prot & PLAIN;
export const shareIn = (prot: number): number => prot & SHARES;
/** The explicit memory type, or -1. */
export const typeIn = (prot: number): number => (prot >> TYPE_SHIFT) - 1;

/** Every protection there is, with READ or WRITE. */
export const PROTECTIONS: readonly number[] = [0, ...upTo(16).map(Prot.memoryType)].flatMap((type) =>
  [0, SHARE_NONE, SHARE_INNER, SHARE_OUTER].flatMap((share) =>
    upTo(64)
      .filter((flags) => (flags & (Prot.READ | Prot.WRITE)) !== 0)
      .map((flags) => flags | share | type),
  ),
);

interface Memory {
  memory: MemoryFacts | null;
  says(prot: number): number;
}

/** Whether entries can hold the explicit parts. */
export function canSay({ memory }: Memory, prot: number): boolean {
  const type = typeIn(prot);
  if (type >= 0 && memory?.types.includes(type) !== true) return false;
  return shareIn(prot) === 0 || (memory?.shareOf ?? null) !== null;
}

/** No memory is both, even where an entry can hold both flags. */
export const isContradiction = ({ memory }: Memory, prot: number): boolean =>
  ((memory?.typeFlags ?? 0) & prot) === (MMIO | CACHE);

/**
 * Why a protection that was accepted is not read back as it was given. What is lost is refused where the table is strict; the rest is read back in other words
 * for the same.
 */
export const EXCEPTIONS: readonly { says: string; lost: boolean; applies(c: Memory, prot: number): boolean }[] = [
  {
    says: "a flag that the format has no bit for, or another that it has always",
    lost: true,
    applies: (c, prot) => c.says(flagsOf(prot)) !== flagsOf(prot),
  },
  {
    says: "MMIO decides: with CACHE it is device memory that is inner shareable, where that can be said",
    lost: true,
    applies: (c, prot) => isContradiction(c, prot) && shareIn(prot) !== 0,
  },
  {
    says: "an explicit memory type decides: of MMIO and CACHE nothing is left but the shareability",
    lost: true,
    applies: ({ memory }, prot) =>
      memory !== null &&
      typeIn(prot) >= 0 &&
      (prot & memory.typeFlags) !== 0 &&
      memory.typeOf(flagsOf(prot)) !== typeIn(prot),
  },
  {
    says: "an explicit memory type that flags stand for, and any beside them",
    lost: false,
    applies: ({ memory }, prot) =>
      memory !== null &&
      typeIn(prot) >= 0 &&
      [0, CACHE, MMIO].some((flags) => memory.typeOf(flags & memory.typeFlags) === typeIn(prot)),
  },
  {
    says: "an explicit shareability that the flags have by themselves",
    lost: false,
    applies: ({ memory }, prot) => shareIn(prot) !== 0 && memory?.shareOf?.(flagsOf(prot)) === shareIn(prot),
  },
  {
    says: "device memory that is inner shareable is MMIO with CACHE",
    lost: false,
    applies: ({ memory }, prot) =>
      (prot & MMIO) !== 0 && shareIn(prot) === SHARE_INNER && memory?.shareOf?.(MMIO | CACHE) === SHARE_INNER,
  },
];

/** What is read of an entry that was made for `prot`: flags, and explicit parts only where no flags say the same. */
export function readingOf(c: Memory, prot: number): number {
  const { memory } = c;
  const said = c.says(flagsOf(prot));
  if (memory === null) return said;
  const { typeFlags, typeOf, shareOf } = memory;
  const type = typeIn(prot) < 0 ? typeOf(flagsOf(prot)) : typeIn(prot);
  const share = shareIn(prot) || (shareOf?.(flagsOf(prot)) ?? 0);
  const isShared = (flags: number): boolean => (shareOf?.(flags) ?? 0) === share;
  const others = said & ~typeFlags;
  const words = typeFlags === 0 ? [0] : [0, CACHE, MMIO, MMIO | CACHE];
  const same = words.find((flags) => typeOf(flags) === type && isShared(flags));
  if (same !== undefined) return others | same;
  const near = words.find((flags) => typeOf(flags) === type);
  if (near !== undefined) return others | near | share;
  return others | Prot.memoryType(type) | (isShared(0) ? 0 : share);
}
