// The fields of ARM short descriptors in words. Arm ARM for ARMv7-A (DDI 0406C) B3.5; the MediaTek extension as Linux has it.
import type { ArmV7sConfig } from "./armV7s.js";
import type { EntryFields, EntryShape, FieldFacts } from "./facts.js";

export const ARM_V7_MANUAL = "Arm Architecture Reference Manual, ARMv7-A (DDI 0406C)";

const SECTION = "B3.5.1";
const MTK = "MediaTek, as in Linux";

const one = (name: string, bit: number, says: readonly [string, string], section: string = SECTION): FieldFacts => ({
  name,
  bits: [bit, bit],
  section,
  says,
});

function typeField({ kind, level, sizeLg2 }: EntryShape): FieldFacts {
  if (level === 1) {
    const section = sizeLg2 === 24 ? "supersection" : "section";
    return {
      name: "type",
      bits: [1, 0],
      section: SECTION,
      says: ["invalid", "table", section, `${section}, no execution`],
    };
  }
  const page = kind === "leaf" ? ["invalid", "large page", "small page", "small page, no execution"] : [];
  return { name: "type", bits: [1, 0], section: SECTION, says: page };
}

/** High address bits where others have permissions (ARM_MTK_EXT). */
const MTK_FIELDS: readonly FieldFacts[] = [
  one("address 33", 4, ["", "set"], MTK),
  one("address 34", 5, ["", "set"], MTK),
  one("address 32", 9, ["", "set"], MTK),
];

/** AP and the rest, from the bit where they begin; TEX stands elsewhere in a large page. */
function attributeFields(shape: EntryShape): FieldFacts[] {
  const large = shape.level === 0 && shape.sizeLg2 === 16;
  const at = shape.level === 1 ? 10 : 4;
  const tex = large ? 12 : at + 2;
  const never = large ? 15 : shape.level === 1 ? 4 : undefined;
  return [
    one("B", 2, ["not bufferable", "bufferable"]),
    one("C", 3, ["not cacheable", "cacheable"]),
    ...(never === undefined ? [] : [one("XN", never, ["execution allowed", "no execution"])]),
    one("AP[0]", at, ["not accessed yet", "accessed"]),
    one("AP[1]", at + 1, ["privileged only", "unprivileged too"]),
    { name: "TEX", bits: [tex + 2, tex], section: "B3.8.2", says: (value) => `${value}: with C and B the memory type` },
    one("AP[2]", at + 5, ["read and write", "read-only"]),
    one("S", at + 6, ["not shareable", "shareable"]),
    one("nG", at + 7, ["every address space", "this address space only"]),
  ];
}

/** With MediaTek's extension bits 4, 5 and 9 are address where a leaf without permissions leaves them free. */
function leafFields(shape: EntryShape, mtk: boolean): FieldFacts[] {
  const taken = new Set(mtk ? [4, 5, 9] : []);
  const attributes = attributeFields(shape).filter(({ bits: [high, low] }) => high !== low || !taken.has(low));
  return [
    typeField(shape),
    ...attributes,
    ...(mtk ? MTK_FIELDS : []),
    ...(shape.level === 1
      ? [one("super", 18, ["section", "supersection"]), one("NS", 19, ["secure", "non-secure"])]
      : []),
    { name: "address", bits: [31, shape.sizeLg2], section: SECTION, says: "address" },
  ];
}

/** The fields of short descriptors. */
export function v7sFields(config: ArmV7sConfig): EntryFields {
  const has = (quirk: "ARM_MTK_EXT" | "ARM_MTK_TTBR_EXT"): boolean => config.quirks?.includes(quirk) === true;
  return (shape) => {
    if (shape.kind === "leaf") return leafFields(shape, has("ARM_MTK_EXT"));
    return [
      typeField(shape),
      one("NS", 3, ["secure", "non-secure"]),
      ...(has("ARM_MTK_TTBR_EXT") ? MTK_FIELDS : []),
      { name: "address", bits: [31, 10], section: SECTION, says: "address" },
    ];
  };
}
