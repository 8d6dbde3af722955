// The fields of RISC-V entries in words. The RISC-V Instruction Set Manual, volume II: 12.4-12.6, Svnapot, Svpbmt.
import type { EntryFields, FieldFacts } from "./facts.js";

export const RISCV_MANUAL = "The RISC-V Instruction Set Manual, volume II";

const SECTION = "12.4.1";

const one = (name: string, bit: number, says: readonly [string, string], section: string = SECTION): FieldFacts => ({
  name,
  bits: [bit, bit],
  section,
  says,
});

/** The fields of Sv39, Sv48 and Sv57 entries. */
export function riscvFields(): EntryFields {
  return ({ kind }) => {
    const pageNumber: FieldFacts = { name: "PPN", bits: [53, 10], section: SECTION, says: "address" };
    const rights: readonly FieldFacts[] = [
      one("V", 0, ["not valid", "valid"]),
      one("R", 1, ["no reading", "reading"]),
      one("W", 2, ["no writing", "writing"]),
      one("X", 3, ["no execution", "execution"]),
    ];
    const software: FieldFacts = {
      name: "RSW",
      bits: [9, 8],
      section: SECTION,
      says: (value) => (value === 0 ? "" : "for software"),
    };
    if (kind === "table") return [...rights, software, pageNumber];
    return [
      ...rights,
      one("U", 4, ["supervisor only", "user"]),
      one("G", 5, ["this address space only", "every address space"]),
      one("A", 6, ["not accessed", "accessed"]),
      one("D", 7, ["clean", "dirty"]),
      software,
      pageNumber,
      {
        name: "PBMT",
        bits: [62, 61],
        section: "Svpbmt",
        says: ["as the platform says (PMA)", "non-cacheable (NC)", "input and output (IO)", "reserved"],
      },
      one("N", 63, ["one page", "one of 16 items of a 64K page"], "Svnapot"),
    ];
  };
}
