// A checking aid: the worst TLB that the rules allow, to try flush operations on.
import { IoPgtableError } from "./errors.js";
import type { FlushOps } from "./flush.js";
import { type IoPageTable, type Iova, type Paddr, stateOfGiven } from "./ioPageTable.js";
import { checkIova, show } from "./numbers.js";
import { isInside } from "./table/arguments.js";
import { innerVa } from "./table/entries.js";
import { Blocked, type TableState } from "./table/state.js";
import { EVERYTHING, type Flushed, flushOf } from "./tlb/flushed.js";
import { WatchedTable } from "./tlb/watched.js";

export { StaleTlbError } from "./tlb/error.js";

/**
 * A device with the worst TLB there could be: it remembers every entry and every table pointer that it was ever allowed to cache, and forgets only what it
 * is told to. One serves one table: give its `flush` to the table, or pass to it what your own flush operations do, and call `watch`.
 *
 * @example
 * ```ts
 * const tlb = new AdversarialTlb();
 * const table = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: tlb.flush });
 * tlb.watch(table);
 * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
 * table.unmap(0x1000, 0x1000);
 * tlb.check(); // StaleTlbError where the device could still use the page
 * ```
 */
export class AdversarialTlb {
  /** What tells the device to forget. */
  readonly flush: FlushOps;
  #watched: WatchedTable | undefined;

  /** A device that remembers nothing yet, and watches no table. */
  constructor() {
    const flushed = (of: (s: TableState) => Flushed): void => {
      const watched = this.#watched;
      if (watched !== undefined) watched.flushed(of(watched.state));
    };
    this.flush = {
      flushAll: () => flushed(() => EVERYTHING),
      flushWalk: (iova, size, granule) => flushed((s) => flushOf(s, true, iova, size, granule)),
      flushRange: (iova, size, granule) => flushed((s) => flushOf(s, false, iova, size, granule)),
    };
  }

  /**
   * From now on look after the table's changes: before each call that may change it, and at each flush, the device walks all that it can reach. The calls
   * of a watched table take their longer ways.
   * @throws IoPgtableError EINVAL (not a table, one that was destroyed, or one of the two serves already), ENOTSUP (a table that was opened: nobody says
   *   when it changes), EBUSY (in a callback)
   *
   * @example
   * ```ts
   * const tlb = new AdversarialTlb();
   * const watched = new IoPageTable(memory, { format: armLpaeS1({ ias: 48, oas: 48 }), flush: tlb.flush });
   * tlb.watch(watched);
   * ```
   */
  watch(table: IoPageTable): void {
    const s = stateOfGiven(table);
    if (s === undefined)
      throw new IoPgtableError("EINVAL", "watch", `the table is ${show(table)}; give an IoPageTable`);
    if (this.#watched !== undefined || s.watcher !== undefined) {
      const which = this.#watched === undefined ? "the table is watched" : "this device watches a table";
      throw new IoPgtableError("EINVAL", "watch", `${which} already; make one AdversarialTlb for each table`);
    }
    s.checkChangeable("watch");
    this.#watched = new WatchedTable(s);
    s.watcher = this.#watched;
    s.blocked |= Blocked.WATCHED;
  }

  /**
   * Translate as the device would, through what it remembers: what is out of date comes first.
   * @returns null where it finds nothing, or the address is outside the table
   * @throws IoPgtableError EINVAL, EBUSY
   *
   * @example
   * ```ts
   * const tlb = new AdversarialTlb();
   * tlb.watch(table); // whose flush operations do not reach the device
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * tlb.access(0x1234); // => 0x8000_0234
   * table.unmap(0x1000, 0x1000);
   * tlb.access(0x1234); // => 0x8000_0234
   * ```
   */
  access(iova: Iova): Paddr | null {
    const watched = this.#of("access");
    const s = watched.state;
    const at = checkIova(iova, "access", s.page);
    if (!isInside(s, at, 1n)) return null;
    const va = innerVa(s, at);
    const start = va - (va % BigInt(s.page));
    const found = watched.lookup(Number(start));
    return found === undefined ? null : found.paddr + (Number(start) - found.va) + Number(va - start);
  }

  /**
   * Whether the device could do what the table does not say. What a gather, an acknowledgement of the owner's or a callback that threw has still to flush
   * may be remembered; but no table page may be free before that.
   * @throws StaleTlbError what is remembered, at which address, and what the table says
   * @throws IoPgtableError EINVAL, EBUSY
   *
   * @example
   * ```ts
   * const tlb = new AdversarialTlb();
   * tlb.watch(table); // whose flush operations do not reach the device
   * table.map(0x1000, 0x8000_0000, 0x1000, Prot.READ);
   * table.unmap(0x1000, 0x1000);
   * tlb.check(); // throws StaleTlbError
   * ```
   */
  check(): void {
    this.#of("check").check();
  }

  #of(operation: string): WatchedTable {
    const watched = this.#watched;
    if (watched === undefined) throw new IoPgtableError("EINVAL", operation, "no table is watched; call watch(table)");
    if (watched.state.blocked & Blocked.CALLBACK) {
      throw new IoPgtableError("EBUSY", operation, "called from one of the table's own callbacks");
    }
    return watched;
  }
}
