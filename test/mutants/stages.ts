// The tests that a mutant has to get past, the quickest and most telling first.

export interface Stage {
  readonly name: string;
  readonly args: readonly string[];
  /** Runs of each random sequence; default those of the tests. */
  readonly runs?: number;
  /** Longer than this is a hang: many times what it takes, also on a machine that has other work. */
  readonly seconds: number;
}

/** Configurations of small tables, one for each shape: those of larger granules take minutes to be listed leaf by leaf. */
const SMALL = [
  "S1 4K, short root",
  "S1 4K, dirty bits, secure",
  "S1 4K, contiguous hint",
  "32-bit S2, root of two tables",
  "Mali, root of one entry",
  "AMDv1, growing",
  "AMDv1, encrypted",
  "VT-d, three levels",
  "VT-d, not coherent",
  "x86-64, 48 bits signed",
  "RISC-V Sv48, NAPOT",
  "v7s, MediaTek",
  "DART 4K, four roots",
];
const named = (names: readonly string[]): string =>
  `(${names.map((name) => name.replaceAll(/[.()]/g, ".")).join("|")})$`;

const bindings = (...files: readonly string[]): string[] => files.map((file) => `test/bindings/${file}.test.ts`);

export const STAGES: readonly Stage[] = [
  { name: "literal encodings", args: ["test/conformance/selftest"], seconds: 600 },
  {
    name: "calls",
    args: bindings(
      "changes",
      "mapRepeat",
      "readDirty",
      "contiguousHint",
      "syncForDevice",
      "growth",
      "lifetime",
      "gather",
      "gatherRanges",
      "severalRoots",
      "quarantine",
      "writtenRuns",
      "racingMappers",
      "workers",
      "encryptionBit",
      "mapped",
      "wholeSpace",
      "protection",
      "open",
      "allocator",
      "tableMemory",
      "tableReach",
    ),
    seconds: 1200,
  },
  {
    name: "random calls",
    args: ["test/property/commandModel.test.ts", "-t", named(SMALL)],
    runs: 6,
    seconds: 1200,
  },
  {
    name: "lists and callbacks",
    args: bindings("callbacks", "inputSpaces", "lists/calls", "lists/entries", "lists/failures", "lists/segments"),
    seconds: 1200,
  },
  { name: "recorded cases", args: ["test/conformance/golden"], seconds: 1200 },
  {
    name: "conformance suite",
    args: ["attributes", "leaves", "pageSizes", "maps.", "dirty", "space", "addressBits", "tablePointers"].map(
      (file) => `test/conformance/suite/${file}`,
    ),
    seconds: 1200,
  },
];
