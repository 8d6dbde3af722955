/** Writes down the flushes of one table in the records' own form. */

import type { FlushOps } from "../../../bindings/index.js";
import type { Api } from "./operations.js";
import type { FlushEvent } from "./records.js";

export class FlushRecorder {
  readonly ops: FlushOps;
  private events: FlushEvent[] = [];
  /** A gather that freed tables: how many is known when the next flush, or the end of the operation, comes. */
  private unfinished: { readonly index: number; readonly freedBefore: number | undefined } | null = null;

  /** @param freed tables freed so far; undefined where nobody counts: a gather that frees tables then says 1 */
  constructor(
    api: Api,
    private readonly freed: () => number | undefined,
  ) {
    this.ops =
      api === "io-pgtable"
        ? {
            flushAll: () => this.add(["all"]),
            flushWalk: (iova, size, granule) => this.add(["walk", hexOf(iova), hexOf(size), hexOf(granule)]),
            flushRange: (iova, size, granule) => this.addPages(iova, size, granule),
          }
        : {
            flushAll: () => this.add(["all"]),
            flushWalk: (iova, size) => this.addSync(iova, size, true),
            flushRange: (iova, size) => this.addSync(iova, size, false),
          };
  }

  topChanged(level: number): void {
    this.add(["top", level]);
  }

  /** The events since the last call. */
  take(): FlushEvent[] {
    this.finishSync();
    const taken = this.events;
    this.events = [];
    return taken;
  }

  private add(event: FlushEvent): void {
    this.finishSync();
    this.events.push(event);
  }

  /** Runs that touch and have leaves of one size are one event in the records. */
  private addPages(iova: number, size: number, granule: number): void {
    if (size % granule !== 0) throw new Error(`a flush of ${size} bytes in leaves of ${granule}`);
    const count = size / granule;
    const previous = this.events.at(-1);
    if (previous?.[0] === "page" && previous[2] === hexOf(granule)) {
      const [, start, , before] = previous;
      if (BigInt(start) + BigInt(before) * BigInt(granule) === BigInt(iova)) {
        this.events[this.events.length - 1] = ["page", start, hexOf(granule), before + count];
        return;
      }
    }
    this.add(["page", hexOf(iova), hexOf(granule), count]);
  }

  private addSync(iova: number, size: number, freesTables: boolean): void {
    this.add(["sync", hexOf(iova), hexOf(BigInt(iova) + BigInt(size) - 1n), freesTables ? 1 : 0]);
    if (freesTables) this.unfinished = { index: this.events.length - 1, freedBefore: this.freed() };
  }

  private finishSync(): void {
    if (this.unfinished === null) return;
    const { index, freedBefore } = this.unfinished;
    this.unfinished = null;
    const event = this.events[index];
    const freed = this.freed();
    if (event?.[0] !== "sync" || freed === undefined || freedBefore === undefined) return;
    this.events[index] = ["sync", event[1], event[2], freed - freedBefore];
  }
}

export function hexOf(value: number | bigint): string {
  return `0x${BigInt(value).toString(16)}`;
}
