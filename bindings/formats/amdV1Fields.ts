// The fields of AMDv1 entries in words. AMD I/O Virtualization Technology (IOMMU) Specification (48882), 2.2.3.
import type { AmdV1Config } from "./amdV1.js";
import type { EntryFields, FieldFacts } from "./facts.js";

export const AMD_MANUAL = "AMD I/O Virtualization Technology (IOMMU) Specification (48882)";

const SECTION = "2.2.3";
const ADDRESS = [51, 12] as const;

const one = (name: string, bit: number, says: readonly [string, string]): FieldFacts => ({
  name,
  bits: [bit, bit],
  section: SECTION,
  says,
});

/** The address, in two where one of its bits says that memory is encrypted. */
function addressFields(encryptionBit: number | undefined): FieldFacts[] {
  const address = (high: number, low: number): FieldFacts[] =>
    high < low ? [] : [{ name: "address", bits: [high, low], section: SECTION, says: "address" }];
  if (encryptionBit === undefined) return address(...ADDRESS);
  return [
    ...address(encryptionBit - 1, ADDRESS[1]),
    one("C", encryptionBit, ["not encrypted", "encrypted"]),
    ...address(ADDRESS[0], encryptionBit + 1),
  ];
}

const nextLevel = (value: number): string =>
  value === 0
    ? "a leaf of this level's size"
    : value === 7
      ? "a leaf; its size is in the address"
      : `a table of level ${value - 1}`;

/** The fields of AMDv1 entries. */
export function amdFields({ encryptionBit }: AmdV1Config): EntryFields {
  return ({ kind }) => [
    one("PR", 0, ["not present", "present"]),
    one("A", 5, ["not accessed", "accessed"]),
    ...(kind === "leaf" ? [one("D", 6, ["clean", "dirty"])] : []),
    { name: "NextLevel", bits: [11, 9], section: SECTION, says: nextLevel },
    ...addressFields(encryptionBit),
    ...(kind === "leaf"
      ? [
          one("U", 59, ["", "no guest translation"]),
          one("FC", 60, ["snooping as the device says", "accesses snoop always"]),
        ]
      : []),
    one("IR", 61, ["no reading", "reading"]),
    one("IW", 62, ["no writing", "writing"]),
  ];
}
