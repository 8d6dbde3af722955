// The tiny formats' files in assembly/, for a copy of the project in which they are the only ones.
import { SHAPES, type Shape } from "./tiny.js";

/** Formats as in docs/adding-a-format.md, with pages of 2 KiB and tables of two or four entries. Two neighbours may be one contiguous leaf. */
export function coreFormat({ name, bits }: Shape): string {
  return `// Levels of ${bits} bits over pages of 2 KiB, leaves at each.
import { Format, Permit } from "./format";

const VALID: u64 = 1;
const LEAF: u64 = 1 << 1;
const READ: u64 = 1 << 2;
const WRITE: u64 = 1 << 3;
const ADDRESS: u64 = 0xf_ffff_ffc0;
const PAIR: u64 = 1 << 60;

export class ${name} extends Format {
  @inline itemLg2(): u32 {
    return 3;
  }
  @inline shift(level: u32): u32 {
    return 11 + level * ${bits};
  }
  @inline indexLg2(level: u32): u32 {
    return ${bits};
  }
  @inline levelOf(sizeLg2: u32): u32 {
    return (sizeLg2 - 11) / ${bits};
  }
  @inline isTable(item: u64, level: u32): bool {
    return (item & (VALID | LEAF)) == VALID && level != 0;
  }
  @inline isLeaf(item: u64, level: u32): bool {
    return (item & (VALID | LEAF)) == (VALID | LEAF);
  }
  @inline tablePaddr(item: u64, level: u32): u64 {
    return item & ADDRESS;
  }
  @inline tableItem(paddr: u64, level: u32): u64 {
    return paddr | VALID;
  }
  @inline leafOa(item: u64, level: u32): u64 {
    return item & ADDRESS & ((<u64>-1) << (11 + level * ${bits}));
  }
  @inline leafItem(oa: u64, attrs: u64, level: u32, sizeLg2: u32): u64 {
    return oa | attrs | LEAF | VALID | (sizeLg2 > 11 + level * ${bits} ? PAIR : 0);
  }
  @inline leafAttrs(item: u64, level: u32): u64 {
    return item & ~(ADDRESS | PAIR | LEAF | VALID);
  }
  @inline contigLg2(item: u64, level: u32): u32 {
    return item & PAIR ? 1 : 0;
  }
  @inline contigMask(): u64 {
    return PAIR;
  }
  @inline sameItems(): bool {
    return false;
  }
  @inline linearLg2(): u32 {
    return 64;
  }
  @inline mayEncrypt(): bool {
    return false;
  }
  @inline permits(item: u64, level: u32, leaf: bool, variant: u32): u32 {
    if (!leaf) return Permit.ALL;
    return Permit.both((item & READ) != 0, (item & WRITE) != 0, false);
  }
}
`;
}

/** assembly/formats.ts with these formats in place of all others. */
export function formatList(text: string): string {
  const ours = Object.values(SHAPES);
  const imports = ours.map(({ name, file }) => `import { ${name} } from "./format/${file}";`).join("\n");
  const cases = ours
    .map(({ name, core }) => `    case ${core}:\n      return o.run<${name}>(t, a, b, c, d, e);\n`)
    .join("");
  return text
    .replace(/^import .* from "\.\/format\/.*";\n/gm, "")
    .replace(/^( +)case \d+:\n +return .*\n/gm, "")
    .replace("/** Run an operation", `${imports}\n\n/** Run an operation`)
    .replace("    default:", `${cases}    default:`);
}
