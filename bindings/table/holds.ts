// Ranges that prepared updates hold: until they are committed or aborted nothing else changes them, and tables that they reach into stay.
import { hex, IoPgtableError } from "../errors.js";
import type { Range } from "./arguments.js";
import type { TableState } from "./state.js";

/** A held range. */
export interface Hold {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
  /** Whether the update counts on the tables that lie in the range whole, too. */
  readonly whole: boolean;
}

/** The held ranges of one table. */
export class Holds {
  /** Disjoint and ascending. */
  #holds: Hold[] = [];
  /** Tables that stayed though they were empty, for `clearKept`. */
  #kept: Range[] = [];

  get isEmpty(): boolean {
    return this.#holds.length === 0;
  }

  /** Hold ranges that are ascending and overlap nothing held. */
  add(holds: readonly Hold[]): void {
    const last = this.#holds.at(-1);
    const first = holds[0];
    const appends = last === undefined || first === undefined || last.end <= first.first;
    this.#holds = this.#holds.concat(holds);
    if (!appends) this.#holds.sort((a, b) => a.first - b.first);
  }

  release(holds: readonly Hold[]): void {
    const gone = new Set(holds);
    this.#holds = this.#holds.filter((hold) => !gone.has(hold));
  }

  /** The first held range that [first, end) touches. */
  touching(first: number, end: number): Hold | undefined {
    const hold = this.#holds[this.#indexOf(first)];
    return hold !== undefined && hold.first < end ? hold : undefined;
  }

  /** Whether the table that translates the range must stay. */
  keeps(iova: number, size: number): boolean {
    const end = iova + size;
    for (let i = this.#indexOf(iova); ; i++) {
      const hold = this.#holds[i];
      if (hold === undefined || hold.first >= end) return false;
      if (hold.whole || hold.first > iova || hold.end < end) break;
    }
    this.#kept.push({ iova, size });
    return true;
  }

  /** The tables that stayed since this was asked last. */
  takeKept(): Range[] {
    return this.#kept.splice(0);
  }

  /** The first hold that ends after an address. */
  #indexOf(iova: number): number {
    let low = 0;
    let high = this.#holds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#holds[middle]?.end ?? 0) > iova) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** @throws IoPgtableError EBUSY when a prepared update holds a part of the range */
export function checkFree(s: TableState, operation: string, range: Range): void {
  if (s.holds.isEmpty) return;
  const held = s.holds.touching(range.iova, range.iova + range.size);
  if (held === undefined) return;
  const text = `a prepared update holds ${hex(held.first)}..${hex(held.end - 1)}; commit or abort it first`;
  throw new IoPgtableError("EBUSY", operation, text, range.iova);
}

/** Hold ranges of a table: calls that touch them are refused, and the core asks before it frees a table that became empty. */
export function hold(s: TableState, holds: readonly Hold[]): void {
  s.holds.add(holds);
  noteHeld(s);
}

export function unhold(s: TableState, holds: readonly Hold[]): void {
  s.holds.release(holds);
  noteHeld(s);
}

function noteHeld(s: TableState): void {
  const held = !s.holds.isEmpty;
  s.core.setTableHeld(s.handle, held ? 1 : 0);
  if (held) s.memory.holders.set(s.handle, (iova, size) => s.holds.keeps(iova, size));
  else s.memory.holders.delete(s.handle);
  s.settleDirect();
}
