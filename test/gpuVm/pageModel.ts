// The address space page by page: what the slowest and plainest implementation would know.
import type { GpuObject, GpuVmRequest, Segments } from "../../bindings/index.js";
import { Prot } from "../../bindings/index.js";

/** What one page shows. */
export interface Shown {
  /** null: sparse. */
  readonly object: GpuObject | null;
  /** Whose memory it is. */
  readonly memory: GpuObject;
  /** Bytes into the memory. */
  readonly at: number;
  readonly prot: number;
  /** What is shown over and over, in bytes; 0: nothing is. */
  readonly period: number;
  /** Where that begins in the memory: pages of two repeated binds that differ in it show the same by chance only. */
  readonly base: number;
}

export class PageModel {
  readonly pages: (Shown | undefined)[];
  readonly evicted = new Set<GpuObject>();
  readonly page: number;

  constructor(count: number, page: number) {
    this.pages = Array.from({ length: count }, () => undefined);
    this.page = page;
  }

  apply(request: GpuVmRequest): void {
    const first = Number(request.iova) / this.page;
    for (let i = 0; i < request.size / this.page; i++) this.pages[first + i] = this.shownBy(request, i);
  }

  /** What page `i` of a request is to show. */
  shownBy(request: GpuVmRequest, i: number): Shown | undefined {
    if (request.request === "unbind") return undefined;
    if (request.request === "bindSparse") {
      const { dummy, prot = Prot.READ | Prot.WRITE } = request;
      return {
        object: null,
        memory: dummy,
        at: (Number(request.iova) + i * this.page) % sizeOf(dummy.segments),
        prot,
        period: 0,
        base: 0,
      };
    }
    const { object, offset = 0, period, prot } = request;
    const inside = period === undefined ? i * this.page : (i * this.page) % period;
    return {
      object,
      memory: object,
      at: offset + inside,
      prot,
      period: period ?? 0,
      base: period === undefined ? 0 : offset,
    };
  }

  unbindObject(object: GpuObject): void {
    this.pages.forEach((shown, i) => {
      if (shown?.memory === object) this.pages[i] = undefined;
    });
  }

  /** The physical address of a page; -1 where there is none. */
  paddr(index: number): number {
    const shown = this.pages[index];
    if (shown === undefined || this.evicted.has(shown.memory)) return -1;
    return paddrIn(shown.memory.segments, shown.at);
  }
}

export function sizeOf(segments: Segments): number {
  return "size" in segments ? segments.size : segments.reduce((sum, { size }) => sum + size, 0);
}

/** By going through the segments; the objects of these tests keep them as arrays for this, whatever they give to the library. */
function paddrIn(segments: Segments, at: number): number {
  let left = at;
  for (const { paddr, size } of plainSegments(segments)) {
    if (left < size) return paddr + left;
    left -= size;
  }
  throw new Error(`the object ends before ${at}`);
}

const plain = new WeakMap<object, readonly { paddr: number; size: number }[]>();

/** Remember what a SegmentList was made from. */
export function remember<T extends Segments>(list: T, segments: readonly { paddr: number; size: number }[]): T {
  plain.set(list, segments);
  return list;
}

function plainSegments(segments: Segments): readonly { paddr: number; size: number }[] {
  const known = plain.get(segments);
  if (known !== undefined) return known;
  if ("size" in segments) throw new Error("a SegmentList that nobody remembers");
  return segments;
}
