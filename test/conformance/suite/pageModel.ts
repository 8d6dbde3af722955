import { expect } from "vitest";
import type { IoPageTable } from "../../../bindings/index.js";
import type { Range } from "../../configurations/geometry.js";

/** Pages of a window, by number. */
export interface Pages {
  first: number;
  count: number;
}

export const meet = (a: Pages, b: Pages): boolean => a.first < b.first + b.count && b.first < a.first + a.count;

const UNMAPPED = -1;

/** The output address of every page of a window, and nothing more. */
export class PageModel {
  readonly count: number;
  private readonly paddrs: Float64Array;
  private readonly iovas: Float64Array;
  private readonly found: Float64Array;

  constructor(
    private readonly window: Range,
    private readonly page: number,
  ) {
    this.count = Number(window.size) / page;
    this.paddrs = new Float64Array(this.count).fill(UNMAPPED);
    this.found = new Float64Array(this.count);
    this.iovas = new Float64Array(this.count);
    // Page-aligned numbers are exact up to 2^64.
    const base = Number(window.iova);
    for (let i = 0; i < this.count; i++) this.iovas[i] = base + i * page;
  }

  rangeOf({ first, count }: Pages): { iova: bigint; size: number } {
    return { iova: this.window.iova + BigInt(first * this.page), size: count * this.page };
  }

  map({ first, count }: Pages, paddr: number): void {
    for (let i = 0; i < count; i++) this.paddrs[first + i] = paddr + i * this.page;
  }

  unmap({ first, count }: Pages): void {
    this.paddrs.fill(UNMAPPED, first, first + count);
  }

  /** These pages, and one on either side. */
  check(table: IoPageTable, { first, count }: Pages, says: string): void {
    const from = Math.max(first - 1, 0);
    const end = Math.min(first + count + 1, this.count);
    table.translate(this.iovas.subarray(from, end), this.found.subarray(from, end));
    let page = from;
    while (page < end && this.found[page] === this.paddrs[page]) page++;
    if (page < end) expect.fail(`${says}: page ${page} is at ${this.found[page]}, not at ${this.paddrs[page]}`);
  }
}
