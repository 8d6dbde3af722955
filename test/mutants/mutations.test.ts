// What is broken in a source, and by what a mutant is known from run to run.
import { describe, expect, it } from "vitest";
import { keyOf, mutate, mutationsOf } from "./mutations.js";

const SOURCE = `import { Bits, LIMIT } from "./constants";
export function small(x: u32): bool {
  if (x == LIMIT + 1) return true;
  return (x & <u32>Bits.VALID) != 0 && x < LIMIT;
}
`;

describe("mutationsOf", () => {
  it("finds each constant and each comparison, in order, and nothing in types and imports", () => {
    const found = mutationsOf("a/uses.ts", SOURCE).map(({ line, old, new: other }) => [line, old, other]);
    expect(found).toEqual([
      [3, "==", "!="],
      [3, "1", "2"],
      [3, "true", "false"],
      [4, "!=", "=="],
      [4, "0", "1"],
      [4, "<", "<="],
    ]);
  });

  it("tells the function around each", () => {
    const source =
      "const A = 1; class B { static c(): u32 { return 2; } get d(): u32 { return 3; } } function e(): u32 { return 4; } const F = 5;";
    expect(mutationsOf("a.ts", source).map(({ within }) => within)).toEqual(["", "c", "d", "e", ""]);
  });

  it("leaves out the absent object of a method call, and no other zero beside it", () => {
    const found = mutationsOf("a.ts", "const f = changetype<F>(0).shift(0) + changetype<u32>(1);");
    expect(found.map(({ column, old }) => [column, old])).toEqual([
      [34, "0"],
      [55, "1"],
    ]);
  });

  it("tells where: applied by itself, each changes its place alone", () => {
    const [first] = mutationsOf("a/uses.ts", SOURCE);
    expect(first && mutate(SOURCE, first)).toBe(SOURCE.replace("x == LIMIT", "x != LIMIT"));
  });

  it("writes the next number as the number was written", () => {
    const source = "a(9, 0xff, 1_000, 0xfff_0000, 2.0)";
    expect(mutationsOf("a.ts", source).map((one) => one.new)).toEqual(["10", "0x100", "1001", "0xfff0001", "3.0"]);
  });
});

describe("keyOf", () => {
  const keys = (source: string): string[] => mutationsOf("a.ts", source).map(keyOf);

  it("is another one for each mutant, also of equal lines", () => {
    const all = keys("if (a == 0 || b == 0) return;\n".repeat(2));
    expect(new Set(all).size).toBe(8);
  });

  it("stays when the line moves, and not when it changes", () => {
    expect(keys("first();\n  x = 1;")).toEqual(keys("x = 1;"));
    expect(keys("x = y + 1;")).not.toEqual(keys("x = 1;"));
  });
});
