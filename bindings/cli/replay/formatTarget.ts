import { CATALOGUE } from "../../formats/catalogue.js";
import type { FormatFacts } from "../../formats/facts.js";
import type { CommonConfig } from "../../formats/format.js";
import { type FlushOps, IoPageTable, IoPgtableError, Prot, TableMemory } from "../../index.js";
import { granulesOf, makeFrom } from "../formats/granules.js";
import { granuleOf } from "./granule.js";
import { pageSize } from "./numberText.js";
import type { TraceRecord } from "./record.js";
import type { ReplayTarget } from "./target.js";
import { UnusableOption } from "./unusableInput.js";

/** The command line's own say in how a format is configured. */
export interface FormatOptions {
  readonly ias?: number | undefined;
  readonly oas?: number | undefined;
  /** The smallest leaf. */
  readonly pageSize?: number | undefined;
}

const NO_FLUSH: FlushOps = { flushAll() {}, flushWalk() {}, flushRange() {} };
const PROBE_BYTES = 2 ** 22;

export function factsOf(name: string): FormatFacts {
  const facts = CATALOGUE.find((each) => each.name === name);
  if (facts) return facts;
  const names = CATALOGUE.map((each) => each.name).join(", ");
  throw new UnusableOption(`--format ${name}: no such format; there are ${names}`);
}

function configure(facts: FormatFacts, record: TraceRecord, options: FormatOptions): CommonConfig {
  const { ias = facts.usual.ias, oas = facts.usual.oas } = options;
  if (options.pageSize === undefined) {
    const granules = granulesOf(facts);
    const granule = granuleOf(
      record,
      granules.map((each) => each.granule),
    );
    return { ias, oas, pageSizes: granules.find((each) => each.granule === granule)?.pageSizes ?? [] };
  }
  const made = makeFrom(facts.make, options.pageSize, { ias, oas });
  if (made === null) {
    const size = pageSize(options.pageSize);
    throw new UnusableOption(`${facts.name} has no table of smallest leaves of ${size} with ias ${ias} and oas ${oas}`);
  }
  return { ias, oas, pageSizes: made.pageSizes };
}

/** What the entry of a write-only page really lets through. */
function readsWhatItWrites(facts: FormatFacts, config: CommonConfig): boolean {
  const memory = TableMemory.create({ bytes: PROBE_BYTES });
  const table = new IoPageTable(memory, { format: facts.make(config), flush: NO_FLUSH });
  table.map(0, 0, Math.min(...table.pageSizes), Prot.WRITE);
  const [mapping] = table.mappings();
  table.destroy();
  return ((mapping?.prot ?? 0) & Prot.READ) !== 0;
}

/** Any format, by `map` and `unmap`: with the largest granule that all requests of the record keep to. */
export function formatTarget(facts: FormatFacts, record: TraceRecord, options: FormatOptions): ReplayTarget {
  const config = configure(facts, record, options);
  try {
    return {
      format: facts.name,
      call: "map",
      entries: null,
      readsWhatItWrites: readsWhatItWrites(facts, config),
      createTable: (memory, flush) => ({
        table: new IoPageTable(memory, { format: facts.make(config), flush }),
        registersOtherThan: () => null,
      }),
    };
  } catch (error) {
    if (error instanceof IoPgtableError) throw new UnusableOption(error.message);
    throw error;
  }
}
