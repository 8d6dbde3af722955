import type { FlushOps } from "../../index.js";

export interface FlushCall {
  readonly call: "flushAll" | "flushWalk" | "flushRange";
  readonly iova: number;
  readonly bytes: number;
  readonly granule: number;
}

/** Flush operations that keep what they were asked for until it is compared. */
export class FlushRecorder implements FlushOps {
  readonly counts: Record<FlushCall["call"], number> = { flushAll: 0, flushWalk: 0, flushRange: 0 };
  #calls: FlushCall[] = [];

  flushAll(): void {
    this.#record({ call: "flushAll", iova: 0, bytes: 0, granule: 0 });
  }

  flushWalk(iova: number, bytes: number, granule: number): void {
    this.#record({ call: "flushWalk", iova, bytes, granule });
  }

  flushRange(iova: number, bytes: number, granule: number): void {
    this.#record({ call: "flushRange", iova, bytes, granule });
  }

  /** The calls since the last take. */
  take(): readonly FlushCall[] {
    const calls = this.#calls;
    if (calls.length > 0) this.#calls = [];
    return calls;
  }

  #record(call: FlushCall): void {
    this.counts[call.call]++;
    this.#calls.push(call);
  }
}
