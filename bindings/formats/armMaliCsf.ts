// The address-space registers of Mali GPUs with a command-stream frontend, which read stage 1 tables of the 64-bit form (Linux: panthor).
import { hex, IoPgtableError } from "../errors.js";
import type { ArmLpaeS1Registers } from "./armLpaeS1.js";

/** What one address space is programmed with: AS_TRANSTAB, AS_MEMATTR, AS_TRANSCFG. */
export interface MaliCsfRegisters {
  transtab: bigint;
  memattr: bigint;
  transcfg: bigint;
}

/** AS_MEMATTR has a byte for each attribute index: caching in bits 7:6, what inner-shareable means in 5:4, allocation in 3:0. */
const Memattr = {
  NON_CACHEABLE: 1 << 6,
  WRITE_BACK: 2 << 6,
  /** Inner-shareable is shareable within the GPU; the only mode that write-back memory may have without coherency. */
  WITHIN_GPU: 0 << 4,
  /** Inner-shareable is what it is for the CPUs. */
  WITH_CPUS: 1 << 4,
  /** The two bits below say whether writes (bit 0) and reads (bit 1) allocate. */
  EXPLICIT_ALLOCATION: 3 << 2,
} as const;

/** AS_TRANSCFG: the mode in 3:0, input bits in 10:6, how the walker reads tables in 25:24, 29:28 and 30. */
const Transcfg = {
  AARCH64_4K: 6n,
  AARCH64_64K: 8n,
  INPUT_BITS_SHIFT: 6n,
  /** The field is 55 less the input bits. */
  INPUT_BITS_FROM: 55,
  WALK_WRITE_BACK: 2n << 24n,
  WALK_OUTER_SHAREABLE: 2n << 28n,
  WALK_ALLOCATES: 1n << 30n,
} as const;

/** TCR.TG0 and inner write-back with read and write allocation, as `armLpaeS1` gives them. */
const GRANULE_4K = 0;
const GRANULE_64K = 1;
const WALK_CACHED = 1;
/** The most input bits that the field can say. */
const MOST_INPUT_BITS = 55;

/**
 * What a Mali CSF GPU is programmed with for a table of `armLpaeS1`: the table's base, the memory attributes made from its MAIR, and the translation
 * configuration. Memory is cached where the MAIR says write-back for inner and outer, with the inner allocation hints; everything else is non-cacheable. Outer
 * write-back without an inner cache (0xf4) is write-back without inner allocation, as the kernel's driver has it.
 * @param registers `table.registers` of an `armLpaeS1` table with a 4K or 64K granule
 * @param coherent whether the GPU snoops the CPU caches; default: as the table's walker does
 * @throws IoPgtableError ENOTSUP (another granule, more input bits than the GPU can say)
 *
 * @example
 * ```ts
 * const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 40, coherentWalk: false }), flush });
 * const { transtab, memattr, transcfg } = maliCsfRegisters(table.registers);
 * ```
 */
export function maliCsfRegisters(
  registers: ArmLpaeS1Registers,
  coherent: boolean = registers.tcr.irgn === WALK_CACHED,
): MaliCsfRegisters {
  const { ttbr, mair, tcr } = registers;
  const inputBits = 64 - tcr.tsz;
  if (inputBits > MOST_INPUT_BITS) {
    throw new IoPgtableError(
      "ENOTSUP",
      "maliCsfRegisters",
      `the table has ${inputBits} input bits, the GPU at most 55`,
    );
  }
  let transcfg = modeOf(tcr.tg) | Transcfg.WALK_WRITE_BACK | Transcfg.WALK_ALLOCATES;
  transcfg |= BigInt(Transcfg.INPUT_BITS_FROM - inputBits) << Transcfg.INPUT_BITS_SHIFT;
  if (coherent) transcfg |= Transcfg.WALK_OUTER_SHAREABLE;
  let memattr = 0n;
  for (let i = 0n; i < 64n; i += 8n) memattr |= BigInt(memattrOf(Number((mair >> i) & 0xffn), coherent)) << i;
  return { transtab: ttbr, memattr, transcfg };
}

function modeOf(granule: number): bigint {
  if (granule === GRANULE_4K) return Transcfg.AARCH64_4K;
  if (granule === GRANULE_64K) return Transcfg.AARCH64_64K;
  const text = `the table's granule (TG0 ${hex(granule)}) is neither 4K nor 64K`;
  throw new IoPgtableError("ENOTSUP", "maliCsfRegisters", text);
}

/** The byte for one MAIR attribute. Bit 2 of each half says write-back, bits 1:0 of the inner one read and write allocation. */
function memattrOf(attribute: number, coherent: boolean): number {
  const outer = attribute >> 4;
  const inner = attribute & 15;
  const writeBack = (outer & 3) !== 0 && (outer & 4) !== 0 && (inner & 4) !== 0;
  if (!writeBack) return Memattr.NON_CACHEABLE | Memattr.WITHIN_GPU | Memattr.EXPLICIT_ALLOCATION;
  const share = coherent ? Memattr.WITH_CPUS : Memattr.WITHIN_GPU;
  return Memattr.WRITE_BACK | share | Memattr.EXPLICIT_ALLOCATION | (inner & 3);
}
