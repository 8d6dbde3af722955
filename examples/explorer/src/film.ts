// A record played on a table of any format, forwards and backwards.
import { type IoPageTable, IoPgtableError, IoPageTable as Table, TableMemory } from "io-pgtable";
import { formatOf, readerOf, type Setup } from "./formats.js";
import type { RecordEvent } from "./record.js";
import type { Source } from "./source.js";

const MEMORY_BYTES = 2 ** 26;

/** How things stand after an event. */
export interface Moment {
  readonly mappedBytes: number;
  readonly tablePages: number;
  /** Flushes so far. */
  readonly flushes: number;
  /** Events so far that the format cannot take, such as pages smaller than its own. */
  readonly refused: number;
}

const START: Moment = { mappedBytes: 0, tablePages: 1, flushes: 0, refused: 0 };

export class Film implements Source {
  readonly setup: Setup;
  readonly reader;
  readonly events: readonly RecordEvent[];
  /** Before the first event, and after each. */
  readonly moments: readonly Moment[];
  table: IoPageTable;
  #memory: TableMemory;
  #position = 0;
  #flushes = 0;

  constructor(setup: Setup, events: readonly RecordEvent[]) {
    this.setup = setup;
    this.events = events;
    this.reader = readerOf(setup);
    this.#memory = TableMemory.create({ bytes: MEMORY_BYTES, shared: false });
    this.table = this.#make();
    const moments: Moment[] = [START];
    for (const event of events) moments.push(this.#play(event, moments.at(-1) ?? START));
    this.moments = moments;
    this.#position = events.length;
  }

  get position(): number {
    return this.#position;
  }

  get moment(): Moment {
    return this.moments[this.#position] ?? START;
  }

  /** Goes to after so many events. */
  go(position: number): void {
    const to = Math.max(0, Math.min(this.events.length, position));
    if (to < this.#position) {
      this.table.destroy();
      this.table = this.#make();
      this.#position = 0;
    }
    for (const event of this.events.slice(this.#position, to)) this.#play(event, START);
    this.#position = to;
  }

  word(paddr: number): bigint {
    const bytes = this.reader.bits / 8;
    const view = new DataView(this.#memory.buffer, paddr - this.#memory.physBase, bytes);
    return bytes === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
  }

  destroy(): void {
    this.table.destroy();
  }

  #make(): IoPageTable {
    const count = (): void => {
      this.#flushes++;
    };
    const flush = { flushAll: count, flushWalk: count, flushRange: count };
    return new Table(this.#memory, { format: formatOf(this.setup), flush });
  }

  #play({ kind, iova, paddr, size, prot }: RecordEvent, before: Moment): Moment {
    let { mappedBytes, refused } = before;
    try {
      if (kind === "unmap") mappedBytes -= this.table.unmap(iova, size);
      else {
        this.table.map(iova, paddr, size, prot);
        mappedBytes += size;
      }
    } catch (error) {
      if (!(error instanceof IoPgtableError)) throw error;
      refused++;
    }
    return { mappedBytes, refused, flushes: this.#flushes, tablePages: this.#memory.stats().tablePagesInUse };
  }
}
