// One table as the worst device remembers it: all that the table holds, and what it held and no flush has named since.
import { hex } from "../errors.js";
import { outerIova } from "../table/entries.js";
import { NO_PAGE, type PageList } from "../table/pages.js";
import { Blocked, type TableState, type TableWatcher } from "../table/state.js";
import { breakMissing } from "./breaks.js";
import { DeviceRam } from "./deviceRam.js";
import { StaleTlbError } from "./error.js";
import { type Flushed, pendingFlush } from "./flushed.js";
import { type Changed, Shadow, type ShadowPage, type Translation } from "./shadow.js";
import { describe, isSame, type Retired, type Stale, StaleLeaf, StaleTable } from "./stale.js";

export class WatchedTable implements TableWatcher {
  readonly #state: TableState;
  readonly #shadow: Shadow;
  readonly #ram: DeviceRam | undefined;
  #stale: Stale[] = [];
  /** What no later flush makes good. */
  #broken: StaleTlbError | undefined;
  /** What changed without being cleared and flushed first, since the last call ended: excused where that flush threw, and is owed. */
  #unbroken: { readonly stale: Stale; readonly va: number }[] = [];
  /** The table was destroyed and all was flushed. */
  #over = false;

  constructor(state: TableState) {
    this.#state = state;
    this.#shadow = new Shadow(state);
    this.#look();
    if (state.spec.coherentWalk || state.spec.syncForDevice === undefined) return;
    this.#ram = new DeviceRam(state);
    for (const { offset, words } of this.#shadow.pages()) this.#ram.write(offset, words.byteLength);
  }

  get state(): TableState {
    return this.#state;
  }

  beforeChange(): void {
    this.#look();
  }

  written(paddr: number, bytes: number): void {
    this.#ram?.write(this.#state.memory.offsetOf(paddr, bytes), bytes);
  }

  acknowledged(mark: number | undefined): void {
    this.#look();
    for (const { retired } of this.#stale) {
      if (mark === undefined || retired.mark < mark) retired.acknowledged = true;
    }
  }

  /** A flush operation has returned: what it names is forgotten, and what the table holds is remembered anew. */
  flushed(flushed: Flushed): void {
    if (this.#isDestroyed) {
      if (flushed.end === Number.POSITIVE_INFINITY) this.#end();
      return;
    }
    this.#look();
    const late = this.#late();
    if (late !== undefined) this.#broken ??= this.#lateError(late, "was not written back before the flush");
    this.#stale = this.#stale.flatMap((stale) => stale.after(flushed) ?? []);
  }

  get #isDestroyed(): boolean {
    return (this.#state.blocked & Blocked.DESTROYED) !== 0;
  }

  #end(): void {
    this.#over = true;
    this.#stale = [];
    this.#shadow.forget();
  }

  lookup(va: number): Translation | undefined {
    this.#look();
    for (const stale of this.#stale) {
      const found = stale.remembers(va) ? stale.seen(va).translation : undefined;
      if (found !== undefined) return found;
    }
    return this.#shadow.at(va).translation;
  }

  /** Remember what the table holds now. */
  #look(): void {
    const s = this.#state;
    if (this.#isDestroyed) return;
    const called = (s.blocked & Blocked.CALLBACK) !== 0;
    if (!called) this.#shadow.takeRoots();
    const changes: Changed[] = [];
    this.#shadow.look((change) => changes.push(change));
    for (const change of changes) this.#retire(change);
    this.#stale = this.#stale.filter((stale) => !this.#isBack(stale));
    if (called) return;
    this.#judgeBreaks();
    this.#findFreed();
  }

  #retire({ va, span, leaf, table }: Changed): void {
    const s = this.#state;
    const retired: Retired = { mark: s.quarantine.mark, acknowledged: false, freed: false };
    const now = this.#shadow.at(va).translation;
    let stale: Stale;
    if (table !== undefined) {
      stale = new StaleTable(this.#shadow, table, va, retired, pagesOf(table), true, [[va, va + span]]);
    } else if (leaf !== undefined && (now?.leafSize !== leaf.leafSize || !isSame(leaf, now, va))) {
      stale = new StaleLeaf(leaf, retired);
    } else {
      return;
    }
    this.#stale.push(stale);
    if (s.byOwner) return;
    const at = breakMissing(s, this.#shadow, stale, va, va + span);
    if (at !== undefined) this.#unbroken.push({ stale, va: at });
  }

  #judgeBreaks(): void {
    const owed = this.#state.backlog.flushes.map((flush) => pendingFlush(this.#state, flush));
    for (const { stale, va } of this.#unbroken.splice(0)) {
      if (left(stale, owed) === undefined) continue;
      this.#broken ??= this.#error(va, "an entry changed that had to be cleared and flushed first (break-before-make)");
    }
  }

