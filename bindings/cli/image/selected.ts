// Which mappings of a table: a part of the addresses, and what they must or must not allow.
import type { IoPageTable, Mapping } from "../../index.js";
import { type AddressSpan, spanOption } from "../addressOption.js";
import type { CommandLine } from "../commandLine.js";
import type { OptionSpec } from "../commandSpec.js";
import { protOption } from "../protOption.js";
import { pageSizeOption } from "../replay/optionValues.js";

export const FILTERS: readonly OptionSpec[] = [
  {
    name: "range",
    value: "RANGE",
    text: "only addresses in 0x1000..0x1fff (both ends included), 0x1000+4K, or the one page of an address",
  },
  { name: "allows", value: "FLAGS", text: "only what allows all of these: READ, WRITE, CACHE, NOEXEC, MMIO, PRIV ..." },
  { name: "lacks", value: "FLAGS", text: "only what allows none of these" },
  { name: "leaf", value: "SIZE", text: "only leaves of this size" },
];

export interface Filters {
  readonly span: AddressSpan | undefined;
  readonly allows: number;
  readonly lacks: number;
  readonly leaf: number | undefined;
}

export function filtersOf(line: CommandLine): Filters {
  const [range, allows, lacks] = [line.text("range"), line.text("allows"), line.text("lacks")];
  return {
    span: range === undefined ? undefined : spanOption("--range", range),
    allows: allows === undefined ? 0 : protOption("--allows", allows),
    lacks: lacks === undefined ? 0 : protOption("--lacks", lacks),
    leaf: pageSizeOption("--leaf", line.text("leaf")),
  };
}

/** Runs of leaves, ascending; neighbours that lead on and allow the same are one run only where their leaves are of one size. */
export function* selected(table: IoPageTable, { span, allows, lacks, leaf }: Filters): Generator<Mapping> {
  for (const mapping of span === undefined ? table.mappings() : inSpan(table, span)) {
    const { prot, pageSize } = mapping;
    if ((prot & allows) === allows && (prot & lacks) === 0 && (leaf === undefined || pageSize === leaf)) yield mapping;
  }
}

/** The library takes page multiples. */
function inSpan(table: IoPageTable, { first, last }: AddressSpan): IterableIterator<Mapping> {
  const page = BigInt(table.pageSizes[0] ?? 4096);
  const start = first - (first % page);
  const end = last - (last % page) + page;
  return table.mappings(start, Number(end - start));
}
