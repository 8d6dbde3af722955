/**
 * What one gather over several unmaps flushes when it holds only what was removed. Linux also gathers the empty range of
 * an unmap that removes nothing, which widens its flush, or makes it flush early.
 */

import { hexOf } from "./flushRecorder.js";
import { max, min } from "./ranges.js";
import type { Range, StepResult } from "./records.js";

export interface Gathered {
  readonly events: readonly (readonly ["sync", string, string, number])[];
  readonly freed: number;
  /** An unmap that removed nothing has been on this gather: Linux's may hold more than it should. */
  readonly astray: boolean;
}

export class GatherModel {
  private held: Range | null = null;
  private heldTables = 0;
  /** Of Linux's gather, as last recorded. */
  private recordedTables = 0;
  private sawNothing = false;

  constructor(private readonly exact: boolean) {}

  unmap(iova: bigint, recorded: StepResult): Gathered {
    const bytes = BigInt(recorded.ret ?? 0);
    const synced = recorded.ev.length > 0;
    const tables = (recorded.ntab ?? 0) - (synced ? 0 : this.recordedTables);
    this.recordedTables = recorded.ntab ?? 0;
    if (bytes === 0n) {
      this.sawNothing = true;
      return this.nothing();
    }
    const last = iova + bytes - 1n;
    const mustSync = this.exact && this.held !== null && isApart(this.held, [iova, last]);
    const flushed = mustSync ? this.flush() : this.nothing();
    this.held = this.held === null ? [iova, last] : [min(this.held[0], iova), max(this.held[1], last)];
    this.heldTables += tables;
    return flushed;
  }

  sync(): Gathered {
    const flushed = this.flush();
    this.sawNothing = false;
    this.recordedTables = 0;
    return flushed;
  }

  private flush(): Gathered {
    if (this.held === null) return this.nothing();
    const [first, last] = this.held;
    const freed = this.heldTables;
    this.held = null;
    this.heldTables = 0;
    return { events: [["sync", hexOf(first), hexOf(last), freed]], freed, astray: this.sawNothing };
  }

  private nothing(): Gathered {
    return { events: [], freed: 0, astray: this.sawNothing };
  }
}

function isApart([start, end]: Range, [first, last]: Range): boolean {
  return last + 1n < start || first > end + 1n;
}
