import { describe } from "vitest";
import { IoPageTable, type Paddr, type TableOptions } from "../../../bindings/index.js";
import { type FlushJournal, flushJournal } from "../../bindings/support/flushJournal.js";
import type { Configuration } from "../../configurations/configuration.js";
import { CONFIGURATIONS } from "../../configurations/list.js";
import { BACKINGS, type Backing } from "./backing.js";

/** A table under test. */
export class Subject {
  readonly table: IoPageTable;
  readonly journal: FlushJournal = flushJournal();

  constructor(
    readonly c: Configuration,
    readonly backing: Backing,
    options: Partial<TableOptions<unknown>>,
  ) {
    const { memory, allocator } = backing;
    this.table = new IoPageTable(memory, {
      format: c.format(),
      flush: this.journal.flush,
      ...(allocator === undefined ? {} : { allocator }),
      ...options,
    });
  }

  /** The raw item at a physical address. */
  readonly read = (paddr: Paddr): bigint => {
    const { memory } = this.backing;
    const offset = this.backing.offsetOf(paddr);
    return this.c.itemLg2 === 3
      ? (new BigUint64Array(memory.buffer, offset, 1)[0] ?? 0n)
      : BigInt(new Uint32Array(memory.buffer, offset, 1)[0] ?? 0);
  };

  /** What only a device writes. */
  readonly write = (paddr: Paddr, item: bigint): void => {
    const { memory } = this.backing;
    const offset = this.backing.offsetOf(paddr);
    if (this.c.itemLg2 === 3) new BigUint64Array(memory.buffer, offset, 1)[0] = item;
    else new Uint32Array(memory.buffer, offset, 1)[0] = Number(item);
  };

  /** What the table holds, `[level, items]` in the dump's order: lines of leaves, joined where they follow each other at one level. */
  leafItems(): [level: number, items: number][] {
    const runs: [level: number, items: number][] = [];
    for (const line of this.table.dump().split("\n")) {
      if (!line.startsWith("P ")) continue;
      const level = Number(line.split(" ")[1]);
      const last = runs.at(-1);
      if (last?.[0] === level) last[1]++;
      else runs.push([level, 1]);
    }
    return runs;
  }
}

/** How a case gets a table: `body` on a new one, which must give back every page in the end. */
export type UseTable = (body: (subject: Subject) => void, options?: Partial<TableOptions<unknown>>) => void;

/** Defines the tests of one case for every configuration that it is about, in both kinds of memory. */
export function conformance(
  title: string,
  define: (c: Configuration, useTable: UseTable) => void,
  isAbout: (c: Configuration) => boolean = () => true,
): void {
  for (const c of CONFIGURATIONS.filter(isAbout)) {
    for (const backings of BACKINGS) {
      describe(`${title} > ${c.name}, tables from ${backings.from}`, () => {
        define(c, (body, options = {}) => {
          const backing = backings.get(c);
          try {
            const subject = new Subject(c, backing, options);
            body(subject);
            subject.table.destroy();
            backing.checkEmpty();
          } catch (error) {
            backings.discard(c);
            throw error;
          }
        });
      });
    }
  }
}
