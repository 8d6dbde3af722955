import { expect } from "vitest";
import type { TableAllocator } from "../../../bindings/index.js";

interface Page {
  bytes: number;
  level: number;
}

export interface Window {
  offset: number;
  bytes: number;
}

/** Hands out pages that are full of old entries, from its windows by turns, and takes back only what it gave. */
export class SuiteAllocator implements TableAllocator {
  readonly live = new Map<number, Page>();
  private readonly stretches: Stretch[];
  private turn = 0;

  constructor(
    private readonly wasm: WebAssembly.Memory,
    windows: readonly Window[],
  ) {
    this.stretches = windows.map((window) => new Stretch(window));
  }

  readonly alloc = (bytes: number, level: number): number | null => {
    if (this.live.size === 0) for (const stretch of this.stretches) stretch.reset();
    this.turn = (this.turn + 1) % this.stretches.length;
    const offset = this.stretches[this.turn]?.take(bytes) ?? null;
    if (offset === null) return null;
    new Uint8Array(this.wasm.buffer, offset, bytes).fill(0xa5);
    this.live.set(offset, { bytes, level });
    return offset;
  };

  /** The page that holds the byte at `offset`. */
  pageAt(offset: number): Page | undefined {
    const start = [...this.live.keys()].find(
      (page) => page <= offset && offset < page + (this.live.get(page)?.bytes ?? 0),
    );
    return start === undefined ? undefined : this.live.get(start);
  }

  readonly free = (offset: number, bytes: number, level: number): void => {
    const page = this.live.get(offset);
    if (page?.bytes !== bytes || page.level !== level) {
      expect.fail(
        `the page at ${offset} is freed as ${bytes} bytes of level ${level}, and was ${JSON.stringify(page)}`,
      );
    }
    this.live.delete(offset);
    this.stretches.find((stretch) => stretch.has(offset))?.give(offset, bytes);
  };
}

/** Pages of one window: those that came back, then new ones from its start. */
class Stretch {
  private readonly returned = new Map<number, number[]>();
  private next = 0;

  constructor(private readonly window: Window) {}

  reset(): void {
    this.returned.clear();
    this.next = this.window.offset;
  }

  has(offset: number): boolean {
    return offset >= this.window.offset && offset < this.window.offset + this.window.bytes;
  }

  take(bytes: number): number | null {
    const returned = this.returned.get(bytes)?.pop();
    if (returned !== undefined) return returned;
    const alignment = Math.max(bytes, 64);
    const offset = Math.ceil(this.next / alignment) * alignment;
    if (!this.has(offset + bytes - 1)) return null;
    this.next = offset + bytes;
    return offset;
  }

  give(offset: number, bytes: number): void {
    const pages = this.returned.get(bytes) ?? [];
    pages.push(offset);
    this.returned.set(bytes, pages);
  }
}
