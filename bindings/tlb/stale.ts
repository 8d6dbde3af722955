// What the worst TLB remembers although the table says something else: leaves, and pointers to table pages with all that was translated through them.
import type { Flushed } from "./flushed.js";
import type { Seen, Shadow, ShadowPage, Translation } from "./shadow.js";

/** What has become of something since the table has it no more. */
export interface Retired {
  /** The quarantine's number when it went stale. */
  readonly mark: number;
  /** The owner has said that it is flushed. */
  acknowledged: boolean;
  /** A table page that it leads to is free, and may hold anything. */
  freed: boolean;
}

/** Something remembered that the table had and has not any more. */
export interface Stale {
  readonly retired: Retired;
  /** What is left of it after a flush; undefined: nothing. */
  after(flushed: Flushed): Stale | undefined;
  /** What it says of an address. */
  seen(va: number): Seen;
  /** Whether that is remembered still. */
  remembers(va: number): boolean;
  /** Where a table page ends that stands at this address here and in the table now; undefined: there is none. */
  commonEnd(now: Shadow, va: number): number | undefined;
  /** Where it translates otherwise than the table does now, or in another way; undefined: nowhere. */
  differs(now: Shadow): Difference | undefined;
}

export interface Difference {
  readonly va: number;
  readonly remembered: string;
}

/** A leaf item. */
export class StaleLeaf implements Stale {
  constructor(
    readonly translation: Translation,
    readonly retired: Retired,
  ) {}

  after({ first, end, granule, walks }: Flushed): Stale | undefined {
    const { va, span, leafSize } = this.translation;
    const named = va < end && va + span > first;
    return named && (walks || granule <= leafSize) ? undefined : this;
  }

  seen(): Seen {
    const { translation } = this;
    return { end: translation.va + translation.span, translation };
  }

  commonEnd(): undefined {
    return undefined;
  }

  remembers(va: number): boolean {
    return va >= this.translation.va && va < this.seen().end;
  }

  differs(now: Shadow): Difference | undefined {
    return differenceIn(this, this.translation.va, this.seen().end, now);
  }
}

/** A pointer to a table page. While it is remembered the device finds what stands in that page and below, however often leaves are flushed. */
export class StaleTable implements Stale {
  constructor(
    readonly shadow: Shadow,
    readonly page: ShadowPage,
    readonly va: number,
    readonly retired: Retired,
    /** Offsets of the page and of all below it. */
    readonly pages: ReadonlySet<number>,
    /** Whether the pointer itself is still remembered. */
    readonly pointer: boolean,
    /** What is still remembered of the addresses that it translated, ascending. */
    readonly rest: readonly (readonly [number, number])[],
  ) {}

  after(flushed: Flushed): Stale | undefined {
    const pointer = this.pointer && !(flushed.walks && this.#isNamed(flushed));
    const leavesOnly = !pointer && this.page.level === 0 && flushed.granule <= this.shadow.span(0);
    if (!flushed.walks && !leavesOnly) return this;
    const rest = without(this.rest, flushed).filter(([first, end]) =>
      this.shadow.holds(this.page, this.va, first, end),
    );
    if (!pointer && rest.length === 0) return undefined;
    return new StaleTable(this.shadow, this.page, this.va, this.retired, this.pages, pointer, rest);
  }

  #isNamed({ first, end }: Flushed): boolean {
    return first < this.va + this.#span && end > this.va;
  }

  get #span(): number {
    return this.page.items * this.shadow.span(this.page.level);
  }

  seen(va: number): Seen {
    return this.shadow.below(this.page, this.va, va);
  }

  commonEnd(now: Shadow, va: number): number | undefined {
    return va % now.span(1) === 0 ? now.commonEnd(this.page, this.va, va) : undefined;
  }

  remembers(va: number): boolean {
    return this.rest.some(([first, end]) => va >= first && va < end);
  }

  differs(now: Shadow): Difference | undefined {
    if (this.pointer) return { va: this.va, remembered: "a pointer to a table page" };
    for (const [first, end] of this.rest) {
      const difference = differenceIn(this, first, end, now);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
}

/** The first address that something remembered translates otherwise than the table does now. */
function differenceIn(stale: Stale, first: number, end: number, now: Shadow): Difference | undefined {
  for (const [va, old, current] of pairs(stale, first, end, now)) {
    if (!isSame(old, current, va)) return { va, remembered: describe(old, va) };
  }
  return undefined;
}

/** What is remembered, address by address, and what the table says there now. Table pages that both have are left out. */
export function* pairs(
  stale: Stale,
  first: number,
  end: number,
  now: Shadow,
): Generator<[number, Translation, Translation | undefined]> {
  for (let va = first; va < end; ) {
    const common = stale.commonEnd(now, va);
    if (common !== undefined) {
      va = common;
      continue;
    }
    const old = stale.seen(va);
    if (old.translation === undefined) {
      va = old.end;
      continue;
    }
    const current = now.at(va);
    yield [va, old.translation, current.translation];
    // Where the table maps nothing, one address stands for all of the hole.
    va = current.translation === undefined ? current.end : Math.min(old.end, current.end);
  }
}

/** Whether both translate `va` alike. A device that remembers a page as clean sets its dirty bit later; the other way round it never will. */
export function isSame(old: Translation, now: Translation | undefined, va: number): boolean {
  return (
    now !== undefined &&
    old.paddr + (va - old.va) === now.paddr + (va - now.va) &&
    old.prot === now.prot &&
    (now.dirty || !old.dirty)
  );
}

export function describe({ paddr, va: start, prot, dirty }: Translation, va: number): string {
  return `0x${(paddr + va - start).toString(16)} with protection ${prot}${dirty ? ", dirty" : ""}`;
}

function without(ranges: StaleTable["rest"], { first, end }: Flushed): StaleTable["rest"] {
  return ranges.flatMap(([from, to]) => {
    if (end <= from || first >= to) return [[from, to] as const];
    const parts: (readonly [number, number])[] = [];
    if (first > from) parts.push([from, first]);
    if (end < to) parts.push([end, to]);
    return parts;
  });
}
