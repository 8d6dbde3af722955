// All operations in random order on all formats: calls, prepared updates with other work between prepare and commit, dirty reads, coalescing, trimming. After
// each one the table holds what the model holds, the worst device knows of nothing that is gone, and the page counts agree.
import { describe, expect, test } from "vitest";
import { AdversarialTlb, IoPageTable, TableMemory, type TableOp } from "../../../bindings/index.js";
import type { Configuration } from "../../configurations/configuration.js";
import { CONFIGURATIONS } from "../../configurations/list.js";
import { codeOf } from "../../conformance/golden/errorCode.js";
import { Random } from "../../conformance/suite/random.js";
import { readDirtyState } from "./dirtyState.js";
import { call, LISTED, Operations } from "./operations.js";
import { Pages } from "./pages.js";

const STEPS = Number(process.env.IO_PGTABLE_STEPS ?? 20);
const LOOK_UPS = 64;

class Session {
  readonly memory = TableMemory.create({ bytes: 2 ** 25 });
  readonly area = this.memory.float64Array(LISTED);
  readonly tlb = new AdversarialTlb();
  readonly table: IoPageTable;
  readonly model: Pages;
  readonly operations: Operations;
  readonly log: string[] = [];

  constructor(
    readonly configuration: Configuration,
    readonly random: Random,
    watched: boolean,
  ) {
    this.table = new IoPageTable(this.memory, { format: configuration.format(), flush: this.tlb.flush });
    this.model = new Pages(configuration);
    this.operations = new Operations(this.model, random);
    if (watched) this.tlb.watch(this.table);
  }

  step(watched: boolean): void {
    const kind = this.random.below(12);
    if (kind < 7) this.#direct(this.operations.next());
    else if (kind < 10) this.#prepared();
    else if (kind === 10) this.#tidy();
    else readDirtyState(this);
    if (watched) this.tlb.check();
    this.#compare();
  }

  note(op: TableOp, how: string): void {
    const { first, count } = this.model.range(op);
    this.log.push(`${how} ${op.op} page ${first}, ${count} pages, ${"paddr" in op ? op.paddr.toString(16) : ""}`);
  }

  #direct(op: TableOp): void {
    this.note(op, "call");
    const expected = this.model.apply(op);
    if (expected === null) this.#refused(() => call(this, op), "EEXIST");
    else expect(call(this, op)).toBe(expected);
  }

  /** Nothing changed. */
  #refused(act: () => void, code: string): void {
    const before = [this.table.dump(), this.memory.stats().tablePagesInUse];
    expect(codeOf(act)).toBe(code);
    expect([this.table.dump(), this.memory.stats().tablePagesInUse]).toEqual(before);
  }

  #prepared(): void {
    const { table, model, random } = this;
    const before = model.pages;
    model.pages = new Map(before);
    const ops: TableOp[] = [];
    for (let i = random.below(4); i >= 0; i--) {
      const op = this.operations.next();
      this.note(op, "prepare");
      if (model.apply(op) === null) this.#refused(() => table.prepare([...ops, op]), "EEXIST");
      else ops.push(op);
    }
    const dump = table.dump();
    const update = table.prepare(ops);
    expect(table.dump()).toBe(dump);
    const committed = model.pages;
    model.pages = before;
    const elsewhere = this.#meanwhile(ops);
    if (random.below(4) === 0) {
      update.abort();
      return;
    }
    update.commit();
    if (elsewhere === null) model.pages = committed;
    else for (const op of ops) expect(model.apply(op)).not.toBeNull();
  }

  /** One call between prepare and commit. Null: it touched what is held, and was refused. */
  #meanwhile(held: readonly TableOp[]): TableOp | null {
    const { model } = this;
    const op = this.operations.next();
    const { first, count } = model.range(op);
    const touches = held
      .map((other) => model.range(other))
      .some((r) => first < r.first + r.count && r.first < first + count);
    this.note(op, "meanwhile");
    if (touches) {
      this.#refused(() => call(this, op), "EBUSY");
      return null;
    }
    this.#direct(op);
    return op;
  }

  #tidy(): void {
    const { table, memory, random, model } = this;
    const inUse = memory.stats().tablePagesInUse;
    const { first, count } = this.operations.range();
    const isTrim = random.below(2) === 0;
    this.log.push(isTrim ? "trim" : `coalesce page ${first}, ${count} pages`);
    const freed = isTrim ? table.trim() : table.coalesce(model.iova(first), count * model.page);
    expect(inUse - memory.stats().tablePagesInUse).toBe(freed);
  }

  #compare(): void {
    const { table, model, memory } = this;
    let mapped = 0;
    for (const { iova, paddr, size, prot } of table.mappings()) {
      const first = model.index(iova);
      for (let i = 0; i < size / model.page; i++) {
        const page = model.pages.get(first + i);
        mapped++;
        if (page?.paddr === paddr + i * model.page && page.prot === prot) continue;
        throw new Error(`page ${first + i} maps ${paddr + i * model.page} as ${prot}, not ${JSON.stringify(page)}`);
      }
    }
    expect(mapped).toBe(model.pages.size);
    expect(memory.stats().tablePagesInUse).toBe(table.stats().tablePages);
    this.#translate();
  }

  #translate(): void {
    const { table, model, operations, random } = this;
    const indexes = Array.from({ length: LOOK_UPS }, () => operations.range().first);
    const offset = random.below(model.page);
    const iovas = BigUint64Array.from(indexes, (index) => model.iova(index) + BigInt(offset));
    const out = new Float64Array(LOOK_UPS);
    const expected = indexes.map((index) => (model.pages.get(index)?.paddr ?? -1 - offset) + offset);
    expect(table.translate(iovas, out)).toBe(expected.filter((paddr) => paddr >= 0).length);
    expect([...out]).toEqual(expected);
    expect(table.iovaToPhys64(iovas[0] ?? 0n)).toBe(out[0] === -1 ? null : BigInt(out[0] ?? 0));
  }
}

describe.each(CONFIGURATIONS.map((configuration, index) => [configuration.name, configuration, index] as const))(
  "%s",
  (_, configuration, index) => {
    test("all operations do what the model does", () => {
      const random = new Random();
      for (let skipped = 0; skipped < index; skipped++) random.below(2);
      // The calls of a table that nobody watches take shorter ways.
      const watched = random.below(2) === 0;
      const session = new Session(configuration, random, watched);
      try {
        for (let step = 0; step < STEPS; step++) session.step(watched);
      } catch (error) {
        throw new Error(`step ${session.log.length}: ${session.log.slice(-8).join("\n")}`, { cause: error });
      }
      session.table.destroy();
      expect(session.memory.stats().tablePagesInUse).toBe(0);
    });
  },
);
