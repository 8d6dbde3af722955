import type { ErrorCode } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { endOf, inputRange, smallestPage } from "../../configurations/geometry.js";

export type Kind =
  | "iova"
  | "paddr"
  | "size"
  | "prot"
  | "pageSize"
  | "count"
  | "access"
  | "gather"
  | "unmapOptions"
  | "pages"
  | "frames"
  | "segments"
  | "part";

export interface BadValue {
  value: unknown;
  says: string;
  /**
   * "malformed": wrong in its type, so that every call throws. "unfit": wrong for this table, which Linux's calls say in their
   * result. "inexact": a number too large to be meant, which Linux's calls may say either way.
   */
  form: "malformed" | "unfit" | "inexact";
  codes: readonly ErrorCode[];
}

const badValue =
  (form: BadValue["form"]) =>
  (says: string, value: unknown, ...codes: ErrorCode[]): BadValue => ({
    says,
    value,
    form,
    codes: codes.length > 0 ? codes : ["EINVAL"],
  });
const malformed = badValue("malformed");
const unfit = badValue("unfit");
const inexact = badValue("inexact");

/** No integer, or no number at all. */
const NOT_A_COUNT: readonly BadValue[] = [
  malformed("NaN", Number.NaN),
  malformed("infinite", Number.POSITIVE_INFINITY),
  malformed("negative", -1),
  malformed("a fraction", 0.5),
  // 2^53 + 1 is no number of its own; the first one above 2^53 is this.
  inexact("above 2^53 and no page multiple", 2 ** 53 + 2, "EINVAL", "ERANGE"),
  malformed("a negative bigint", -1n),
  malformed("a bigint of 2^64", 2n ** 64n, "ERANGE", "EINVAL"),
  malformed("a string", "0x0"),
  malformed("undefined", undefined),
  malformed("null", null),
  malformed("an object", {}),
];

const unaligned = (c: Configuration) => Number(smallestPage(c) + smallestPage(c) / 2n);

function outsideInput(c: Configuration): BadValue[] {
  const { iova, size } = inputRange(c);
  const after = endOf({ iova, size });
  const outside: BadValue[] = [];
  if (after < 2n ** 64n) outside.push(unfit("above the input range", Number(after), "ERANGE"));
  if (after <= 2n ** 53n)
    outside.push(unfit("2^53", 2 ** 53, "ERANGE"), unfit("2^53 + 1", 2n ** 53n + 1n, "ERANGE", "EINVAL"));
  if (iova > 0n) outside.push(unfit("below the input range", Number(smallestPage(c)), "ERANGE"));
  return outside;
}

const NO_LIST: readonly BadValue[] = [
  malformed("undefined", undefined),
  malformed("null", null),
  malformed("a number", 4096),
  malformed("a string", "4096"),
  malformed("an object", { length: 1, 0: 4096 }),
  malformed("nothing", []),
  malformed("a list of the wrong type", Int32Array.of(4096)),
];

/** A value among good ones, at the start and at the end of a list. */
function amongGood(c: Configuration, put: (value: unknown, good: number) => unknown): BadValue[] {
  const page = Number(smallestPage(c));
  return badValues(c, "paddr").flatMap(({ says, value, form, codes }) =>
    [
      [value, 6 * page],
      [6 * page, value],
    ].map((pair) => ({ says: `${says} among others`, value: pair.map((x) => put(x, page)), form, codes })),
  );
}

function badSegments(c: Configuration): BadValue[] {
  const sizes = badValues(c, "size").filter(({ says }) => says !== "past the end");
  return [
    ...sizes.map((bad) => ({ ...bad, says: `a size that is ${bad.says}`, value: [{ paddr: 0, size: bad.value }] })),
    malformed("a bare number", [Number(smallestPage(c))]),
    malformed("a hole", new Array(1)),
  ];
}

/** What no call may accept in a place of this kind. */
export function badValues(c: Configuration, kind: Kind): readonly BadValue[] {
  switch (kind) {
    case "iova":
      return [
        ...NOT_A_COUNT,
        unfit("misaligned", inputRange(c).iova + BigInt(unaligned(c)), "EINVAL"),
        ...outsideInput(c),
      ];
    case "paddr":
      return [...NOT_A_COUNT, unfit("misaligned", unaligned(c), "EINVAL"), unfit("outside", 2 ** c.oas, "ERANGE")];
    case "size":
      return [
        ...NOT_A_COUNT,
        unfit("nothing", 0, "EINVAL"),
        unfit("misaligned", unaligned(c), "EINVAL"),
        unfit("past the end", 2 ** c.ias - Number(smallestPage(c)), "ERANGE"),
      ];
    case "prot":
      return [...NOT_A_COUNT, unfit("no access", 0, "EINVAL"), malformed("an unknown flag", 2 ** 45 + 3)];
    case "pageSize":
      return [
        ...NOT_A_COUNT,
        unfit("nothing", 0, "EINVAL"),
        unfit("no page size", Number(3n * smallestPage(c)), "EINVAL"),
      ];
    case "count":
      return [...NOT_A_COUNT, unfit("nothing", 0, "EINVAL")];
    case "access":
      return [...NOT_A_COUNT, malformed("an unknown kind", 16)];
    case "gather":
      return [
        malformed("a number", 1),
        malformed("a string", "gather"),
        malformed("no gather of the library", { sync() {} }),
      ];
    case "pages":
      return [...NO_LIST, malformed("an empty array", new Float64Array(0)), ...amongGood(c, (value) => value)];
    case "frames":
      return [
        ...NO_LIST,
        malformed("an empty array", new Uint32Array(0)),
        malformed("NaN among others", Float64Array.of(6, Number.NaN)),
        malformed("a fraction among others", Float64Array.of(6.5, 9)),
        malformed("negative among others", Float64Array.of(6, -1)),
        unfit("outside among others", Float64Array.of(6, 2 ** c.oas / Number(smallestPage(c))), "ERANGE"),
      ];
    case "segments":
      return [...NO_LIST, ...badSegments(c), ...amongGood(c, (paddr, size) => ({ paddr, size }))];
    case "part":
      return [
        malformed("null", null),
        malformed("a number", 4096),
        malformed("without a size", { start: 0 }),
        malformed("without a start", { size: Number(smallestPage(c)) }),
        malformed("past the end", { start: 0, size: Number(smallestPage(c)) * 3 }),
        malformed("of nothing", { start: 0, size: 0 }),
        malformed("misaligned", { start: Number(smallestPage(c)) / 2, size: Number(smallestPage(c)) }),
      ];
    case "unmapOptions":
      return [
        malformed("an unknown partial", { partial: "some" }),
        malformed("no gather of the library", { gather: { sync() {} } }),
      ];
  }
}
