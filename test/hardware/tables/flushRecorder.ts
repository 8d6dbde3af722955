// What the library asks for, in order, and how the tables stood at each of its calls.
import type { FlushOps } from "../../../bindings/index.js";
import type { GuestTables, Piece } from "./guestTables.js";

export type FlushRequest =
  | { readonly kind: "all" }
  | { readonly kind: "walk" | "range"; readonly iova: bigint; readonly size: bigint; readonly granule: bigint };

export interface Step {
  /** Written before the flush. */
  readonly pieces: readonly Piece[];
  readonly flush: FlushRequest;
}

export class FlushRecorder {
  #steps: Step[] = [];
  readonly flush: FlushOps;

  constructor(private readonly tables: GuestTables) {
    const part = (kind: "walk" | "range") => (iova: number, size: number, granule: number) =>
      this.#note({ kind, iova: BigInt(iova), size: BigInt(size), granule: BigInt(granule) });
    this.flush = {
      flushAll: () => this.#note({ kind: "all" }),
      flushWalk: part("walk"),
      flushRange: part("range"),
    };
  }

  #note(flush: FlushRequest): void {
    this.#steps.push({ pieces: this.tables.changes(), flush });
  }

  /** Everything since the last call; `rest` is what was written after the last flush. */
  take(): { steps: readonly Step[]; rest: readonly Piece[] } {
    const steps = this.#steps;
    this.#steps = [];
    return { steps, rest: this.tables.changes() };
  }
}
