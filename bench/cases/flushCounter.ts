/** The cheapest flush operations that cannot be optimised away. */
export class FlushCounter {
  calls = 0;

  flushAll(): void {
    this.calls += 1;
  }

  flushWalk(_iova: number, _size: number, _granule: number): void {
    this.calls += 1;
  }

  flushRange(_iova: number, _size: number, _granule: number): void {
    this.calls += 1;
  }
}
