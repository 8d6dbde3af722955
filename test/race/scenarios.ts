// Which races are run.
import { PATTERNS, type Scenario } from "./scenario.js";

/** One of each kind of item, root, size of tables and coherency. */
const RACED = [
  "S1 4K",
  "S1 4K, contiguous hint",
  "S1 16K",
  "v7s",
  "AMDv1",
  "VT-d, four levels",
  "VT-d, not coherent",
  "x86-64, 48 bits signed",
  "RISC-V Sv48, NAPOT",
  "DART2 16K",
];
const ROOMY = 16 * 2 ** 20;
/** Less than the tables of all units take, in either size of tables, beside the chunk from which the first realm took the root. */
const SCARCE = { "4K": 112 * 2 ** 12, "16K": 44 * 2 ** 14 };

/** Each configuration in each pattern, and with a pool that runs dry. */
export function scenarios(seed: number, steps: number): Scenario[] {
  return RACED.flatMap((configuration, i) => {
    const scarce = configuration.includes("16K") ? SCARCE["16K"] : SCARCE["4K"];
    const row = { configuration, steps, seed: seed + i };
    return [
      ...PATTERNS.map((pattern) => ({ ...row, pattern, realms: 2, bytes: ROOMY })),
      { ...row, pattern: "interleaved" as const, realms: 4, bytes: ROOMY },
      { ...row, pattern: "whole tables" as const, realms: 2, bytes: scarce },
      { ...row, pattern: "handed over" as const, realms: 3, bytes: scarce },
    ];
  });
}
