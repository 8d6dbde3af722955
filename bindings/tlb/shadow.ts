// The tables as the device saw them last: a copy of each table page that it reaches, compared with the memory at each look.
import { childTable, decodeItem, type Entry, rootCount, rootTable, type TableAt } from "../table/entries.js";
import type { TableState } from "../table/state.js";

/** What an item translates: the output address and attributes of its own span, whatever leaf it is part of. */
export interface Translation {
  readonly va: number;
  readonly paddr: number;
  readonly prot: number;
  readonly dirty: boolean;
  /** Bytes of the item's span, which begins at `va`, and of the leaf that it is part of. */
  readonly span: number;
  readonly leafSize: number;
}

/** A table page as it was seen. */
export interface ShadowPage extends TableAt {
  readonly words: Uint32Array;
  readonly children: Map<number, ShadowPage>;
  /** The look that saw it last, and what had changed then. */
  seen: number;
  changes: readonly Change[];
  /** The look that found nothing changed in it or below it. */
  unchanged: number;
}

/** An item that is not what it was. */
interface Change {
  readonly index: number;
  readonly old: bigint;
  readonly table: ShadowPage | undefined;
}

/** A change at one of the addresses at which the device meets it: what the item said of its span, from `va` on. */
export interface Changed {
  readonly va: number;
  readonly span: number;
  /** The leaf or the table page that stood there, if any. */
  readonly leaf: Translation | undefined;
  readonly table: ShadowPage | undefined;
}

export class Shadow {
  readonly #state: TableState;
  readonly #pages = new Map<number, ShadowPage>();
  #roots: readonly TableAt[] = [];
  #look = 0;

  constructor(state: TableState) {
    this.#state = state;
  }

  /** The device is told of new roots between calls only. */
  takeRoots(): void {
    const s = this.#state;
    this.#roots = Array.from({ length: rootCount(s) }, (_, root) => rootTable(s, root));
  }

  /** Compare all that the device reaches with what it saw, and remember it as it is now. */
  look(changed: (change: Changed) => void): void {
    this.#look++;
    for (const [root, at] of this.#roots.entries()) {
      this.#visit(this.#page(at), root * at.items * this.span(at.level), changed);
    }
    for (const [offset, page] of this.#pages) if (page.seen !== this.#look) this.#pages.delete(offset);
  }

  /** The table page at a level whose translations hold `va`, and where they begin. */
  #pageAt(va: number, level: number): readonly [ShadowPage, number] | undefined {
    for (const [root, at] of this.#roots.entries()) {
      let base = root * at.items * this.span(at.level);
      let page = va >= base && va < base + at.items * this.span(at.level) ? this.#pages.get(at.offset) : undefined;
      while (page !== undefined && page.level > level) {
        const span = this.span(page.level);
        const index = Math.floor((va - base) / span);
        base += index * span;
        page = page.children.get(index);
      }
      if (page?.level === level) return [page, base];
    }
    return undefined;
  }

  /** Whether a table page stands where its translations would begin at `va`. */
  stands({ offset, level }: TableAt, va: number): boolean {
    const [page, base] = this.#pageAt(va, level) ?? [];
    return page?.offset === offset && base === va;
  }

  /** Where a table page ends that is on the way from `page` to `va`, and on the way from the roots as well; undefined: there is none. */
  commonEnd(page: ShadowPage, base: number, va: number): number | undefined {
    const span = this.span(page.level);
    const [now, nowBase] = this.#pageAt(va, page.level) ?? [];
    if (now === page && nowBase === base) return base + page.items * span;
    const index = Math.floor((va - base) / span);
    const child = page.children.get(index);
    return child === undefined ? undefined : this.commonEnd(child, base + index * span, va);
  }

  /** Whether the device reaches the page at this offset from its roots. */
  reaches(offset: number): boolean {
    return this.#pages.has(offset);
  }

  pages(): Iterable<ShadowPage> {
    return this.#pages.values();
  }

  forget(): void {
    this.#roots = [];
    this.#pages.clear();
  }

