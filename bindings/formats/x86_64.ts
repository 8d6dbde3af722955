// x86-64 tables: CPU, AMD IOMMU version 2, VT-d first stage. AMD64 Architecture Programmer's Manual volume 2 (24593), 5.3-5.4.
import { show } from "../numbers.js";
import { Prot } from "../prot.js";
import { checkConfig, checkEncryptionBit, checkFlag, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import { type AttributeBits, type CommonConfig, defineFormat, type Format, halves, type Refusal } from "./format.js";
import { chooseSizes, readRequest, refusal } from "./request.js";
import { X86_MANUAL, x86Fields } from "./x86_64Fields.js";

/** Configuration of `x86_64`. */
export interface X86Config extends CommonConfig {
  /** Both halves of a sign-extended space of `ias` bits; default false: only the lower one, of `ias` bits. */
  signExtend?: boolean;
  /** Address bit that marks memory as encrypted (SME C-bit). */
  encryptionBit?: number;
}

const WRITE = 1n << 1n;
const USER = 1n << 2n;
const ACCESSED = 1n << 5n;
const DIRTY = 1n << 6n;
/** Software bit of table items: written back for a walker that does not snoop. */
const WRITTEN = 1n << 9n;
const EXECUTE_DISABLE = 1n << 63n;
/** Memory type: PWT, PCD, and PAT, which the core moves to where the leaf's size has it. */
const PWT = 1n << 3n;
const PCD = 1n << 4n;
const PAT = 1n << 12n;
const PAT_SMALL = 1n << 7n;
const MEMORY_TYPES = 8;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;
const SIZES: readonly number[] = [2 ** 12, 2 ** 21, 2 ** 30];

/**
 * x86-64: four or five levels, leaves of 4K, 2M and 1G.
 * @throws IoPgtableError EINVAL
 *
 * @example
 * ```ts
 * const upper = new IoPageTable(memory, { format: x86_64({ ias: 48, oas: 46, signExtend: true }), flush });
 * upper.map(0xffff_8000_0000_0000n, 0x8000_0000, 0x1000, Prot.READ);
 * upper.registers.levels; // => 4
 * ```
 */
export function x86_64(config: X86Config): Format<{ cr3: bigint; levels: number }> {
  const name = "x86_64";
  const common = checkConfig(config, name);
  const signExtend = checkFlag(config.signExtend, "signExtend", name);
  const encryptionBit = checkEncryptionBit(config.encryptionBit, name);
  const levels = Math.ceil((common.ias - 12) / 9);
  if (levels < 4 || levels > 5)
    throw refuse("EINVAL", name, `ias is ${show(common.ias)}; give 40..57 bits (four or five levels)`);
  if (common.oas < 13 || common.oas > 52) throw refuse("EINVAL", name, `oas is ${show(common.oas)}; give 13..52 bits`);
  const pageSizes = chooseSizes(common.pageSizes, SIZES, Math.min(common.ias, common.oas));
  if (pageSizes.length === 0) throw refuse("EINVAL", name, "pageSizes has no size that the format has");
  const encryption = encryptionBit === 0 ? 0n : 1n << BigInt(encryptionBit);
  return defineFormat<{ cr3: bigint; levels: number }>({
    ...common,
    name,
    core: CoreFormat.X86_64,
    variant: 0,
    pageSizes,
    top: levels - 1,
    maxTop: levels - 1,
    roots: 1,
    rootItems: () => 512,
    space: signExtend ? "signed" : "lower",
    tablePaddrBits: encryptionBit || 52,
    tableBits: WRITE | USER | ACCESSED | encryption,
    writtenBit: common.coherentWalk ? 0n : WRITTEN,
    encryptionBit,
    tableAddressMask: () => ADDRESS_MASK & ~encryption,
    breakBeforeMake: "never",
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level,
    encode: (prot, strict) => encode(prot, strict, encryption),
    decode: (item, level) => decode(item, level, encryption),
    makeRegisters: ([root = 0n], top) => ({ cr3: root, levels: top + 1 }),
  });
}

export const x86Facts: FormatFacts<never, OwnOptions<X86Config>> = {
  name: "x86_64",
  make: x86_64,
  manual: X86_MANUAL,
  fields: x86Fields,
  walkers: "CPUs, AMD IOMMU version 2, VT-d first stage",
  linux: { part: "generic_pt", name: "x86_64" },
  usual: { ias: 48, oas: 52 },
  quirks: {},
  options: {
    signExtend: { from: "linux", make: (config) => x86_64({ ...config, signExtend: true }) },
    encryptionBit: { from: "linux", make: (config) => x86_64({ ...config, encryptionBit: 47 }) },
  },
};

function encode(prot: number, strict: boolean, encryption: bigint): AttributeBits | Refusal {
  const request = readRequest(prot);
  if ("code" in request) return request;
  const drops = { writeOnly: true, cache: true, noExec: true, mmio: encryption === 0n, priv: true };
  const refused = refusal(request, { memoryTypes: MEMORY_TYPES, drops }, strict);
  if (refused !== undefined) return refused;
  const type = request.memoryType ?? 0;
  return halves(
    USER |
      ACCESSED |
      (request.write ? WRITE | DIRTY : 0n) |
      ((type & 1) !== 0 ? PWT : 0n) |
      ((type & 2) !== 0 ? PCD : 0n) |
      ((type & 4) !== 0 ? PAT : 0n) |
      (request.mmio ? 0n : encryption),
  );
}

function decode(item: bigint, level: number, encryption: bigint): number {
  const has = (bit: bigint): boolean => (item & bit) !== 0n;
  const type = (has(PWT) ? 1 : 0) | (has(PCD) ? 2 : 0) | (has(level === 0 ? PAT_SMALL : PAT) ? 4 : 0);
  return (
    Prot.READ |
    (has(WRITE) ? Prot.WRITE : 0) |
    (has(EXECUTE_DISABLE) ? Prot.NOEXEC : 0) |
    (has(USER) ? 0 : Prot.PRIV) |
    (encryption !== 0n && !has(encryption) ? Prot.MMIO : 0) |
    (type === 0 ? 0 : Prot.memoryType(type))
  );
}
