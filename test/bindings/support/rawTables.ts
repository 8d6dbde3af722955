import type { TableMemory, WalkStep } from "../../../bindings/index.js";

/** The table words of a memory by their physical addresses, for what only hardware or an attacker would write. */
export class RawTables {
  constructor(private readonly memory: TableMemory) {}

  private word(paddr: number): BigUint64Array {
    return new BigUint64Array(this.memory.buffer, paddr - this.memory.physBase, 1);
  }

  read(paddr: number): bigint {
    return this.word(paddr)[0] ?? 0n;
  }

  write(paddr: number, entry: bigint): void {
    this.word(paddr)[0] = entry;
  }

  /** All bytes, to see that nothing was written. */
  bytes(): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice();
  }

  /** Fills the table page that holds this step's entry. */
  fill(step: WalkStep, entries: readonly bigint[]): void {
    const page = step.entryPaddr - (step.entryPaddr % 4096);
    entries.forEach((entry, index) => {
      this.write(page + 8 * index, entry);
    });
  }
}
