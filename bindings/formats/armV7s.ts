// ARM short descriptors (Linux: ARM_V7S). Arm ARM for ARMv7-A (DDI 0406C) B3.5; the MediaTek extension as Linux has it.
import { Prot } from "../prot.js";
import { ARM_V7_MANUAL, v7sFields } from "./armV7sFields.js";
import { checkConfig, checkQuirks, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts } from "./facts.js";
import { type AttributeBits, type CommonConfig, defineFormat, type Format, halves, type Refusal } from "./format.js";
import { readRequest, refusal } from "./request.js";

/** What Linux calls IO_PGTABLE_QUIRK_ with these names. */
export type ArmV7sQuirk = "ARM_NS" | "NO_PERMS" | "ARM_MTK_EXT" | "ARM_MTK_TTBR_EXT";

/** Configuration of `armV7s`. */
export interface ArmV7sConfig extends CommonConfig {
  quirks?: readonly ArmV7sQuirk[];
}

/** What a short-descriptor context is programmed with. */
export interface ArmV7sRegisters {
  ttbr: number;
  tcr: number;
  nmrr: number;
  prrr: number;
}

const QUIRKS: readonly ArmV7sQuirk[] = ["ARM_NS", "NO_PERMS", "ARM_MTK_EXT", "ARM_MTK_TTBR_EXT"];
const SIZES: readonly number[] = [2 ** 12, 2 ** 16, 2 ** 20, 2 ** 24];
/** Attributes in the order of the core's format file. */
const ACCESS_FLAG = 1;
const UNPRIVILEGED = 1 << 1;
const TEX_1 = 1 << 2;
const READ_ONLY = 1 << 5;
const SHAREABLE = 1 << 6;
const NOT_GLOBAL = 1 << 7;
const BUFFERABLE = 1 << 8;
const CACHEABLE = 1 << 9;
const EXECUTE_NEVER = 1 << 10;
const NS = 1 << 11;
/** TEX, B and C. */
const MEMORY_TYPE = (7n << 2n) | BigInt(BUFFERABLE | CACHEABLE);
const NS_TABLE = 1n << 3n;
/** TTBR attributes: shareable, inner and outer write-back write-allocate; or shareable alone for a walker that does not snoop. */
const TTBR_COHERENT = 0x6a;
const TTBR_INCOHERENT = 0x02;
/** Memory attributes by TEX[0], C, B: normal or device, and their cacheability and shareability, as Linux sets them. */
const PRRR = 0x800b_8204;
const NMRR = 0x4000_4000;
const TABLE_ADDRESS = 0xffff_fc00n;
const MTK_HIGH = (1n << 9n) | (1n << 5n) | (1n << 4n);

/**
 * ARM short descriptors: two levels of 32-bit entries; pages of 4K and 64K, sections of 1M, supersections of 16M.
 * @throws IoPgtableError EINVAL, ENOTSUP
 *
 * @example
 * ```ts
 * const m4u = new IoPageTable(memory, { format: armV7s({ ias: 32, oas: 32 }), flush });
 * m4u.pageSizes; // => [0x1000, 0x1_0000, 0x10_0000, 0x100_0000]
 * ```
 */
export function armV7s(config: ArmV7sConfig): Format<ArmV7sRegisters> {
  const name = "armV7s";
  const common = checkConfig(config, name);
  const quirks = checkQuirks(config.quirks, QUIRKS, name);
  const mtk = quirks.has("ARM_MTK_EXT");
  const wideTables = quirks.has("ARM_MTK_TTBR_EXT");
  const permissions = !quirks.has("NO_PERMS");
  if (mtk && permissions)
    throw refuse("EINVAL", name, "ARM_MTK_EXT needs NO_PERMS: its addresses take the permissions' place");
  if (wideTables && !mtk) throw refuse("EINVAL", name, "ARM_MTK_TTBR_EXT needs ARM_MTK_EXT");
  if (common.ias < 21 || common.ias > (mtk ? 34 : 32))
    throw refuse("EINVAL", name, `ias is ${common.ias}; give 21..${mtk ? 34 : 32}`);
  if (common.oas < 12 || common.oas > (mtk ? 35 : 32))
    throw refuse("EINVAL", name, `oas is ${common.oas}; give 12..${mtk ? 35 : 32}`);
  const pageSizes = SIZES.filter((size) => common.pageSizes === undefined || common.pageSizes.includes(size));
  if (pageSizes.length === 0) throw refuse("EINVAL", name, "pageSizes has no size that the format has");
  const ns = quirks.has("ARM_NS");
  const attributes = mtk ? 0 : common.coherentWalk ? TTBR_COHERENT : TTBR_INCOHERENT;
  return defineFormat<ArmV7sRegisters>({
    ...common,
    name,
    core: mtk ? CoreFormat.ARM_V7S_MTK : CoreFormat.ARM_V7S,
    variant: permissions ? 0 : 1,
    pageSizes,
    top: 1,
    maxTop: 1,
    roots: 1,
    rootItems: () => 2 ** (common.ias - 20),
    space: "lower",
    tablePaddrBits: wideTables ? 35 : 32,
    tableBits: ns ? NS_TABLE : 0n,
    writtenBit: 0n,
    encryptionBit: 0,
    tableAddressMask: () => TABLE_ADDRESS | (wideTables ? MTK_HIGH : 0n),
    breakBeforeMake: "always",
    memoryTypeMask: MEMORY_TYPE,
    linuxPages: "items",
    archLevel: (level) => 2 - level,
    encode: (prot, strict) => encode(prot, strict, permissions, ns),
    decode: (item, level) => decode(Number(item), level, permissions),
    makeRegisters: ([root = 0n]) => ({
      ttbr: Number((root & 0xffff_ffffn) | (root >> 32n)) + attributes,
      tcr: 0,
      nmrr: NMRR,
      prrr: PRRR,
    }),
  });
}

