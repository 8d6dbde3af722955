// The table that a person builds, and the device that watches it.
import { AdversarialTlb, type FlushOps, type Gather, IoPageTable, TableMemory } from "io-pgtable";
import { type Change, carryOut } from "./changes.js";
import { formatOf, readerOf, type Setup } from "./formats.js";
import { hex, sizeText } from "./numbers.js";
import type { Source } from "./source.js";

const MEMORY_BYTES = 2 ** 25;
const PHYS_BASE = 0x4000_0000;
/** Beyond so many leaves the device, which walks all of the table at each change, is left out. */
const MOST_WATCHED = 2n ** 17n;

/** One table, from its first change to its last. To undo is to build again without the last. */
export class Session implements Source {
  readonly setup: Setup;
  readonly reader;
  readonly memory = TableMemory.create({ bytes: MEMORY_BYTES, physBase: PHYS_BASE, shared: false });
  readonly table: IoPageTable;
  /** Null where the table is too large for it. */
  readonly tlb: AdversarialTlb | null;
  /** What the device was told to forget, in order. */
  readonly flushes: string[] = [];
  /** Changes whose flush is held back. */
  held = 0;
  readonly #gather: Gather;

  constructor(setup: Setup, changes: readonly Change[], hold: boolean) {
    this.setup = setup;
    this.reader = readerOf(setup);
    const page = BigInt(2 ** setup.page);
    const leaves = changes.reduce((sum, { op, size }) => (op === "repeat" ? sum + size / page : sum), 0n);
    this.tlb = leaves > MOST_WATCHED ? null : new AdversarialTlb();
    this.table = new IoPageTable(this.memory, { format: formatOf(setup), flush: this.#flushOps() });
    this.tlb?.watch(this.table);
    this.#gather = this.table.gather();
    for (const change of changes) this.apply(change, hold);
  }

  /** @throws IoPgtableError where the table refuses */
  apply(change: Change, hold: boolean): void {
    carryOut(this.table, change, hold || change.op === "flush" ? this.#gather : undefined);
    if (change.op === "flush") this.held = 0;
    else if (hold && change.op !== "map" && change.op !== "repeat") this.held++;
  }

  word(paddr: number): bigint {
    const view = new DataView(this.memory.buffer, paddr - PHYS_BASE, this.reader.bits / 8);
    return this.reader.bits === 32 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
  }

  destroy(): void {
    this.table.destroy();
  }

  #flushOps(): FlushOps {
    const device = this.tlb?.flush;
    const range = (iova: number, size: number): string => `${sizeText(size)} at ${hex(iova)}`;
    return {
      flushAll: () => {
        this.flushes.push("everything");
        device?.flushAll();
      },
      flushWalk: (iova, size, granule) => {
        this.flushes.push(`${range(iova, size)}, with its table pages`);
        device?.flushWalk(iova, size, granule);
      },
      flushRange: (iova, size, granule) => {
        this.flushes.push(`${range(iova, size)}, leaves of ${sizeText(granule)}`);
        device?.flushRange(iova, size, granule);
      },
    };
  }
}
