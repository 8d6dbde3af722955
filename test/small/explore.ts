// Trying everything: all sequences of operations, or all operations on every table that sequences lead to.
import type { Operation } from "./operations.js";
import type { TinyConfig } from "./tiny.js";
import { World } from "./world.js";

/** A table that was emptied remembers more than a new one; every so many sequences begin with a new one. */
const ANEW = 64;

export class Explorer {
  readonly #world: World;
  readonly #known = new Set<string>();
  /** Sequences that were run, each with its last step under the eyes of all. */
  sequences = 0;
  /** Operations that were run. */
  operations = 0;

  constructor(config: TinyConfig) {
    this.#world = new World(config);
  }

  /** Tables that were met and differ in their text. */
  get tables(): number {
    return this.#known.size;
  }

  /** Returns the text of the table at the end. */
  #run(sequence: readonly Operation[]): string {
    try {
      this.#world.reset(this.sequences % ANEW === 0);
      for (const operation of sequence) operation.run(this.#world);
      this.sequences++;
      this.operations += sequence.length;
      const text = this.#world.check();
      this.#known.add(text);
      return text;
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new Error(`${sequence.map(({ name }) => name).join("; ")}: ${said}`, { cause: error });
    }
  }

  /** Every sequence of up to `length` operations. */
  everySequence(operations: readonly Operation[], length: number, path: readonly Operation[] = []): void {
    this.#run(path);
    if (path.length === length) return;
    for (const operation of operations) this.everySequence(operations, length, [...path, operation]);
  }

  /**
   * Every operation of `last` on every table that sequences of up to `depth` of `operations` lead to, each table once. What an operation does depends on
   * the table that it meets, so that this tries what all sequences of `depth` operations and one of `last` can do.
   */
  everyTable(operations: readonly Operation[], depth: number, last: readonly Operation[]): void {
    const expanded = new Set([this.#run([])]);
    let frontier: (readonly Operation[])[] = [[]];
    for (let length = 0; length <= depth && frontier.length !== 0; length++) {
      const found: (readonly Operation[])[] = [];
      for (const path of frontier) {
        for (const operation of last) this.#run([...path, operation]);
        if (length === depth) continue;
        for (const operation of operations) {
          const sequence = [...path, operation];
          const text = this.#run(sequence);
          if (!expanded.has(text)) found.push(sequence);
          expanded.add(text);
        }
      }
      frontier = found;
    }
  }

  finish(): void {
    this.#world.destroy();
  }
}
