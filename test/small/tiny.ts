// Formats so small that everything can be tried. They are compiled into a copy of the project only.
import { type AttributeBits, defineFormat, type Format, halves, type Refusal } from "../../bindings/formats/format.js";
import { Prot } from "../../bindings/index.js";

/** How many bits a level has; each is a class of its own in the core. */
export interface Shape {
  readonly name: string;
  readonly file: string;
  readonly core: number;
  readonly bits: number;
}
export const SHAPES = {
  one: { name: "TinyOne", file: "tinyOne", core: 0, bits: 1 },
  two: { name: "TinyTwo", file: "tinyTwo", core: 1, bits: 2 },
} as const satisfies Record<string, Shape>;

export const PAGE = 2 ** 11;

export interface TinyConfig {
  readonly shape: Shape;
  readonly levels: number;
  /** Two neighbours may be one leaf. */
  readonly pairs?: boolean;
  readonly breakBeforeMake?: "always" | "bbm2" | "never";
  /** A walker that does not snoop. */
  readonly syncForDevice?: (paddr: number, bytes: number) => void;
}

/** The input bits of a table of so many levels. */
export function inputBits({ shape, levels }: TinyConfig): number {
  return 11 + levels * shape.bits;
}

export function leafSizes({ shape, levels, pairs = false }: TinyConfig): number[] {
  const sizes = Array.from({ length: levels }, (_, level) => PAGE * 2 ** (level * shape.bits));
  return pairs ? [...sizes.flatMap((size) => [size, 2 * size])] : sizes;
}

const READ = 1n << 2n;
const WRITE = 1n << 3n;
const DIRTY = 1n << 5n;
const ADDRESS = 0xf_ffff_ffc0n;

export function tiny(config: TinyConfig): Format<{ base: bigint }> {
  const { levels, shape, breakBeforeMake = "never", syncForDevice } = config;
  return defineFormat<{ base: bigint }>({
    name: "tiny",
    core: shape.core,
    variant: 0,
    ias: inputBits(config),
    oas: 36,
    pageSizes: leafSizes(config),
    top: levels - 1,
    maxTop: levels - 1,
    roots: 1,
    rootItems: () => 2 ** shape.bits,
    space: "lower",
    coherentWalk: syncForDevice === undefined,
    syncForDevice,
    tablePaddrBits: 36,
    tableBits: 0n,
    writtenBit: 0n,
    encryptionBit: 0,
    tableAddressMask: () => ADDRESS,
    dirty: { mask: DIRTY, value: DIRTY, flip: DIRTY },
    breakBeforeMake,
    memoryTypeMask: 0n,
    linuxPages: "run",
    archLevel: (level) => level,
    encode,
    decode: (item) => ((item & READ) !== 0n ? Prot.READ : 0) | ((item & WRITE) !== 0n ? Prot.WRITE : 0),
    makeRegisters: ([root = 0n]) => ({ base: root }),
  });
}

function encode(prot: number): AttributeBits | Refusal {
  if ((prot & 3) === 0) return { code: "EINVAL", reason: "neither READ nor WRITE" };
  return halves((prot & Prot.READ ? READ : 0n) | (prot & Prot.WRITE ? WRITE : 0n));
}
