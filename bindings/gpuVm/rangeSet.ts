// Ranges that are collected and then asked about: sorted, joined, found by binary search.

export class RangeSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #sorted = true;

  /** Ranges may overlap; in ascending order they are joined at once. */
  add(start: number, end: number): void {
    const last = this.#ends.length - 1;
    const lastEnd = this.#ends[last] ?? -1;
    const lastStart = this.#starts[last] ?? -1;
    if (start <= lastEnd && start >= lastStart) {
      this.#ends[last] = Math.max(lastEnd, end);
      return;
    }
    if (start < lastStart) this.#sorted = false;
    this.#starts.push(start);
    this.#ends.push(end);
  }

  /** Whether any range overlaps [start, end). */
  overlaps(start: number, end: number): boolean {
    const slot = this.#slotAt(end);
    return slot >= 0 && (this.#ends[slot] ?? 0) > start;
  }

  /** Whether one range holds [start, end) whole. */
  holds(start: number, end: number): boolean {
    const slot = this.#slotAt(end);
    return slot >= 0 && (this.#starts[slot] ?? 0) <= start && (this.#ends[slot] ?? 0) >= end;
  }

  /** The last range that starts before `end`; joined ranges do not touch, so that no earlier one reaches further. */
  #slotAt(end: number): number {
    if (!this.#sorted) this.#sort();
    const starts = this.#starts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) < end) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #sort(): void {
    const pairs = this.#starts.map((start, i): [number, number] => [start, this.#ends[i] ?? start]);
    pairs.sort(([a], [b]) => a - b);
    this.#starts.length = 0;
    this.#ends.length = 0;
    this.#sorted = true;
    for (const [start, end] of pairs) this.add(start, end);
  }
}
