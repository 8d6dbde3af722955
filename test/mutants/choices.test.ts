// All mutants of a source stand in it as choices.
import { describe, expect, it } from "vitest";
import { type Numbered, withChoices } from "./choices.js";
import { mutationsOf } from "./mutations.js";

const CONSTANTS = `export const LIMIT: u32 = 4;
export class Bits {
  static readonly VALID: u64 = 1 << 2;
  static readonly ALL: u64 = Bits.VALID | MORE;
}
export const MORE: u64 = LIMIT;
`;

const USES = `import { Bits, LIMIT } from "./constants";
export function small(x: u32): bool {
  if (x == LIMIT + 1) return true;
  return (x & <u32>Bits.VALID) != 0 && x < LIMIT;
}
`;

const SOURCES = new Map([
  ["a/constants.ts", CONSTANTS],
  ["a/uses.ts", USES],
]);

function written(): Map<string, string> {
  const mutations = [...SOURCES].flatMap(([file, text]) => mutationsOf(file, text));
  const choices: Numbered[] = mutations.map((mutation, i) => ({ id: i + 1, mutation }));
  return withChoices(SOURCES, choices, { chosen: (id) => `m == ${id}`, header: "// m" });
}

describe("withChoices", () => {
  it("makes a constant a function, whose value is a choice, and calls it where it is used", () => {
    expect(written().get("a/constants.ts")).toContain(
      "@inline export function LIMIT(): u32 { return  (m == 1 ? 5 : 4); }",
    );
    expect(written().get("a/uses.ts")).toContain('import { Bits, LIMIT } from "./constants";');
  });

  it("makes a static constant a getter", () => {
    const getter = "@inline static get VALID(): u64 { return  (m == 2 ? 2 : 1) << (m == 3 ? 3 : 2); }";
    expect(written().get("a/constants.ts")).toContain(getter);
  });

  it("does the same with what is made of other constants only", () => {
    expect(written().get("a/constants.ts")).toContain("@inline static get ALL(): u64 { return  Bits.VALID | MORE(); }");
    expect(written().get("a/constants.ts")).toContain("@inline export function MORE(): u64 { return  LIMIT(); }");
  });

  it("breaks a comparison with whole operands, and the operands where it is whole", () => {
    const text = written().get("a/uses.ts") ?? "";
    expect(text).toContain("(m == 4 ? x !=  LIMIT() + 1 : x ==  LIMIT() + (m == 5 ? 2 : 1))");
    expect(text).toContain("(m == 9 ? x <=  LIMIT() : x <  LIMIT())");
  });
});
