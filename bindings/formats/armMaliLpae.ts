// Mali Midgard / Bifrost (Linux: ARM_MALI_LPAE).

import { ATTR_INDEX, type LpaeStyle, lpaeDecode, lpaeEncode, lpaeTableBits } from "./armLpaeBits.js";
import { ARM_MANUAL, lpaeFields } from "./armLpaeFields.js";
import {
  type ArmLpaeConfig,
  type ArmLpaeQuirk,
  attributeRegister,
  lpaeGeometry,
  lpaeOptions,
} from "./armLpaeShared.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts, OwnOptions } from "./facts.js";
import { defineFormat, type Format } from "./format.js";

const ADDRESS_MASK = 0x0000_ffff_ffff_f000n;
const STYLE: LpaeStyle = { permissions: "stage2", memory: "index", mali: true, ns: false, hd: false, noShare: false };
/** MEMATTR slots 0..2: normal non-cacheable, write-back with read and write allocation, device (as Linux sets them). */
const LINUX_MEMATTR: readonly number[] = [0x88, 0x8d, 0x88];
/** TRANSTAB: ADRMODE_TABLE in bits 1:0, READ_INNER, SHARE_OUTER. */
const ADRMODE_TABLE = 3n;
const READ_INNER = 1n << 2n;
const SHARE_OUTER = 1n << 4n;

/**
 * Mali's LPAE form: ias <= 48, oas <= 40, 4K granule, always four levels (with ias <= 39 the root has one entry). `mair` are the eight bytes of its MEMATTR
 * register, in the GPU's own encoding.
 * @throws IoPgtableError EINVAL, ENOTSUP (it has no quirks)
 *
 * @example
 * ```ts
 * const gpu = new IoPageTable(memory, { format: armMaliLpae({ ias: 48, oas: 40 }), flush });
 * const { transtab, memattr } = gpu.registers;
 * ```
 */
export function armMaliLpae(config: ArmLpaeConfig): Format<{ transtab: bigint; memattr: bigint }> {
  const name = "armMaliLpae";
  const g = lpaeGeometry(
    config,
    {
      quirks: [],
      maxIas: 48,
      maxOas: 40,
      only4K: true,
      noHint: true,
      noLpa2: true,
      noDirty: true,
      mair: LINUX_MEMATTR,
    },
    name,
  );
  const rootItems = g.startLevel > 0 ? 1 : g.rootItems;
  const memattr = attributeRegister(g.mair);
  const attributes = ADRMODE_TABLE | READ_INNER | (g.coherentWalk ? SHARE_OUTER : 0n);
  return defineFormat<{ transtab: bigint; memattr: bigint }>({
    name,
    core: CoreFormat.ARM_MALI,
    variant: 0,
    ias: g.ias,
    oas: g.oas,
    pageSizes: g.pageSizes,
    top: 3,
    maxTop: 3,
    roots: 1,
    rootItems: () => rootItems,
    space: "lower",
    coherentWalk: g.coherentWalk,
    syncForDevice: g.syncForDevice,
    tablePaddrBits: 48,
    ...lpaeTableBits(false, g.coherentWalk),
    encryptionBit: 0,
    tableAddressMask: () => ADDRESS_MASK,
    breakBeforeMake: g.breakBeforeMake,
    memoryTypeMask: ATTR_INDEX,
    linuxPages: "run",
    archLevel: (level) => 3 - level,
    encode: (prot, strict) => lpaeEncode(STYLE, prot, strict),
    decode: (item) => lpaeDecode(STYLE, item),
    makeRegisters: ([root = 0n]) => ({ transtab: root | attributes, memattr }),
  });
}

export const armMaliLpaeFacts: FormatFacts<ArmLpaeQuirk, OwnOptions<ArmLpaeConfig>> = {
  ...lpaeOptions(armMaliLpae),
  name: "armMaliLpae",
  manual: ARM_MANUAL,
  fields: (config) => lpaeFields("mali")(config),
  walkers: "Mali Midgard and Bifrost",
  structure: "up to 39 input bits the root has one entry",
  linux: { part: "io-pgtable", name: "ARM_MALI_LPAE" },
  usual: { ias: 48, oas: 40 },
};
