// The fields of DART entries in words, as Linux's io-pgtable-dart has them; Apple publishes none.
import type { EntryFields, FieldFacts } from "./facts.js";

export const DART_MANUAL = "Linux, drivers/iommu/io-pgtable-dart.c (Apple publishes none)";

const one = (name: string, bit: number, says: readonly [string, string]): FieldFacts => ({
  name,
  bits: [bit, bit],
  section: "enum of its bits",
  says,
});
const VALID = one("VALID", 0, ["not valid", "valid"]);
const part = (value: number): string => `0x${value.toString(16)}`;
const SUBPAGE: readonly FieldFacts[] = [
  {
    name: "SP_END",
    bits: [51, 40],
    section: "sub-page protection",
    says: (value) => `the part of the page that is mapped ends at ${part(value)}`,
  },
  { name: "SP_START", bits: [63, 52], section: "sub-page protection", says: (value) => `and begins at ${part(value)}` },
];

/** DART: the address as it is. */
export function dartFields(): EntryFields {
  return ({ kind }) => {
    const address: FieldFacts = { name: "address", bits: [35, 12], section: "DART1", says: "address" };
    if (kind === "table") return [VALID, address];
    return [
      VALID,
      one("SP_DIS", 1, ["sub-page protection", "no sub-page protection"]),
      one("NO_WRITE", 7, ["writable", "not writable"]),
      one("NO_READ", 8, ["readable", "not readable"]),
      address,
      ...SUBPAGE,
    ];
  };
}

/** DART2: the address moved down by four bits. */
export function dart2Fields(): EntryFields {
  return ({ kind }) => {
    const address: FieldFacts = { name: "address >> 4", bits: [37, 10], section: "DART2", says: "address" };
    if (kind === "table") return [VALID, address];
    return [
      VALID,
      one("NO_CACHE", 1, ["cached", "not cached"]),
      one("NO_WRITE", 2, ["writable", "not writable"]),
      one("NO_READ", 3, ["readable", "not readable"]),
      address,
      ...SUBPAGE,
    ];
  };
}
