// The fields of ARM LPAE descriptors in words. Arm ARM (DDI 0487), sections as the fields name them.
import type { ArmLpaeConfig } from "./armLpaeShared.js";
import { LINUX_MAIR } from "./armLpaeShared.js";
import type { EntryFields, EntryShape, FieldFacts } from "./facts.js";

export const ARM_MANUAL = "Arm Architecture Reference Manual (DDI 0487)";

const CACHING = ["write-through, transient", "non-cacheable", "write-back, transient", "write-through", "write-back"];
const DEVICE = ["nGnRnE", "nGnRE", "nGRE", "GRE"];

/** One half of a MAIR attribute: bits 3:2 choose, bits 1:0 are the allocation hints. */
function halfText(half: number): string {
  if (half === 4) return CACHING[1] ?? "";
  const kind = half < 4 ? 0 : half < 8 ? 2 : half < 12 ? 3 : 4;
  const hints = [(half & 2) !== 0 ? "read" : "", (half & 1) !== 0 ? "write" : ""].filter((hint) => hint !== "");
  return `${CACHING[kind]}${hints.length === 0 ? "" : `, ${hints.join("- and ")}-allocate`}`;
}

/** A memory attribute of MAIR in words (D24.2, MAIR_EL1). */
function mairText(attribute: number): string {
  const [outer, inner] = [attribute >> 4, attribute & 15];
  if (outer === 0) return `device ${DEVICE[inner >> 2] ?? ""}`;
  return outer === inner ? `normal, ${halfText(outer)}` : `normal, outer ${halfText(outer)}, inner ${halfText(inner)}`;
}

const S2_CACHING = ["", "non-cacheable", "write-through", "write-back"];

/** MemAttr of stage 2 (D8.5.5). */
function memAttrText(value: number): string {
  const [outer, inner] = [value >> 2, value & 3];
  if (outer === 0) return `device ${DEVICE[inner] ?? ""}`;
  if (inner === 0) return "reserved";
  const [o = "", i = ""] = [S2_CACHING[outer], S2_CACHING[inner]];
  return outer === inner ? `normal, ${o}` : `normal, outer ${o}, inner ${i}`;
}

/** The same where stage 2 has the last word (FEAT_S2FWB). */
function forcedText(value: number): string {
  if (value < 4) return `device ${DEVICE[value] ?? ""}`;
  return (
    ["reserved", "normal, non-cacheable", "normal, write-back, whatever stage 1 says", "as stage 1 says"][value - 4] ??
    "reserved"
  );
}

const SHAREABILITY: readonly string[] = ["non-shareable", "reserved", "outer shareable", "inner shareable"];
const LAYOUT = "D8.3.1";

function typeField(shape: EntryShape, mali: boolean): FieldFacts {
  const leaf =
    shape.level === 0 && !mali ? ["invalid", "reserved", "invalid", "page"] : ["invalid", "block", "invalid", "table"];
  if (mali && shape.kind === "leaf") leaf[1] = shape.level === 0 ? "page" : "block";
  return {
    name: "type",
    bits: [1, 0],
    section: LAYOUT,
    says: shape.kind === "table" ? ["invalid", "block", "invalid", "table"] : leaf,
  };
}

/** The granule's log2, from what an item of the level covers. */
const granuleLg2 = ({ level, shift }: EntryShape): number => (shift + 3 * level) / (level + 1);

/** Output address bits: from the size of the leaf or of the next table; above 48 bits the granules differ (D8.2.1). */
function addressFields(shape: EntryShape, lpa2: boolean): FieldFacts[] {
  const granule = granuleLg2(shape);
  const low = shape.kind === "table" ? granule : shape.shift;
  const wide = lpa2 && granule < 16;
  const address = { name: "address", bits: [wide ? 49 : 47, low], section: LAYOUT, says: "address" } as const;
  if (wide) return [{ name: "address 51:50", bits: [9, 8], section: "D8.2.1", says: "address" }, address];
  if (granule < 16) return [address];
  return [{ name: "address 51:48", bits: [15, 12], section: LAYOUT, says: "address" }, address];
}

