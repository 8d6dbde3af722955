// The fields of VT-d second-stage entries in words. Intel Virtualization Technology for Directed I/O (D51397), 9.8.
import type { EntryFields, FieldFacts } from "./facts.js";

export const VTD_MANUAL = "Intel Virtualization Technology for Directed I/O (D51397)";

const SECTION = "9.8";
const MEMORY_TYPES: readonly string[] = [
  "uncacheable",
  "write-combining",
  "reserved",
  "reserved",
  "write-through",
  "write-protected",
  "write-back",
  "reserved",
];

const one = (name: string, bit: number, says: readonly [string, string]): FieldFacts => ({
  name,
  bits: [bit, bit],
  section: SECTION,
  says,
});
const ALLOWED: readonly FieldFacts[] = [
  one("R", 0, ["no reading", "reading"]),
  one("W", 1, ["no writing", "writing"]),
  one("X", 2, ["no execution", "execution, where requests tell"]),
];

/** The fields of second-stage entries. */
export function vtdFields(): EntryFields {
  return ({ kind, level, shift }) => {
    if (kind === "table") {
      return [
        ...ALLOWED,
        one("A", 8, ["not accessed", "accessed"]),
        one("software", 10, ["", "written back, for a walker that does not snoop (Linux's use)"]),
        { name: "address", bits: [51, 12], section: SECTION, says: "address" },
      ];
    }
    return [
      ...ALLOWED,
      { name: "EMT", bits: [5, 3], section: SECTION, says: MEMORY_TYPES },
      one("IPAT", 6, ["PAT counts", "PAT is ignored"]),
      ...(level > 0 ? [one("PS", 7, ["a table", "a leaf"])] : []),
      one("A", 8, ["not accessed", "accessed"]),
      one("D", 9, ["clean", "dirty"]),
      one("SNP", 11, ["snooping as the device says", "accesses snoop always"]),
      { name: "address", bits: [51, shift], section: SECTION, says: "address" },
      { name: "software", bits: [60, 52], section: SECTION, says: (value) => (value === 0 ? "" : "for software") },
    ];
  };
}
