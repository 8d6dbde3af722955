// The fields of x86-64 entries in words. AMD64 Architecture Programmer's Manual volume 2 (24593), 5.3-5.4.
import type { EntryFields, FieldFacts } from "./facts.js";
import type { X86Config } from "./x86_64.js";

export const X86_MANUAL = "AMD64 Architecture Programmer's Manual, volume 2 (24593)";

const SECTION = "5.4.1";

const one = (name: string, bit: number, says: readonly [string, string]): FieldFacts => ({
  name,
  bits: [bit, bit],
  section: SECTION,
  says,
});

function addressFields(low: number, encryptionBit: number | undefined): FieldFacts[] {
  const address = (high: number, from: number): FieldFacts[] =>
    high < from ? [] : [{ name: "address", bits: [high, from], section: "5.3", says: "address" }];
  if (encryptionBit === undefined) return address(51, low);
  const c = one("C", encryptionBit, ["not encrypted", "encrypted"]);
  return [...address(encryptionBit - 1, low), c, ...address(51, Math.max(low, encryptionBit + 1))];
}

const software = (high: number, low: number): FieldFacts => ({
  name: "AVL",
  bits: [high, low],
  section: SECTION,
  says: (value) => (value === 0 ? "" : "for software"),
});

/** The fields of x86-64 entries. */
export function x86Fields({ encryptionBit }: X86Config): EntryFields {
  return ({ kind, level, shift }) => {
    const leaf = kind === "leaf";
    const pat = (bit: number): FieldFacts => one("PAT", bit, ["PAT entry 0 to 3", "PAT entry 4 to 7"]);
    return [
      one("P", 0, ["not present", "present"]),
      one("R/W", 1, ["read-only", "read and write"]),
      one("U/S", 2, ["privileged only", "unprivileged too"]),
      one("PWT", 3, ["write-back", "write-through"]),
      one("PCD", 4, ["cacheable", "not cacheable"]),
      one("A", 5, ["not accessed", "accessed"]),
      ...(leaf ? [one("D", 6, ["clean", "dirty"])] : []),
      ...(level === 0 ? [pat(7)] : [one("PS", 7, ["a table", "a leaf"])]),
      ...(leaf ? [one("G", 8, ["this address space only", "every address space"])] : []),
      software(11, 9),
      ...(leaf && level > 0 ? [pat(12)] : []),
      ...addressFields(leaf ? shift : 12, encryptionBit),
      software(58, 52),
      ...(leaf
        ? [
            {
              name: "MPK",
              bits: [62, 59],
              section: SECTION,
              says: (value: number) => `protection key ${value}`,
            } as const,
          ]
        : []),
      one("NX", 63, ["execution allowed", "no execution"]),
    ];
  };
}
