// Intel VT-d second stage. Intel Virtualization Technology for Directed I/O (D51397), 9.8.
import { Prot } from "../prot.js";
import { checkConfig, checkFlag, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import {
  type AttributeBits,
  type CommonConfig,
  type DirtyBits,
  defineFormat,
  type Format,
  halves,
  type Refusal,
} from "./format.js";
import { chooseSizes, readRequest, refusal } from "./request.js";
import { VTD_MANUAL, vtdFields } from "./vtdSecondStageFields.js";

/** Configuration of `vtdSecondStage`. */
export interface VtdSecondStageConfig extends CommonConfig {
  /** Set SNP in every leaf: device accesses snoop whatever the device says. */
  forceCoherence?: boolean;
  /** Refuse read-only mappings (erratum 772415 of some processors). */
  forceWriteable?: boolean;
}

const READ = 1n;
const WRITE = 1n << 1n;
/** D: set by hardware that writes through the leaf, where accessed and dirty flags are enabled (SSADE). */
const DIRTY: DirtyBits = { mask: 1n << 9n, value: 1n << 9n, flip: 1n << 9n };
const SNOOP = 1n << 11n;
/** Explicit memory types: bits 2:0 of the index are EMT (2, 3 and 7 are reserved), bit 3 is IPAT. */
const MEMORY_TYPE_SHIFT = 3n;
const MEMORY_TYPES = 16;
const RESERVED_TYPES: readonly number[] = [2, 3, 7];
/** Software bit of table items: written back for a walker that does not snoop. */
const WRITTEN = 1n << 10n;
const ADDRESS_MASK = 0x000f_ffff_ffff_f000n;
const SIZES: readonly number[] = [2 ** 12, 2 ** 21, 2 ** 30];

/**
 * VT-d second stage: three to five levels, leaves of 4K, 2M and 1G. There is no present bit; an entry without READ and WRITE is not present.
 * @throws IoPgtableError EINVAL
 *
 * @example
 * ```ts
 * const iommu = new IoPageTable(memory, { format: vtdSecondStage({ ias: 48, oas: 46 }), flush });
 * iommu.registers.aw; // => 2
 * ```
 */
export function vtdSecondStage(config: VtdSecondStageConfig): Format<{ ssptptr: bigint; aw: number }> {
  const name = "vtdSecondStage";
  const common = checkConfig(config, name);
  const forceCoherence = checkFlag(config.forceCoherence, "forceCoherence", name);
  const forceWriteable = checkFlag(config.forceWriteable, "forceWriteable", name);
  const levels = Math.ceil((common.ias - 12) / 9);
  if (levels < 3 || levels > 5)
    throw refuse("EINVAL", name, `ias is ${common.ias}; give 31..57 bits (three to five levels)`);
  if (common.oas < 13 || common.oas > 52) throw refuse("EINVAL", name, `oas is ${common.oas}; give 13..52 bits`);
  const pageSizes = chooseSizes(common.pageSizes, SIZES, Math.min(common.ias, common.oas));
  if (pageSizes.length === 0) throw refuse("EINVAL", name, "pageSizes has no size that the format has");
  return defineFormat<{ ssptptr: bigint; aw: number }>({
    ...common,
    name,
    core: CoreFormat.VTD_SECOND_STAGE,
    variant: 0,
    pageSizes,
    top: levels - 1,
    maxTop: levels - 1,
    roots: 1,
    rootItems: () => 512,
    space: "lower",
    tablePaddrBits: 52,
    tableBits: 0n,
    writtenBit: common.coherentWalk ? 0n : WRITTEN,
    encryptionBit: 0,
    tableAddressMask: () => ADDRESS_MASK,
    dirty: DIRTY,
    breakBeforeMake: "never",
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level,
    encode: (prot, strict) => encode(prot, strict, forceCoherence, forceWriteable),
    decode,
    makeRegisters: ([root = 0n], top) => ({ ssptptr: root, aw: top - 1 }),
  });
}

export const vtdSecondStageFacts: FormatFacts<never, OwnOptions<VtdSecondStageConfig>> = {
  name: "vtdSecondStage",
  make: vtdSecondStage,
  manual: VTD_MANUAL,
  fields: vtdFields,
  walkers: "Intel VT-d, second stage",
  linux: { part: "generic_pt", name: "vtdss" },
  usual: { ias: 48, oas: 52 },
  quirks: {},
  options: {
    forceCoherence: { from: "linux", make: (config) => vtdSecondStage({ ...config, forceCoherence: true }) },
    forceWriteable: { from: "linux", make: (config) => vtdSecondStage({ ...config, forceWriteable: true }) },
  },
};

function encode(prot: number, strict: boolean, snoop: boolean, writeable: boolean): AttributeBits | Refusal {
  const request = readRequest(prot);
  if ("code" in request) return request;
  const drops = { cache: !snoop, noExec: true, mmio: true, priv: true };
  const refused = refusal(request, { memoryTypes: MEMORY_TYPES, drops }, strict);
  if (refused !== undefined) return refused;
  const { memoryType = 0 } = request;
  if (RESERVED_TYPES.includes(memoryType & 7))
    return { code: "ENOTSUP", reason: `the format has no memory type ${memoryType}` };
  if (writeable && !request.write) return { code: "EINVAL", reason: "forceWriteable refuses read-only mappings" };
  return halves(
    (request.read ? READ : 0n) |
      (request.write ? WRITE : 0n) |
      (snoop ? SNOOP : 0n) |
      (BigInt(memoryType) << MEMORY_TYPE_SHIFT),
  );
}

function decode(item: bigint): number {
  const type = Number((item >> MEMORY_TYPE_SHIFT) & 15n);
  return (
    (type === 0 ? 0 : Prot.memoryType(type)) |
    ((item & READ) !== 0n ? Prot.READ : 0) |
    ((item & WRITE) !== 0n ? Prot.WRITE : 0) |
    ((item & SNOOP) !== 0n ? Prot.CACHE : 0)
  );
}
