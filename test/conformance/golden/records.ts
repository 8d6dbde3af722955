/**
 * The recorded cases as they are stored, and a reader that refuses every member it does not know: a record that says more
 * than the runner compares must not pass unseen.
 *
 * Addresses, sizes and masks are hex strings of unsigned 64-bit values, counts and errno are JSON numbers.
 */

import { hex, hexText, integer, type JsonRecord, list, range, record, refuseUnknown, text } from "./json.js";

/**
 * Flushes in the order they were asked for. "page" is a run of equal leaves `[iova, granule, count]`, "walk" an unlinked
 * table `[iova, size, granule]`, "sync" a gather `[start, last, table pages freed]`, "top" a new root level.
 */
export type FlushEvent =
  | readonly ["all"]
  | readonly ["walk", string, string, string]
  | readonly ["page", string, string, number]
  | readonly ["sync", string, string, number]
  | readonly ["top", number];

export type Range = readonly [bigint, bigint];

/** What a step returned. Members that a record lacks are undefined; no events is an empty list. */
export interface StepResult {
  /** 0 or -errno for what maps, bytes or an address for what unmaps or looks up. */
  readonly ret: number | bigint | undefined;
  readonly mapped: bigint | undefined;
  readonly ptes: readonly bigint[] | undefined;
  /** [iova, length] of what was found dirty. */
  readonly dirty: readonly Range[] | undefined;
  /** First and last address on the gather; first > last when it is fresh. */
  readonly gather: Range | undefined;
  /** Table pages on the gather's free list. */
  readonly ntab: number | undefined;
  readonly ev: readonly FlushEvent[];
  readonly al: number;
  readonly fr: number;
  readonly pagesLeft: number | undefined;
  readonly dump: DumpRecord | undefined;
  /** `info` answers what `new` answers. */
  readonly info: InitResult | undefined;
}

export interface DumpRecord {
  readonly tables: number;
  readonly leaves: number;
  readonly sha256: string;
  readonly text: readonly string[] | undefined;
}

export type RegisterFields = Readonly<Record<string, number>>;

/** What a configuration became, or why not: `ret` is 0, -errno, or null for a refusal without a reason. */
export interface InitResult {
  readonly ret: number | null;
  readonly pageSizes: bigint;
  readonly ias: number;
  readonly oas: number;
  /** Level and bytes of the root, where the record has them. */
  readonly rootLevel: number | undefined;
  readonly rootBytes: number | undefined;
  readonly registers: Readonly<Record<string, number | bigint | RegisterFields>>;
  readonly al: number;
}

export interface Scenario {
  readonly name: string;
  readonly new: string;
  readonly init: InitResult;
  readonly steps: readonly (readonly [string, StepResult])[];
}

export interface Checkpoint {
  readonly operations: number;
  readonly dump: DumpRecord;
  /** SHA-256 over one line of compact JSON per operation so far: its events. */
  readonly eventsSha256: string;
}

export interface LargeCase {
  readonly name: string;
  readonly new: string;
  readonly init: InitResult;
  readonly operations: readonly string[];
  readonly results: readonly StepResult[];
  readonly checkpoints: readonly Checkpoint[];
  readonly free: StepResult;
}

export type GoldenFile =
  | { readonly kind: "scenarios"; readonly format: string; readonly scenarios: readonly Scenario[] }
  | { readonly kind: "init"; readonly init: readonly (readonly [string, InitResult])[] }
  | { readonly kind: "large"; readonly large: LargeCase };

export function parseGoldenFile(json: unknown, where: string): GoldenFile {
  const file = record(json, where);
  if (file.scenarios !== undefined) {
    const scenarios = list(file.scenarios, where).map((scenario) => parseScenario(record(scenario, where)));
    return { kind: "scenarios", format: text(file.format, where), scenarios };
  }
  if (Array.isArray(file.init)) {
    return {
      kind: "init",
      init: file.init.map((row: unknown) => {
        const [line, result] = list(row, where);
        const newLine = text(line, where);
        return [newLine, parseInit(record(result, newLine), newLine)];
      }),
    };
  }
  return { kind: "large", large: parseLarge(file) };
}

function parseScenario(scenario: JsonRecord): Scenario {
  const name = text(scenario.name, "scenario");
  return {
    name,
    new: text(scenario.new, name),
    init: parseInit(record(scenario.init, name), name),
    steps: list(scenario.steps, name).map((step, index) => {
      const [operation, result] = list(step, `${name}, step ${index}`);
      const line = text(operation, name);
      return [line, parseStepResult(record(result, line), `${name}, step ${index}: ${line}`)];
    }),
  };
}

function parseLarge(file: JsonRecord): LargeCase {
  const name = text(file.name, "large case");
  const operations = list(file.ops, name).map((line) => text(line, name));
  return {
    name,
    new: text(file.new, name),
    init: parseInit(record(file.init, name), name),
    operations,
    results: list(file.rets, name).map((ret) => parseShortResult(text(ret, name))),
    checkpoints: list(file.checkpoints, name).map((checkpoint) => {
      const [done, tables, leaves, dump, events] = list(checkpoint, name);
      return {
        operations: integer(done, name),
        dump: {
          tables: integer(tables, name),
          leaves: integer(leaves, name),
          sha256: text(dump, name),
          text: undefined,
        },
        eventsSha256: text(events, name),
      };
    }),
    free: parseStepResult(record(file.free, name), `${name}: free`),
  };
}

