/** How much is mapped as the replay goes on, and when it was most. */
export class Usage {
  mappedBytes = 0;
  unmappedBytes = 0;
  peakBytes = 0;
  /** The operation after which most was mapped. */
  peakOperation = -1;
  readonly leavesWritten: Map<number, number> = new Map();

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
    const [largest, ...smaller] = [...pageSizes].sort((a, b) => b - a);
    if (largest === undefined || size === 0) return;
    const start = Math.ceil(iova / largest) * largest;
    const end = Math.floor((iova + size) / largest) * largest;
    if (iova % largest !== paddr % largest || end <= start) {
      this.addLargestLeaves(iova, paddr, size, smaller);
      return;
    }
    this.addLeaves(largest, (end - start) / largest);
    this.addLargestLeaves(iova, paddr, start - iova, smaller);
    this.addLargestLeaves(end, paddr + (end - iova), iova + size - end, smaller);
  }
}
