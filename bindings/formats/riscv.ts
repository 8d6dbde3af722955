// RISC-V Sv39, Sv48 and Sv57. The RISC-V Instruction Set Manual, volume II: 12.4-12.6, Svnapot, Svpbmt.
import { Prot } from "../prot.js";
import { checkConfig, checkFlag, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import { type AttributeBits, type CommonConfig, defineFormat, type Format, halves, type Refusal } from "./format.js";
import { chooseSizes, type Request, readRequest, refusal } from "./request.js";
import { RISCV_MANUAL, riscvFields } from "./riscvFields.js";

/** Configuration of `riscv`. */
export interface RiscvConfig extends CommonConfig {
  /** Leaves of 64K as 16 identical items. */
  svnapot?: boolean;
  /** Memory types in the entries: IO for MMIO, NC without CACHE, else the platform's own (PMA). */
  svpbmt?: boolean;
  /** Both halves of a sign-extended space of `ias` bits; default false: only the lower one, of `ias` bits. */
  signExtend?: boolean;
}

const READ = 1n << 1n;
const WRITE = 1n << 2n;
const EXECUTE = 1n << 3n;
const USER = 1n << 4n;
const ACCESSED = 1n << 6n;
const DIRTY = 1n << 7n;
const PBMT_SHIFT = 61n;
const PBMT = { PMA: 0, NC: 1, IO: 2 } as const;
const MEMORY_TYPES = 3;
const PAGE_NUMBER_MASK = 0x003f_ffff_ffff_fc00n;
const SIZES: readonly number[] = [2 ** 12, 2 ** 21, 2 ** 30, 2 ** 39, 2 ** 48];
const NAPOT_SIZE = 2 ** 16;

/**
 * RISC-V: ias 39, 48 or 57, output addresses up to 56 bits, a leaf at every level.
 * @throws IoPgtableError EINVAL, ENOTSUP (a walker that does not snoop)
 *
 * @example
 * ```ts
 * const sv39 = new IoPageTable(memory, { format: riscv({ ias: 39, oas: 56, svnapot: true }), flush });
 * sv39.map(0x1_0000, 0x8001_0000, 0x1_0000, Prot.READ);
 * sv39.stats().leaves.get(0x1_0000); // => 1
 * ```
 */
export function riscv(config: RiscvConfig): Format<{ ppn: bigint; mode: number }> {
  const name = "riscv";
  const common = checkConfig(config, name);
  const svnapot = checkFlag(config.svnapot, "svnapot", name);
  const svpbmt = checkFlag(config.svpbmt, "svpbmt", name);
  const signExtend = checkFlag(config.signExtend, "signExtend", name);
  if (![39, 48, 57].includes(common.ias)) throw refuse("EINVAL", name, `ias is ${common.ias}; give 39, 48 or 57`);
  if (!common.coherentWalk) throw refuse("ENOTSUP", name, "the walker always snoops; leave coherentWalk true");
  if (common.oas < 13 || common.oas > 56) throw refuse("EINVAL", name, `oas is ${common.oas}; give 13..56 bits`);
  const levels = (common.ias - 12) / 9;
  const known = [...SIZES.slice(0, levels), ...(svnapot ? [NAPOT_SIZE] : [])].sort((a, b) => a - b);
  const pageSizes = chooseSizes(common.pageSizes, known, Math.min(common.ias, common.oas));
  if (pageSizes.length === 0) throw refuse("EINVAL", name, "pageSizes has no size that the format has");
  return defineFormat<{ ppn: bigint; mode: number }>({
    ...common,
    name,
    core: CoreFormat.RISCV,
    variant: 0,
    pageSizes,
    top: levels - 1,
    maxTop: levels - 1,
    roots: 1,
    rootItems: () => 512,
    space: signExtend ? "signed" : "lower",
    tablePaddrBits: 56,
    tableBits: 0n,
    writtenBit: 0n,
    encryptionBit: 0,
    tableAddressMask: () => PAGE_NUMBER_MASK,
    breakBeforeMake: "never",
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level,
    encode: (prot, strict) => encode(prot, strict, svpbmt),
    decode: (item) => decode(item, svpbmt),
    makeRegisters: ([root = 0n], top) => ({ ppn: root >> 12n, mode: top + 6 }),
  });
}

export const riscvFacts: FormatFacts<never, OwnOptions<RiscvConfig>> = {
  name: "riscv",
  make: riscv,
  manual: RISCV_MANUAL,
  fields: riscvFields,
  walkers: "RISC-V Sv39, Sv48, Sv57",
  linux: { part: "generic_pt", name: "riscv64" },
  usual: { ias: 48, oas: 56 },
  quirks: {},
  options: {
    svnapot: { from: "linux", make: (config) => riscv({ ...config, svnapot: true }) },
    svpbmt: { from: "ours", make: (config) => riscv({ ...config, svpbmt: true }) },
    signExtend: { from: "linux", make: (config) => riscv({ ...config, signExtend: true }) },
  },
};

function encode(prot: number, strict: boolean, svpbmt: boolean): AttributeBits | Refusal {
  const request = readRequest(prot);
  if ("code" in request) return request;
  const drops = { writeOnly: true, cache: !svpbmt, mmio: !svpbmt, priv: true };
  const limits = svpbmt ? { memoryTypes: MEMORY_TYPES, typeOfFlags, drops } : { drops };
  const refused = refusal(request, limits, strict);
  if (refused !== undefined) return refused;
  const asked = request.memoryType ?? typeOfFlags(request);
  return halves(
    USER |
      ACCESSED |
      READ |
      (request.write ? WRITE | DIRTY : 0n) |
      (request.noExec ? 0n : EXECUTE) |
      (svpbmt ? BigInt(asked) << PBMT_SHIFT : 0n),
  );
}

function typeOfFlags({ mmio, cache }: Request): number {
  if (mmio) return PBMT.IO;
  return cache ? PBMT.PMA : PBMT.NC;
}

function decode(item: bigint, svpbmt: boolean): number {
  const has = (bit: bigint): boolean => (item & bit) !== 0n;
  const type = Number((item >> PBMT_SHIFT) & 3n);
  return (
    (has(READ) ? Prot.READ : 0) |
    (has(WRITE) ? Prot.WRITE : 0) |
    (has(EXECUTE) ? 0 : Prot.NOEXEC) |
    (has(USER) ? 0 : Prot.PRIV) |
    (svpbmt && type === PBMT.IO ? Prot.MMIO : 0) |
    (svpbmt && type === PBMT.PMA ? Prot.CACHE : 0)
  );
}