  /** A table page that an operation took out and put back. */
  #isBack(stale: Stale): boolean {
    return stale instanceof StaleTable && !stale.retired.freed && this.#shadow.stands(stale.page, stale.va);
  }

  #findFreed(): void {
    const tables = this.#stale.filter((stale) => stale instanceof StaleTable);
    if (tables.length === 0) return;
    const held = this.#heldPages();
    for (const { pages, retired } of tables) {
      for (const page of pages) if (!this.#shadow.reaches(page) && !held.has(page)) retired.freed = true;
    }
  }

  /** Unlinked table pages that wait for their flush. */
  #heldPages(): Set<number> {
    const s = this.#state;
    const held = new Set<number>();
    const add = ({ head, count }: PageList): void => {
      let page = head;
      for (let i = 0; i < count && page !== NO_PAGE; i++) {
        held.add(page);
        page = s.core.nextPage(page) >>> 0;
      }
    };
    for (const gather of s.gathers) add(gather.pages);
    add(s.backlog.pages);
    add(s.quarantine.pages);
    return held;
  }

  /** @throws StaleTlbError where something remembered is wrong by now, and nobody has still to flush it */
  check(): void {
    if (this.#isDestroyed) {
      this.#checkDestroyed();
      return;
    }
    this.#look();
    if (this.#broken !== undefined) throw this.#broken;
    for (const stale of this.#stale) this.#checkStale(stale);
    const late = this.#late();
    if (late !== undefined) throw this.#lateError(late, "was not written back for the device");
  }

  #checkDestroyed(): void {
    if (this.#over || !this.#state.rootReleased) return;
    throw this.#error(0, "the table was destroyed and its pages are free, but no flushAll was told to the device");
  }

  #checkStale(stale: Stale): void {
    const s = this.#state;
    if (stale.retired.freed && stale instanceof StaleTable) {
      throw this.#error(stale.va, "the device remembers a pointer to a table page that is free by now");
    }
    const rest = left(stale, this.#pending());
    if (rest === undefined || (s.byOwner && !stale.retired.acknowledged)) return;
    const difference = rest.differs(this.#shadow);
    if (difference === undefined) return;
    const now = this.#shadow.at(difference.va).translation;
    const says = now === undefined ? "maps nothing there" : `has ${describe(now, difference.va)}`;
    throw this.#error(
      difference.va,
      `the device remembers ${difference.remembered}; the table ${says}, and no flush named it`,
    );
  }

  #error(va: number, what: string): StaleTlbError {
    return new StaleTlbError(outerIova(this.#state, BigInt(va)), what);
  }

  #lateError(paddr: number, what: string): StaleTlbError {
    return new StaleTlbError(undefined, `the entry at physical address ${hex(paddr)} ${what}`);
  }

  /** The flushes that are still to come: of gathers, and of callbacks that threw. */
  #pending(): Flushed[] {
    const s = this.#state;
    const gathered = [...s.gathers].flatMap((gather) => gather.pending ?? []);
    return [...s.backlog.flushes, ...gathered].map((flush) => pendingFlush(s, flush));
  }

  /** The physical address of an item that a walker that does not snoop cannot see as it is. */
  #late(): number | undefined {
    const s = this.#state;
    if (this.#ram === undefined) return undefined;
    for (const page of this.#shadow.pages()) {
      const offset = this.#ram.late(page);
      if (offset === undefined) continue;
      const paddr = s.memory.paddrOf(offset);
      if (!s.backlog.syncs.some((sync) => paddr >= sync.paddr && paddr < sync.paddr + sync.bytes)) return paddr;
    }
    return undefined;
  }
}

/** What flushes leave of something remembered. */
function left(stale: Stale, flushes: readonly Flushed[]): Stale | undefined {
  return flushes.reduce<Stale | undefined>((rest, flush) => rest?.after(flush), stale);
}

function pagesOf(page: ShadowPage, found: Set<number> = new Set()): Set<number> {
  if (found.has(page.offset)) return found;
  found.add(page.offset);
  for (const child of page.children.values()) pagesOf(child, found);
  return found;
}
