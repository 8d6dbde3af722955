// Gives tables of a hostile memory's windows to the library, in random order, and sees what comes back.
import type { TableAllocator } from "../../bindings/index.js";
import type { Random } from "../programs/random.js";
import type { HostileMemory } from "./hostileMemory.js";

export class GuestAllocator implements TableAllocator {
  /** Bytes of each page that the library has. */
  readonly live = new Map<number, number>();
  /** Frees of what it did not have. */
  strangeFrees = 0;
  private readonly taken = new Set<number>();

  constructor(
    private readonly guest: HostileMemory,
    private readonly random: Random,
    /** Tables that stay the guest's own. */
    kept: readonly number[] = [],
  ) {
    for (const offset of kept) this.taken.add(offset);
  }

  readonly alloc = (bytes: number): number | null => {
    const { tables, tableBytes } = this.guest;
    const slots = Math.ceil(bytes / tableBytes);
    const start = this.random(tables.length);
    for (let i = 0; i < tables.length; i++) {
      const first = (start + i) % tables.length;
      const run = tables.slice(first, first + slots);
      if (!this.fits(run, slots, bytes)) continue;
      const [offset = 0] = run;
      for (const slot of run) this.taken.add(slot);
      this.live.set(offset, bytes);
      return offset;
    }
    return null;
  };

  readonly free = (offset: number, bytes: number): void => {
    if (this.live.get(offset) !== bytes) {
      this.strangeFrees++;
      return;
    }
    this.live.delete(offset);
    for (let at = offset; at < offset + bytes; at += this.guest.tableBytes) this.taken.delete(at);
  };

  /** Free tables side by side, aligned to their size in physical addresses as well. */
  private fits(run: readonly number[], slots: number, bytes: number): boolean {
    const [first = 0] = run;
    const last = run.at(-1) ?? 0;
    if (run.length !== slots || last - first !== (slots - 1) * this.guest.tableBytes) return false;
    if (run.some((slot) => this.taken.has(slot))) return false;
    return first % bytes === 0 && this.guest.paddrOf(first) % bytes === 0;
  }
}
