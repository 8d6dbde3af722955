// A device that has kept whatever it could ever see: a table page may be freed only when nothing points to it, and for each place where something did a flush
// of walks over that place has begun after it was gone.
import { expect } from "vitest";
import type { FlushOps, TableAllocator } from "../../../bindings/index.js";
import { physicalOf } from "../support/guestMemory.js";
import type { Page, PageAllocator } from "../support/pageAllocator.js";
import type { Machine } from "./machines.js";

interface Span {
  start: number;
  end: number;
}

/** Where a page was reachable, and what of that no flush has covered since it is not. */
interface Kept extends Span {
  left: Span[];
}

const without = (spans: readonly Span[], { start, end }: Span): Span[] =>
  spans.flatMap((span) =>
    [
      { start: span.start, end: Math.min(span.end, start) },
      { start: Math.max(span.start, end), end: span.end },
    ].filter((part) => part.start < part.end),
  );

export class Device {
  /** The number of flushes and frees so far. */
  flushes = 0;
  frees = 0;
  /** Called in each flush, before it has any effect. */
  onFlush: () => void = () => undefined;
  onFree: () => void = () => undefined;
  private root: number | undefined;
  private readonly kept = new Map<number, Kept[]>();
  private gone = false;

  constructor(
    private readonly pages: PageAllocator,
    private readonly machine: Machine,
  ) {}

  readonly flush: FlushOps = {
    flushAll: () => {
      this.enter();
      this.forget({ start: 0, end: 2 ** 64 });
    },
    flushWalk: (iova, size) => {
      this.enter();
      this.forget({ start: iova, end: iova + size });
    },
    flushRange: () => this.enter(),
  };

  readonly allocator: TableAllocator = {
    alloc: (bytes, level) => {
      const offset = this.pages.alloc(bytes, level);
      this.root ??= offset ?? undefined;
      return offset;
    },
    free: (offset, bytes, level) => {
      this.look();
      this.frees++;
      if (!this.gone) {
        const text = `page ${offset} of level ${level}`;
        expect(this.spans().get(offset) ?? [], `${text} is freed while it can be reached`).toEqual([]);
        expect(this.kept.get(offset) ?? [], `${text} is freed before the flush that covers it`).toEqual([]);
      }
      this.kept.delete(offset);
      this.pages.free(offset, bytes, level);
      this.onFree();
    },
  };

  readonly changeTop = (root: bigint): void => {
    const paddr = Number(root & 0x000f_ffff_ffff_f000n);
    this.root = [...this.pages.live.keys()].find((offset) => physicalOf(this.pages.guest, offset) === paddr);
  };

  /** The table is being destroyed: its root is taken from the device before the flush of everything. */
  detach(): void {
    this.look();
    this.gone = true;
    this.root = undefined;
  }

  /** Keep what can be reached now. */
  look(): void {
    for (const [offset, spans] of this.spans()) {
      const kept = this.kept.get(offset) ?? [];
      for (const { start, end } of spans) {
        const known = kept.find((span) => span.start === start && span.end === end);
        if (known === undefined) kept.push({ start, end, left: [{ start, end }] });
        else known.left = [{ start, end }];
      }
      this.kept.set(offset, kept);
    }
  }

  private enter(): void {
    this.look();
    this.flushes++;
    this.onFlush();
  }

  private forget(flushed: Span): void {
    const now = this.spans();
    for (const [offset, kept] of this.kept) {
      const reachable = now.get(offset) ?? [];
      for (const span of kept) {
        if (!reachable.some(({ start, end }) => start === span.start && end === span.end)) {
          span.left = without(span.left, flushed);
        }
      }
      const left = kept.filter((span) => span.left.length !== 0);
      if (left.length === 0) this.kept.delete(offset);
      else this.kept.set(offset, left);
    }
  }

  /** By page, the addresses that a walk comes through it for. */
  private spans(): Map<number, Span[]> {
    const found = new Map<number, Span[]>();
    const byPaddr = new Map(
      [...this.pages.live.keys()].map((offset) => [physicalOf(this.pages.guest, offset), offset]),
    );
    const visit = (offset: number, start: number): void => {
      const page = this.pages.live.get(offset);
      if (page === undefined) throw new Error(`an entry points to the page at ${offset}, which is free`);
      const { shift, tableAt } = this.machine;
      const bytes = 2 ** shift(page.level);
      const items = this.itemsOf(page);
      const spans = found.get(offset) ?? [];
      spans.push({ start, end: start + items.length * bytes });
      found.set(offset, spans);
      for (const [index, item] of items.entries()) {
        if (item === 0n) continue;
        const paddr = tableAt(item, page.level);
        if (paddr === undefined) continue;
        const child = byPaddr.get(Number(paddr));
        if (child === undefined) throw new Error(`an entry points to ${paddr.toString(16)}, where there is no page`);
        visit(child, start + index * bytes);
      }
    };
    if (this.root !== undefined) visit(this.root, 0);
    return found;
  }

  private itemsOf({ offset, bytes }: Page): bigint[] {
    const { buffer } = this.pages.guest.wasm;
    if (this.machine.itemBytes === 8) return [...new BigUint64Array(buffer, offset, bytes / 8)];
    return Array.from(new Uint32Array(buffer, offset, bytes / 4), BigInt);
  }
}