  /** Bytes that an item at a level translates. */
  span(level: number): number {
    return 2 ** (this.#state.shifts[level] ?? 0);
  }

  #page(at: TableAt): ShadowPage {
    const known = this.#pages.get(at.offset);
    if (known !== undefined && known.level === at.level && known.items === at.items) return known;
    const words = new Uint32Array((at.items << this.#state.itemLg2) >>> 2);
    const page = { ...at, words, children: new Map(), seen: 0, changes: [], unchanged: 0 };
    this.#pages.set(at.offset, page);
    return page;
  }

  /** Returns whether the page or one below it has changed. A page that hangs below several entries is compared once. */
  #visit(page: ShadowPage, va: number, changed: (change: Changed) => void): boolean {
    if (page.seen !== this.#look) {
      const fresh = page.seen === 0;
      page.seen = this.#look;
      const changes = this.#compare(page);
      page.changes = fresh ? [] : changes;
    }
    const { level } = page;
    const span = this.span(level);
    let moved = page.changes.length !== 0;
    for (const { index, old, table } of page.changes) {
      const start = va + index * span;
      const entry = decodeItem(this.#state, old, level, index, 0n);
      const leaf = entry.kind === "leaf" ? translationOf(this.#state, entry, start, span) : undefined;
      changed({ va: start, span, leaf, table });
    }
    for (const [index, child] of page.children) {
      if (child.unchanged === this.#look) continue;
      moved = this.#visit(child, va + index * span, changed) || moved;
    }
    if (!moved) page.unchanged = this.#look;
    return moved;
  }

  /** Take over what has changed in a page. */
  #compare(page: ShadowPage): Change[] {
    const s = this.#state;
    const { words } = s.memory;
    const from = page.offset >>> 2;
    const perItem = s.itemLg2 - 2;
    const changes: Change[] = [];
    for (let i = 0; i < page.words.length; i++) {
      if (page.words[i] === words[from + i]) continue;
      const index = i >>> perItem;
      const old = shadowItem(page, index, s.itemLg2);
      for (let k = index << perItem; k < (index + 1) << perItem; k++) page.words[k] = words[from + k] ?? 0;
      const table = page.children.get(index);
      this.#adopt(page, index);
      // The same table page as before: nothing but attributes of the item that the device does not use.
      if (table === undefined || table !== page.children.get(index)) changes.push({ index, old, table });
    }
    return changes;
  }

  /** What the item points to now. */
  #adopt(page: ShadowPage, index: number): void {
    const s = this.#state;
    const entry = decodeItem(s, shadowItem(page, index, s.itemLg2), page.level, index, 0n);
    if (entry.kind === "table") page.children.set(index, this.#page(childTable(s, entry, "look")));
    else page.children.delete(index);
  }

  /** What was seen for an address. */
  at(va: number): Seen {
    for (const [root, { offset, items, level }] of this.#roots.entries()) {
      const base = root * items * this.span(level);
      const page = this.#pages.get(offset);
      if (page !== undefined && va >= base && va < base + items * this.span(level)) return this.below(page, base, va);
    }
    return { end: Number.POSITIVE_INFINITY, translation: undefined };
  }

  /** What was seen for an address through a table page whose translations begin at `base`. */
  below(page: ShadowPage, base: number, va: number): Seen {
    const s = this.#state;
    const span = this.span(page.level);
    const index = Math.floor((va - base) / span);
    const start = base + index * span;
    const child = page.children.get(index);
    if (child !== undefined) return this.below(child, start, va);
    const entry = decodeItem(s, shadowItem(page, index, s.itemLg2), page.level, index, 0n);
    const translation = entry.kind === "leaf" ? translationOf(s, entry, start, span) : undefined;
    return { end: start + span, translation };
  }

  /** Whether anything stands between two addresses: a leaf, or a pointer to a table page that lies there whole. */
  holds(page: ShadowPage, base: number, first: number, end: number): boolean {
    const s = this.#state;
    const span = this.span(page.level);
    const from = Math.max(0, Math.floor((first - base) / span));
    const to = Math.min(page.items, Math.ceil((end - base) / span));
    for (let index = from; index < to; index++) {
      if (shadowItem(page, index, s.itemLg2) === 0n) continue;
      const start = base + index * span;
      const child = page.children.get(index);
      const whole = first <= start && start + span <= end;
      if (child === undefined || whole || this.holds(child, start, first, end)) return true;
    }
    return false;
  }
}

/** The translation of the item that covers an address, if any, and where its span ends. */
export interface Seen {
  readonly end: number;
  readonly translation: Translation | undefined;
}

function shadowItem(page: ShadowPage, index: number, itemLg2: number): bigint {
  if (itemLg2 === 2) return BigInt(page.words[index] ?? 0);
  return BigInt(page.words[index * 2] ?? 0) | (BigInt(page.words[index * 2 + 1] ?? 0) << 32n);
}

/** What a leaf item says of its span, which begins at `va`. */
export function translationOf(s: TableState, entry: Entry, va: number, span: number): Translation {
  const leafSize = 2 ** entry.sizeLg2;
  const { mask, value } = s.spec.dirty ?? { mask: 0n, value: 1n };
  return {
    va,
    // Where all items of a leaf hold the leaf's own address, an item's is further in.
    paddr: s.sameItems ? entry.address + (va % leafSize) : entry.address,
    prot: s.spec.decode(entry.raw, entry.level),
    dirty: (entry.raw & mask) === value,
    span,
    leafSize,
  };
}
