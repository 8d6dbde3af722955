/** The seed of a run; `IO_PGTABLE_SEED` repeats one. */
export const SEED: number = Number(process.env.IO_PGTABLE_SEED ?? Date.now() % 2 ** 31);

/** Random numbers that depend on the seed of the run and on what they are for alone. */
export class Random {
  #state: number;

  constructor(purpose: string) {
    this.#state = SEED | 1;
    for (const letter of purpose) this.#state = Math.imul(this.#state ^ letter.charCodeAt(0), 0x0100_0193);
    this.#state = this.#state >>> 0 || 1;
  }

  /** 32 bits (xorshift: Marsaglia, Journal of Statistical Software 8, 2003). */
  #word(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** An integer from 0 to `count` - 1. */
  below(count: number): number {
    return this.#word() % count;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A multiple of `step` from `start` to below `end`; `start` where there is none. */
  between(start: bigint, end: bigint, step: bigint): bigint {
    const first = ((start + step - 1n) / step) * step;
    const count = (end - first) / step;
    if (count <= 0n) return start;
    return first + (((BigInt(this.#word()) << 32n) | BigInt(this.#word())) % count) * step;
  }
}
