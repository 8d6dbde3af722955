// Apple DART and DART2. Layouts as Linux's io-pgtable-dart has them; Apple publishes none.
import { show } from "../numbers.js";
import { Prot } from "../prot.js";
import { DART_MANUAL, dart2Fields, dartFields } from "./appleDartFields.js";
import { checkConfig, refuse } from "./config.js";
import { CoreFormat } from "./coreFormats.js";
import type { FormatFacts } from "./facts.js";
import { type AttributeBits, type CommonConfig, defineFormat, type Format, halves, type Refusal } from "./format.js";
import { readRequest, refusal } from "./request.js";

/** What a DART is programmed with: one root per translation table base register, and the levels counted with them. */
export interface DartRegisters {
  ttbr: readonly bigint[];
  levels: number;
}

/** Where the two generations have their bits. */
interface Generation {
  readonly noRead: bigint;
  readonly noWrite: bigint;
  readonly noCache: bigint;
  /** Set in every leaf: DART has no sub-page protection then. */
  readonly always: bigint;
  readonly addressMask: bigint;
}

const DART: Generation = {
  noRead: 1n << 8n,
  noWrite: 1n << 7n,
  noCache: 0n,
  always: 1n << 1n,
  addressMask: 0xf_ffff_f000n,
};
const DART2: Generation = {
  noRead: 1n << 3n,
  noWrite: 1n << 2n,
  noCache: 1n << 1n,
  always: 0n,
  addressMask: 0x3f_ffff_fc00n,
};
/** Sub-page start 0, end 0xfff: the whole page. */
const WHOLE_PAGE = 0xfffn << 40n;
const MAX_ROOTS = 4;
const K4 = 4096;
const K16 = 16384;

/**
 * Apple DART: pages of 4K or 16K (exactly one; default 16K), oas 36 or 42, one to four roots.
 * @throws IoPgtableError EINVAL, ENOTSUP (a walker that does not snoop)
 *
 * @example
 * ```ts
 * const dart = new IoPageTable(memory, { format: appleDart({ ias: 36, oas: 36 }), flush });
 * dart.pageSizes; // => [0x4000]
 * ```
 */
export function appleDart(config: CommonConfig): Format<DartRegisters> {
  return dart("appleDart", config, DART);
}

/**
 * Apple DART2: pages of 16K, oas 36 or 42.
 * @throws IoPgtableError EINVAL, ENOTSUP (4K pages: its entries cannot hold the address of such a table; a walker that does not snoop)
 *
 * @example
 * ```ts
 * const dart = new IoPageTable(memory, { format: appleDart2({ ias: 36, oas: 42 }), flush });
 * dart.oas; // => 42
 * ```
 */
export function appleDart2(config: CommonConfig): Format<DartRegisters> {
  return dart("appleDart2", config, DART2);
}

export const appleDartFacts: FormatFacts<never, never> = {
  name: "appleDart",
  make: appleDart,
  manual: DART_MANUAL,
  fields: dartFields,
  walkers: "Apple DART",
  linux: { part: "io-pgtable", name: "APPLE_DART" },
  usual: { ias: 32, oas: 36 },
  quirks: {},
  options: {},
};

export const appleDart2Facts: FormatFacts<never, never> = {
  ...appleDartFacts,
  name: "appleDart2",
  make: appleDart2,
  fields: dart2Fields,
  walkers: "Apple DART, second generation",
  linux: { part: "io-pgtable", name: "APPLE_DART2" },
  usual: { ias: 36, oas: 42 },
};

function dart(name: string, config: CommonConfig, generation: Generation): Format<DartRegisters> {
  const common = checkConfig(config, name);
  if (!common.coherentWalk) throw refuse("ENOTSUP", name, "the walker always snoops; leave coherentWalk true");
  const page = checkPage(common.pageSizes, generation, name);
  if (common.oas !== 36 && common.oas !== 42) throw refuse("EINVAL", name, `oas is ${show(common.oas)}; give 36 or 42`);
  if (common.ias > common.oas) throw refuse("EINVAL", name, `ias ${common.ias} is more than oas ${common.oas}`);
  const pageLg2 = Math.log2(page);
  const bits = pageLg2 - 3;
  const wanted = Math.max(2, Math.ceil((common.ias - pageLg2 - 2) / bits));
  const levels = common.ias > 36 ? 3 : wanted;
  const roots = Math.max(2 ** (common.ias - pageLg2 - bits * levels), 1);
  if (levels > 3 || roots > MAX_ROOTS || common.ias <= pageLg2) {
    throw refuse(
      "EINVAL",
      name,
      `ias is ${common.ias}; with pages of ${show(page)} that is out of what four roots reach`,
    );
  }
  const core = generation === DART2 ? CoreFormat.DART2 : page === K4 ? CoreFormat.DART_4K : CoreFormat.DART_16K;
  return defineFormat<DartRegisters>({
    ...common,
    name,
    core,
    variant: 0,
    pageSizes: [page],
    top: levels - 1,
    maxTop: levels - 1,
    roots,
    rootItems: () => 2 ** bits,
    space: "lower",
    tablePaddrBits: generation === DART2 ? 42 : 36,
    tableBits: 0n,
    writtenBit: 0n,
    encryptionBit: 0,
    tableAddressMask: () => generation.addressMask,
    breakBeforeMake: "never",
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level + 1,
    encode: (prot, strict) => encode(prot, strict, generation),
    decode: (item) => decode(item, generation),
    makeRegisters: (all) => ({ ttbr: all, levels: levels + 1 }),
  });
}

function checkPage(sizes: readonly number[] | undefined, generation: Generation, name: string): number {
  const [page, ...more] = sizes ?? [K16];
  if (more.length !== 0 || (page !== K4 && page !== K16)) {
    throw refuse("EINVAL", name, "pageSizes must be exactly one of 0x1000 and 0x4000");
  }
  if (page === K4 && generation === DART2) {
    throw refuse("ENOTSUP", name, "its entries cannot hold the address of a table of 4K; give pages of 0x4000");
  }
  return page;
}

function encode(prot: number, strict: boolean, g: Generation): AttributeBits | Refusal {
  const request = readRequest(prot);
  if ("code" in request) return request;
  const drops = { cache: g.noCache === 0n, noExec: true, mmio: true, priv: true };
  const refused = refusal(request, { drops }, strict);
  if (refused !== undefined) return refused;
  return halves(
    WHOLE_PAGE |
      g.always |
      (request.read ? 0n : g.noRead) |
      (request.write ? 0n : g.noWrite) |
      (request.cache ? 0n : g.noCache),
  );
}

function decode(item: bigint, g: Generation): number {
  return (
    ((item & g.noRead) === 0n ? Prot.READ : 0) |
    ((item & g.noWrite) === 0n ? Prot.WRITE : 0) |
    (g.noCache !== 0n && (item & g.noCache) === 0n ? Prot.CACHE : 0)
  );
}
