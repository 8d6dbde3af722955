import { IoPgtableError, type TableMemory } from "../../index.js";
import { AddressRanges } from "./addressRanges.js";
import { CallReplay } from "./callReplay.js";
import { compareMappings } from "./compareMappings.js";
import { compareTables } from "./compareTables.js";
import { Differences } from "./differences.js";
import { type Domain, Domains } from "./domains.js";
import { hex } from "./hexText.js";
import type { KernelTables } from "./kernelTables.js";
import { type LoggedOperation, Op } from "./operationLog.js";
import { RangeReplay } from "./rangeReplay.js";
import type { Mark, TraceRecord } from "./record.js";
import type { MarkResult } from "./report.js";
import { RequestReplay } from "./requestReplay.js";
import type { ReplayTarget } from "./target.js";
import { UnusableInput } from "./unusableInput.js";
import { Usage } from "./usage.js";

const OPERATIONS_BETWEEN_PROGRESS = 2048;
const STEPS = { mapPages: CallReplay, mapRange: RangeReplay, map: RequestReplay } as const;
const NOTHING_MISSING: ReadonlyMap<Mark, AddressRanges> = new Map();

/** Executes a whole record once, with every check that the record allows. */
export class CheckedReplay {
  readonly differences: Differences = new Differences();
  readonly usage: Usage = new Usage();
  readonly marks: MarkResult[] = [];
  readonly domains: Domains;
  readonly steps: CallReplay | RangeReplay | RequestReplay;
  registersEqual: boolean | null = null;
  readonly #record: TraceRecord;
  readonly #target: ReplayTarget;
  readonly #tables: KernelTables | null;
  readonly #tablesFile: string;
  readonly #missingAt: ReadonlyMap<Mark, AddressRanges>;

  constructor(
    memory: TableMemory,
    record: TraceRecord,
    target: ReplayTarget,
    tables: KernelTables | null,
    tablesFile: string,
    missingAt: ReadonlyMap<Mark, AddressRanges> = NOTHING_MISSING,
  ) {
    this.#record = record;
    this.#target = target;
    this.#tables = tables;
    this.#tablesFile = tablesFile;
    this.#missingAt = missingAt;
    this.domains = new Domains(memory, target);
    this.steps = new STEPS[target.call](this.domains, record, this.differences, this.usage);
  }

  run(progress: (done: number, total: number) => void): void {
    const { log, marks } = this.#record;
    let nextMark = 0;
    for (let index = 0; index < log.length; index++) {
      if (index % OPERATIONS_BETWEEN_PROGRESS === 0) progress(index, log.length);
      const operation = log.at(index);
      if (operation.kind === Op.LOOKUP) this.#lookUp(operation);
      else if (operation.kind !== Op.MARK) this.#step(index, operation);
      for (; marks[nextMark]?.operation === index; nextMark++) this.#compareAt(marks[nextMark]);
    }
    this.steps.finish();
    for (const domain of this.domains.all()) this.#account(domain);
  }

  /** Every table page must come back. */
  destroy(): void {
    this.domains.destroy();
    const left = this.domains.memory.stats().tablePagesInUse;
    this.differences.check("accounting", left === 0, this.#record.lines, () => ({
      what: "table pages in use after the tables were destroyed",
      expected: "0",
      got: String(left),
    }));
  }

  /** Misuse of the API is the only thing that the Linux calls throw; a record that asks for it differs from the kernel. */
  #step(index: number, operation: LoggedOperation): void {
    try {
      this.steps.step(index, operation);
    } catch (error) {
      if (!(error instanceof IoPgtableError)) throw error;
      const { line, kind, iova } = operation;
      const check = kind === Op.MAP ? "map" : "unmap";
      this.differences.check(check, false, line, () => ({
        what: `${check} ${hex(iova)}`,
        expected: "a result",
        got: error.message,
      }));
    }
  }

  #lookUp({ line, domain, iova: page, count, paddr }: LoggedOperation): void {
    const iova = count === 0 ? page : BigInt(page) + BigInt(count);
    const found = this.domains.get(domain).table.iovaToPhys(iova);
    // The kernel answers 0 where nothing is mapped.
    this.differences.check("look-up", (found ?? 0) === paddr, line, () => ({
      what: `look-up of ${hex(iova)}`,
      expected: hex(paddr),
      got: found === null ? "nothing" : hex(found),
    }));
  }

  #compareAt(mark: Mark | undefined): void {
    if (mark === undefined || this.#tables === null) return;
    const { tag, line, root } = mark;
    const kernels = this.#tables.domain(mark);
    if (kernels === null)
      throw new UnusableInput(this.#tablesFile, `no snapshot "${tag}" of a domain with root ${root}`);
    const domain = this.domains.get(mark.domain);
    const { entries, readsWhatItWrites } = this.#target;
    if (entries === null) {
      const ours = {
        table: domain.table,
        readsWhatItWrites,
        missing: this.#missingAt.get(mark) ?? new AddressRanges(),
      };
      const leaves = compareMappings(ours, kernels, line, this.differences);
      this.marks.push({ tag, line, leaves, tablePages: kernels.tables.length });
      return;
    }
    compareTables(domain.table, kernels, entries, line, this.differences);
    this.#compareRegisters(domain, mark, this.#tables);
    this.marks.push({ tag, line, leaves: kernels.leaves.length, tablePages: kernels.tables.length });
  }

  #compareRegisters(domain: Domain, mark: Mark, tables: KernelTables): void {
    const others = domain.registersOtherThan(tables, mark);
    if (others === null) return;
    this.registersEqual = (this.registersEqual ?? true) && others.length === 0;
    this.differences.check("registers", others.length === 0, mark.line, () => ({
      what: `registers of ${this.#target.format}`,
      expected: "what the kernel gave its device",
      got: `another ${others.join(", ")}`,
    }));
  }

  /** The table's own count must be what the answers add up to. */
  #account(domain: Domain): void {
    const counted = domain.table.stats().mappedBytes;
    this.differences.check("accounting", counted === domain.mappedBytes, this.#record.lines, () => ({
      what: `bytes mapped in domain ${domain.number} at the end`,
      expected: hex(domain.mappedBytes),
      got: hex(counted),
    }));
  }
}