export const armV7sFacts: FormatFacts<ArmV7sQuirk, never> = {
  name: "armV7s",
  make: armV7s,
  manual: ARM_V7_MANUAL,
  fields: v7sFields,
  walkers: "Arm SMMU with short descriptors, MediaTek M4U",
  structure: "32-bit entries",
  linux: { part: "io-pgtable", name: "ARM_V7S" },
  usual: { ias: 32, oas: 32 },
  quirks: {
    ARM_NS: { from: "linux", make: (config) => armV7s({ ...config, quirks: ["ARM_NS"] }) },
    NO_PERMS: { from: "linux", make: (config) => armV7s({ ...config, quirks: ["NO_PERMS"] }) },
    ARM_MTK_EXT: {
      from: "linux",
      needs: "NO_PERMS",
      make: (config) => armV7s({ ...config, quirks: ["NO_PERMS", "ARM_MTK_EXT"] }),
    },
    ARM_MTK_TTBR_EXT: {
      from: "linux",
      needs: "ARM_MTK_EXT",
      make: (config) => armV7s({ ...config, quirks: ["NO_PERMS", "ARM_MTK_EXT", "ARM_MTK_TTBR_EXT"] }),
    },
  },
  options: {},
};

function encode(prot: number, strict: boolean, permissions: boolean, ns: boolean): AttributeBits | Refusal {
  const request = readRequest(prot);
  if ("code" in request) return request;
  const drops = { writeOnly: true, readOnly: !permissions, noExec: !permissions, priv: !permissions };
  const refused = refusal(request, { drops }, strict);
  if (refused !== undefined) return refused;
  let bits = NOT_GLOBAL | SHAREABLE;
  if (!request.mmio) bits |= TEX_1;
  if (permissions) {
    bits |= ACCESS_FLAG;
    if (!request.priv) bits |= UNPRIVILEGED;
    if (!request.write) bits |= READ_ONLY;
    if (request.noExec) bits |= EXECUTE_NEVER;
  }
  if (request.mmio) bits |= BUFFERABLE;
  else if (request.cache) bits |= BUFFERABLE | CACHEABLE;
  if (ns) bits |= NS;
  return halves(BigInt(bits));
}

/** Bring a descriptor's attributes into the order of the constants above. */
function attributesOf(item: number, level: number): number {
  const memory = ((item >>> 2) & 3) << 8;
  if (level === 1) return ((item >>> 10) & 0xff) | memory | (((item >>> 4) & 1) << 10);
  if ((item & 2) !== 0) return ((item >>> 4) & 0xff) | memory | ((item & 1) << 10);
  return ((item >>> 4) & 0xe3) | ((item >>> 10) & 0x1c) | memory | (((item >>> 15) & 1) << 10);
}

function decode(item: number, level: number, permissions: boolean): number {
  const bits = attributesOf(item, level);
  const has = (bit: number): boolean => (bits & bit) !== 0;
  const mmio = !has(TEX_1) && has(BUFFERABLE);
  const memory = mmio ? Prot.MMIO : has(CACHEABLE) ? Prot.CACHE : 0;
  if (!permissions) return Prot.READ | Prot.WRITE | memory;
  return (
    Prot.READ |
    memory |
    (has(READ_ONLY) ? 0 : Prot.WRITE) |
    (has(UNPRIVILEGED) ? 0 : Prot.PRIV) |
    (has(EXECUTE_NEVER) ? Prot.NOEXEC : 0)
  );
}