function tableFields(shape: EntryShape, stage1: boolean, mali: boolean, lpa2: boolean): FieldFacts[] {
  const limits: readonly FieldFacts[] = [
    { name: "PXNTable", bits: [59, 59], section: "D8.4", says: ["privileged execution as below", "none below"] },
    { name: "UXNTable", bits: [60, 60], section: "D8.4", says: ["unprivileged execution as below", "none below"] },
    {
      name: "APTable",
      bits: [62, 61],
      section: "D8.4",
      says: ["access as below", "none unprivileged below", "read-only below", "read-only and none unprivileged below"],
    },
    { name: "NSTable", bits: [63, 63], section: LAYOUT, says: ["secure", "non-secure"] },
  ];
  return [
    typeField(shape, mali),
    ...addressFields(shape, lpa2),
    {
      name: "software",
      bits: [55, 55],
      section: LAYOUT,
      says: ["", "written back, for a walker that does not snoop (Linux's use)"],
    },
    ...(stage1 ? limits : []),
  ];
}

function permissionFields(style: "stage1" | "stage2" | "mali", config: ArmLpaeConfig): FieldFacts[] {
  if (style === "stage1") {
    const mair = [...(config.mair ?? LINUX_MAIR), 0, 0, 0, 0, 0, 0, 0, 0];
    return [
      {
        name: "AttrIndx",
        bits: [4, 2],
        section: "D8.5",
        says: (slot) => `MAIR slot ${slot}: ${mairText(mair[slot] ?? 0)}`,
      },
      { name: "NS", bits: [5, 5], section: LAYOUT, says: ["secure", "non-secure"] },
      { name: "AP[1]", bits: [6, 6], section: "D8.4", says: ["privileged only", "unprivileged too"] },
      { name: "AP[2]", bits: [7, 7], section: "D8.4", says: ["read and write", "read-only"] },
    ];
  }
  const memory: FieldFacts =
    style === "mali"
      ? { name: "AttrIndx", bits: [4, 2], section: LAYOUT, says: (slot) => `MEMATTR slot ${slot}` }
      : {
          name: "MemAttr",
          bits: [5, 2],
          section: "D8.5.5",
          says: config.quirks?.includes("ARM_S2FWB") ? forcedText : memAttrText,
        };
  return [
    memory,
    { name: "S2AP", bits: [7, 6], section: "D8.4", says: ["no access", "read-only", "write-only", "read and write"] },
  ];
}

function executionFields(stage1: boolean): FieldFacts[] {
  if (!stage1) {
    const says = [
      "execution allowed",
      "unprivileged execution only",
      "no execution",
      "no execution (with FEAT_XNX privileged only)",
    ];
    return [{ name: "XN", bits: [54, 53], section: "D8.4", says }];
  }
  return [
    { name: "PXN", bits: [53, 53], section: "D8.4", says: ["privileged execution allowed", "no privileged execution"] },
    {
      name: "UXN",
      bits: [54, 54],
      section: "D8.4",
      says: ["unprivileged execution allowed", "no unprivileged execution"],
    },
  ];
}

function leafFields(shape: EntryShape, style: "stage1" | "stage2" | "mali", config: ArmLpaeConfig): FieldFacts[] {
  const lpa2 = config.lpa2 === true;
  const stage1 = style === "stage1";
  const shareable: FieldFacts = { name: "SH", bits: [9, 8], section: "D8.5", says: SHAREABILITY };
  return [
    typeField(shape, style === "mali"),
    ...permissionFields(style, config),
    ...(lpa2 && granuleLg2(shape) < 16 ? [] : [shareable]),
    { name: "AF", bits: [10, 10], section: "D8.4", says: ["not accessed yet", "accessed"] },
    ...(stage1
      ? [
          {
            name: "nG",
            bits: [11, 11],
            section: LAYOUT,
            says: ["every address space", "this address space only"],
          } as const,
        ]
      : []),
    ...addressFields(shape, lpa2),
    ...(stage1
      ? [{ name: "GP", bits: [50, 50], section: LAYOUT, says: ["not guarded", "branch targets are checked"] } as const]
      : []),
    {
      name: "DBM",
      bits: [51, 51],
      section: "D8.4.6",
      says: ["no dirty state", "hardware makes it writable when it is written"],
    },
    { name: "Contiguous", bits: [52, 52], section: "D8.7.1", says: ["stands alone", "one of a contiguous run"] },
    ...executionFields(stage1),
    { name: "software", bits: [58, 55], section: LAYOUT, says: (value) => (value === 0 ? "" : "for software") },
  ];
}

/** The fields of an LPAE format with this style of permissions. */
export function lpaeFields(style: "stage1" | "stage2" | "mali"): (config: ArmLpaeConfig) => EntryFields {
  return (config) => (shape) =>
    shape.kind === "table"
      ? tableFields(shape, style === "stage1", style === "mali", config.lpa2 === true)
      : leafFields(shape, style, config);
}
