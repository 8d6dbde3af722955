import { expect } from "vitest";
import type { TableAllocator } from "../../../bindings/index.js";
import { type GuestMemory, physicalOf } from "./guestMemory.js";

export interface Page {
  offset: number;
  bytes: number;
  level: number;
}

const ADDRESS = 0x0000fffffffff000n;

/** An allocator of the caller's that trusts nothing: its pages come dirty, and it watches what is done with them. */
export class PageAllocator implements TableAllocator {
  readonly live = new Map<number, Page>();
  /** Every request so far, also those that `answer` refused. */
  requests: Page[] = [];
  /** What to answer instead of a good page; undefined leaves it to the allocator. */
  answer: (request: number) => unknown = () => undefined;
  onAlloc: () => void = () => undefined;
  onFree: () => void = () => undefined;
  /** Not while a table is destroyed: its root is gone from the device, so that the order below it is free. */
  watchesFrees = true;
  private returned: Page[] = [];
  private next: number[];

  constructor(readonly guest: GuestMemory) {
    this.next = guest.windows.map(({ offset }) => offset);
  }

  /** The library may call these as functions or as methods. */
  readonly alloc = (bytes: number, level: number): number | null => {
    this.onAlloc();
    const instead = this.answer(this.requests.length);
    const offset = instead === undefined ? this.take(bytes) : (instead as number | null);
    this.requests.push({ offset: offset ?? -1, bytes, level });
    if (instead === undefined && offset !== null) {
      new Uint8Array(this.guest.wasm.buffer, offset, bytes).fill(0xa5);
      this.live.set(offset, { offset, bytes, level });
    }
    return offset;
  };

  readonly free = (offset: number, bytes: number, level: number): void => {
    expect(this.live.get(offset), `free of the page at ${offset}, once and as it was allocated`).toEqual({
      offset,
      bytes,
      level,
    });
    this.live.delete(offset);
    if (this.watchesFrees)
      expect(this.reachable().has(offset), "a freed page that the walker can still reach").toBe(false);
    this.returned.push({ offset, bytes, level });
    this.onFree();
  };

  /** A returned page of the same size, else a new one, from the two windows by turns. */
  private take(bytes: number): number {
    const index = this.returned.findIndex((page) => page.bytes === bytes);
    const [reused] = index < 0 ? [] : this.returned.splice(index, 1);
    if (reused) return reused.offset;
    const window = this.requests.length % this.next.length;
    const alignment = Math.max(bytes, 64);
    const offset = Math.ceil((this.next[window] ?? 0) / alignment) * alignment;
    this.next[window] = offset + bytes;
    return offset;
  }

  /** How many entries of live pages hold this page's physical address. */
  referrers(offset: number): number {
    return [...this.live.values()].flatMap((page) => this.children(page)).filter((child) => child === offset).length;
  }

  /** The pages that hardware reaches from the root, which was asked for first. */
  private reachable(): Set<number> {
    const reached = new Set<number>();
    const pending = this.requests.slice(0, 1);
    for (let page = pending.pop(); page; page = pending.pop()) {
      reached.add(page.offset);
      for (const child of this.children(page)) {
        const below = this.live.get(child);
        if (below && !reached.has(child)) pending.push(below);
      }
    }
    return reached;
  }

  /** The live pages that this one's entries point to. */
  private children({ offset, bytes }: Page): number[] {
    const words = new BigUint64Array(this.guest.wasm.buffer, offset, bytes / 8);
    const present = [...words].filter((word) => (word & 1n) === 1n).map((word) => word & ADDRESS);
    const byAddress = new Map([...this.live.keys()].map((page) => [BigInt(physicalOf(this.guest, page)), page]));
    return present.flatMap((paddr) => byAddress.get(paddr) ?? []);
  }

  /** A copy of every live page. */
  contents(): Map<number, string> {
    return new Map(
      [...this.live.values()].map(({ offset, bytes }) => [
        offset,
        Buffer.from(this.guest.wasm.buffer, offset, bytes).toString("base64"),
      ]),
    );
  }
}