const NOTHING: StepResult = {
  ret: undefined,
  mapped: undefined,
  ptes: undefined,
  dirty: undefined,
  gather: undefined,
  ntab: undefined,
  ev: [],
  al: 0,
  fr: 0,
  pagesLeft: undefined,
  dump: undefined,
  info: undefined,
};

/** The short form of the large cases: `ret`, or `ret:mapped`. */
function parseShortResult(short: string): StepResult {
  const [ret = "", mapped] = short.split(":");
  return {
    ...NOTHING,
    ret: ret.startsWith("0x") ? hex(ret, short) : Number(ret),
    mapped: mapped === undefined ? undefined : hex(mapped, short),
  };
}

const STEP_MEMBERS = new Set(
  "ret mapped ptes dirty gather ntab ev al fr warn dsync pages_left tables leaves sha256 text".split(" "),
);
const INIT_MEMBERS = new Set(
  (
    "ret pgsize_bitmap ias oas start_level pgd_size bits_per_level regs al warn " +
    "aperture features max_vasz_lg2 max_oasz_lg2 top_level top_bytes range"
  ).split(" "),
);

function parseStepResult(result: JsonRecord, where: string): StepResult {
  if (result.pgsize_bitmap !== undefined) return { ...NOTHING, info: parseInit({ ret: 0, ...result }, where) };
  refuseUnknown(result, STEP_MEMBERS, where);
  const optional = <T>(name: string, parse: (value: unknown, where: string) => T): T | undefined =>
    result[name] === undefined ? undefined : parse(result[name], `${where}: ${name}`);
  return {
    ret: optional("ret", (value) => (typeof value === "number" ? value : hex(value, where))),
    mapped: optional("mapped", hex),
    ptes: optional("ptes", (value) => list(value, where).map((pte) => hex(pte, where))),
    dirty: optional("dirty", (value) => list(value, where).map((found) => range(found, where))),
    gather: optional("gather", range),
    ntab: optional("ntab", integer),
    ev: optional("ev", (value) => list(value, where).map((event) => parseEvent(event, where))) ?? [],
    al: optional("al", integer) ?? 0,
    fr: optional("fr", integer) ?? 0,
    pagesLeft: optional("pages_left", integer),
    dump: result.sha256 === undefined ? undefined : parseDump(result, where),
    info: undefined,
  };
}

function parseDump(result: JsonRecord, where: string): DumpRecord {
  return {
    tables: integer(result.tables, where),
    leaves: integer(result.leaves, where),
    sha256: text(result.sha256, where),
    text: result.text === undefined ? undefined : list(result.text, where).map((line) => text(line, where)),
  };
}

/** `aperture`, `range`, `features` and `bits_per_level` have no counterpart in the API and are not kept. */
function parseInit(result: JsonRecord, where: string): InitResult {
  refuseUnknown(result, INIT_MEMBERS, where);
  const ret = result.ret === null ? null : integer(result.ret, where);
  if (ret !== 0) {
    return {
      ret,
      pageSizes: 0n,
      ias: 0,
      oas: 0,
      rootLevel: undefined,
      rootBytes: undefined,
      registers: {},
      al: 0,
    };
  }
  const rootLevel = result.start_level ?? result.top_level;
  const rootBytes = result.pgd_size ?? result.top_bytes;
  return {
    ret,
    pageSizes: hex(result.pgsize_bitmap, where),
    ias: integer(result.ias ?? result.max_vasz_lg2, where),
    oas: integer(result.oas ?? result.max_oasz_lg2, where),
    rootLevel: rootLevel === undefined ? undefined : integer(rootLevel, where),
    rootBytes: rootBytes === undefined ? undefined : integer(rootBytes, where),
    registers: parseRegisters(record(result.regs, where), where),
    al: result.al === undefined ? 0 : integer(result.al, where),
  };
}

function parseRegisters(registers: JsonRecord, where: string): InitResult["registers"] {
  return Object.fromEntries(
    Object.entries(registers).map(([name, value]) => {
      if (typeof value === "number") return [name, value];
      if (typeof value === "string") return [name, hex(value, where)];
      const fields = Object.entries(record(value, where)).map(([field, bits]) => [field, integer(bits, where)]);
      return [name, Object.fromEntries(fields)];
    }),
  );
}

function parseEvent(value: unknown, where: string): FlushEvent {
  const [kind, a, b, c] = list(value, where);
  switch (kind) {
    case "all":
      return ["all"];
    case "walk":
      return ["walk", hexText(a, where), hexText(b, where), hexText(c, where)];
    case "page":
    case "sync":
      return [kind, hexText(a, where), hexText(b, where), integer(c, where)];
    case "top":
      return ["top", integer(a, where)];
    default:
      throw new Error(`${where}: unknown event ${String(kind)}`);
  }
}
