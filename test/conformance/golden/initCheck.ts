/** Compares what a configuration became: geometry, root and registers. */

import type { IoPageTable } from "../../../bindings/index.js";
import { differs } from "./compare.js";
import { inputRange, type NewLine } from "./newLine.js";
import type { InitResult } from "./records.js";
import type { Session } from "./session.js";
import type { Tally } from "./tally.js";

type Registers = Readonly<Record<string, unknown>>;

/**
 * Recorded register -> ours. `*_attr` is the register less the physical address of the root: what is left are the
 * attributes beside the address.
 */
const REGISTERS: Readonly<Record<string, (registers: Registers, root: bigint) => unknown>> = {
  ttbr_attr: ({ ttbr }, root) => toBigint(ttbr) - root,
  vttbr_attr: ({ vttbr }, root) => toBigint(vttbr) - root,
  transtab_attr: ({ transtab }, root) => toBigint(transtab) - root,
  host_pt_root_attr: (registers, root) => toBigint(registers.root) - root,
  ssptptr_attr: ({ ssptptr }, root) => toBigint(ssptptr) - root,
  gcr3_pt_attr: ({ cr3 }, root) => toBigint(cr3) - root,
  ppn_attr: ({ ppn }, root) => toBigint(ppn) - (root >> 12n),
  tcr: ({ tcr }) => tcr,
  vtcr: ({ vtcr }) => vtcr,
  mair: ({ mair }) => mair,
  memattr: ({ memattr }) => memattr,
  nmrr: ({ nmrr }) => nmrr,
  prrr: ({ prrr }) => prrr,
  n_ttbrs: ({ ttbr }) => (Array.isArray(ttbr) ? ttbr.length : undefined),
  n_levels: ({ levels }) => levels,
  levels: ({ levels }) => levels,
  mode: ({ mode }) => mode,
  fsc_iosatp_mode: ({ mode }) => mode,
  aw: ({ aw }) => aw,
};

export const MAIR_SIGN = "mair is the 32-bit value (Linux sign-extends it)";
const SIGN = 0xffff_ffff_0000_0000n;

export function initDifference(expected: InitResult, session: Session, tally: Tally): string | null {
  const { table } = session;
  return (
    differs("ias", expected.ias, table.ias) ??
    differs("oas", expected.oas, table.oas) ??
    differs("page sizes", expected.pageSizes, pageSizeMask(table)) ??
    rootDifference(expected, table) ??
    registerDifference(expected, session, tally)
  );
}

function rootDifference(expected: InitResult, table: IoPageTable<unknown>): string | null {
  if (expected.rootLevel === undefined || expected.rootBytes === undefined) return null;
  const line = table.dump().split("\n", 1)[0];
  return differs("root line", `R 0 ${expected.rootLevel} ${expected.rootBytes / 8}`, line);
}

function registerDifference(expected: InitResult, session: Session, tally: Tally): string | null {
  const root = rootPaddr(session.table, session.config, expected.ias);
  const registers = session.table.registers as Registers;
  for (const [name, recorded] of Object.entries(expected.registers)) {
    const read = REGISTERS[name];
    if (read === undefined) return `register ${name}: the runner does not know it`;
    const difference = differs(
      `register ${name}`,
      numeric(withoutSign(name, recorded, tally)),
      numeric(read(registers, root)),
    );
    if (difference !== null) return difference;
  }
  return null;
}

function withoutSign(name: string, recorded: InitResult["registers"][string], tally: Tally): unknown {
  if (name !== "mair" || typeof recorded !== "bigint" || (recorded & SIGN) !== SIGN) return recorded;
  tally.differs(MAIR_SIGN);
  return recorded & ~SIGN;
}

/** The first entry of a walk to the lowest address is the first of the root. */
function rootPaddr(table: IoPageTable<unknown>, config: NewLine, ias: number): bigint {
  const lowest = config.api === "io-pgtable" ? inputRange(config, ias)[0] : 0n;
  const first = table.walk(lowest)[0];
  if (first === undefined) throw new Error("a walk without a step");
  return BigInt(first.entryPaddr);
}

function pageSizeMask(table: IoPageTable<unknown>): bigint {
  return table.pageSizes.reduce((mask, size) => mask | BigInt(size), 0n);
}

/** Ours are numbers or bigints, the recorded are by width: compared by value, fields in the order of their names. */
function numeric(value: unknown): unknown {
  if (typeof value === "number") return BigInt(value);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, field]) => [name, numeric(field)]));
}

function toBigint(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "number") return BigInt(value);
  throw new Error(`a register that is ${typeof value}`);
}
