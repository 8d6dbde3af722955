/** A set of addresses as sorted ranges that neither touch nor overlap. */
export class AddressRanges {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  /** The first range that ends at or after `address`. */
  #find(address: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) < address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(start: number, size: number): void {
    let end = start + size;
    const first = this.#find(start);
    let after = first;
    let from = start;
    for (; after < this.#starts.length && (this.#starts[after] ?? 0) <= end; after++) {
      from = Math.min(from, this.#starts[after] ?? from);
      end = Math.max(end, this.#ends[after] ?? end);
    }
    this.#starts.splice(first, after - first, from);
    this.#ends.splice(first, after - first, end);
  }

  /** Takes [start, start + size) out. */
  remove(start: number, size: number): void {
    const end = start + size;
    for (let at = this.#find(start); at < this.#starts.length && (this.#starts[at] ?? end) < end; ) {
      const [from, to] = [this.#starts[at] ?? end, this.#ends[at] ?? end];
      const before = from < start ? [[from, Math.min(to, start)] as const] : [];
      const after = end < to ? [[end, to] as const] : [];
      const left = [...before, ...after];
      this.#starts.splice(at, 1, ...left.map(([first]) => first));
      this.#ends.splice(at, 1, ...left.map(([, last]) => last));
      at += left.length;
    }
  }

  /** The parts of [start, start + size) that are not in the set, in order. */
  gaps(start: number, size: number): { start: number; size: number }[] {
    const end = start + size;
    const gaps: { start: number; size: number }[] = [];
    let from = start;
    for (let index = this.#find(start); index < this.#starts.length && (this.#starts[index] ?? end) < end; index++) {
      const to = this.#starts[index] ?? end;
      if (to > from) gaps.push({ start: from, size: to - from });
      from = Math.max(from, this.#ends[index] ?? from);
    }
    if (from < end) gaps.push({ start: from, size: end - from });
    return gaps;
  }

  copy(): AddressRanges {
    const copy = new AddressRanges();
    copy.#starts.push(...this.#starts);
    copy.#ends.push(...this.#ends);
    return copy;
  }

  /** How many bytes of [start, start + size) are not in the set. */
  missing(start: number, size: number): number {
    const end = start + size;
    let missing = size;
    for (let index = this.#find(start); index < this.#starts.length; index++) {
      const from = this.#starts[index] ?? 0;
      if (from >= end) break;
      missing -= Math.max(0, Math.min(end, this.#ends[index] ?? 0) - Math.max(start, from));
    }
    return missing;
  }
}
