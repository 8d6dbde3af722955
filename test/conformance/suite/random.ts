import { onTestFailed } from "vitest";

const seedOfRun = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 2 ** 32);

/** Random numbers of one test; one that fails prints the seed that repeats it. */
export class Random {
  private state = seedOfRun >>> 0 || 1;

  constructor() {
    onTestFailed(() => console.error(`IO_PGTABLE_SEED=${seedOfRun} repeats this run`));
  }

  /** 32 bits (xorshift: Marsaglia, Journal of Statistical Software 8, 2003). */
  private word(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  /** An integer from 0 to `count` - 1. */
  below(count: number): number {
    return this.word() % count;
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** A multiple of `step` from 0 to `limit` - 1, each bit as likely set as not. */
  multiple(step: bigint, limit: bigint): bigint {
    const bits = (BigInt(this.word()) << 32n) | BigInt(this.word());
    const value = bits % limit;
    return value - (value % step);
  }
}
