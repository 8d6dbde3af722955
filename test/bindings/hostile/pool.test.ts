// Every operation of the corpus with a pool that holds too little, by each number of pages: ENOMEM, nothing has changed, and what was free is free again.
import { describe, expect, it } from "vitest";
import { IoPageTable, type MapResult, Prot, TableMemory } from "../../../bindings/index.js";
import { flushJournal } from "../support/flushJournal.js";
import { CORPUS, type CorpusOperation, isLinuxCall } from "./corpus.js";
import { MACHINES } from "./machines.js";
import { outcomeOf } from "./stage.js";

const PAGE = 0x1000;
const nothing = (): void => undefined;

/** Another table that takes all that the pool has, and gives back page by page. */
class Hog {
  private readonly table: IoPageTable;
  private readonly held: number[] = [];

  constructor(
    memory: TableMemory,
    machine: CorpusOperation["machine"],
    private readonly step: number,
  ) {
    this.table = new IoPageTable(memory, { format: MACHINES[machine].format(nothing), flush: flushJournal().flush });
  }

  /** @returns how many pages it got */
  fill(): number {
    const before = this.held.length;
    for (let iova = (this.held.at(-1) ?? 0) + this.step; this.take(iova); iova += this.step) this.held.push(iova);
    return this.held.length - before;
  }

  private take(iova: number): boolean {
    return outcomeOf(() => this.table.map(iova, PAGE, PAGE, Prot.READ)) === null;
  }

  giveOne(): void {
    const iova = this.held.pop();
    if (iova !== undefined) this.table.unmap(iova, PAGE);
  }

  destroy(): void {
    this.table.destroy();
  }
}

/** Linux's calls keep what there was room for, and the tables made on the way. */
const isWhole = (operation: CorpusOperation): boolean => !isLinuxCall(operation) || operation.says.startsWith("un");
const WHOLE = CORPUS.filter(isWhole);
const LINUX = CORPUS.filter((operation) => !isWhole(operation));
/** Tables of short descriptors are small, and their root is not. */
const bytesFor = (machine: CorpusOperation["machine"]): number =>
  machine === "ARM short descriptors" ? 2 ** 20 : 2 ** 18;

describe.each(WHOLE.map((operation) => [operation.machine, operation.says, operation] as const))(
  "%s: %s",
  (machine, _says, { before, call, pages }) => {
    it("with each number of pages below what it takes, and then with enough", () => {
      const memory = TableMemory.create({ bytes: bytesFor(machine), physBase: 2 ** 30 });
      const table = new IoPageTable(memory, { format: MACHINES[machine].format(nothing), flush: flushJournal().flush });
      before(table);
      const hog = new Hog(memory, machine, machine === "ARM short descriptors" ? 2 ** 20 : 2 ** 21);
      expect(hog.fill()).toBeGreaterThan(pages);
      const state = () => ({ dump: table.dump(), stats: table.stats() });
      const untouched = state();
      for (let free = 0; free < pages; free++) {
        const { tablePagesInUse } = memory.stats();
        expect(["ENOMEM", "refused"], `${free} pages`).toContain(outcomeOf(() => call(table)));
        expect(state(), `${free} pages`).toEqual(untouched);
        expect(memory.stats().tablePagesInUse, `${free} pages`).toBe(tablePagesInUse);
        expect(hog.fill(), "pages that are free as before").toBe(free);
        for (let give = 0; give <= free; give++) hog.giveOne();
      }
      expect(outcomeOf(() => call(table))).toBeNull();
      expect(hog.fill(), "pages left").toBe(0);
      table.destroy();
      hog.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    });
  },
);

describe.each(LINUX.map((operation) => [operation.machine, operation.says, operation] as const))(
  "%s: %s with too few pages",
  (machine, _says, { before, call, pages }) => {
    it("says how far it came, and keeps that; what it made on the way goes with trim", () => {
      const memory = TableMemory.create({ bytes: bytesFor(machine), physBase: 2 ** 30 });
      const table = new IoPageTable(memory, { format: MACHINES[machine].format(nothing), flush: flushJournal().flush });
      before(table);
      const hog = new Hog(memory, machine, machine === "ARM short descriptors" ? 2 ** 20 : 2 ** 21);
      hog.fill();
      const untouched = [...table.mappings()];
      const { mappedBytes } = table.stats();
      for (let free = 0; free < pages; free++) {
        const result = call(table) as MapResult;
        expect(result.error, `${free} pages`).toBe("ENOMEM");
        expect(table.stats().mappedBytes - mappedBytes, `${free} pages`).toBe(result.mapped);
        for (const { iova, size } of table.mappings()) {
          if (!untouched.some((kept) => kept.iova === iova)) table.unmap(iova, size);
        }
        table.trim();
        expect([...table.mappings()]).toEqual(untouched);
        expect(hog.fill(), "pages that are free as before").toBe(free);
        for (let give = 0; give <= free; give++) hog.giveOne();
      }
      expect(call(table)).toMatchObject({ error: null });
      table.destroy();
      hog.destroy();
      expect(memory.stats().tablePagesInUse).toBe(0);
    });
  },
);
