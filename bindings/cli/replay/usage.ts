/** How much is mapped as the replay goes on, and when it was most. */
export class Usage {
  mappedBytes = 0;
  unmappedBytes = 0;
  peakBytes = 0;
  /** The operation after which most was mapped. */
  peakOperation = -1;
  readonly leavesWritten: Map<number, number> = new Map();
  #sizes: readonly number[] = [];
  #descending: readonly number[] = [];

  get liveBytes(): number {
    return this.mappedBytes - this.unmappedBytes;
  }

  addMapped(operation: number, bytes: number): void {
    this.mappedBytes += bytes;
    if (this.liveBytes <= this.peakBytes) return;
    this.peakBytes = this.liveBytes;
    this.peakOperation = operation;
  }

  addUnmapped(bytes: number): void {
    this.unmappedBytes += bytes;
  }

  addLeaves(pageSize: number, count: number): void {
    if (count > 0) this.leavesWritten.set(pageSize, (this.leavesWritten.get(pageSize) ?? 0) + count);
  }

  /** The leaves that a request takes when each part of it gets the largest page that fits. */
  addLargestLeaves(iova: number, paddr: number, size: number, pageSizes: readonly number[]): void {
    if (this.#sizes !== pageSizes) {
      this.#sizes = pageSizes;
      this.#descending = [...pageSizes].sort((a, b) => b - a);
    }
    this.#addFrom(0, iova, paddr, size);
  }

  /** With the page sizes from `index` on, by descending size. */
  #addFrom(index: number, iova: number, paddr: number, size: number): void {
    let at = index;
    while (at < this.#descending.length && (this.#descending[at] ?? 0) > size) at++;
    const page = this.#descending[at];
    if (page === undefined || size === 0) return;
    const start = Math.ceil(iova / page) * page;
    const end = Math.floor((iova + size) / page) * page;
    if (iova % page !== paddr % page || end <= start) {
      this.#addFrom(at + 1, iova, paddr, size);
      return;
    }
    this.addLeaves(page, (end - start) / page);
    this.#addFrom(at + 1, iova, paddr, start - iova);
    this.#addFrom(at + 1, end, paddr + (end - iova), iova + size - end);
  }
}
