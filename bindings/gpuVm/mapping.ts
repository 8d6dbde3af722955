// What the books keep of one mapping, and what callers see of it.
import { toBigint } from "../numbers.js";
import { pieceAt, runAt, type SegmentList, type Segments, sameSegments, sublist } from "../segmentList.js";

/** A buffer object of the caller's: an identity and its backing, in order. The segments may change while the object is evicted. */
export interface GpuObject {
  readonly segments: Segments;
}

/**
 * A mapping of the address space. The books hand out one object for each: the one of the step that made it is the one that `find`, `mappings` and the step that
 * ends it give, so that it can be the key of what a driver keeps itself.
 */
export interface GpuMapping {
  iova: bigint;
  size: number;
  /** null: a sparse mapping */
  object: GpuObject | null;
  offset: number;
  prot: number;
  /** A repeated bind: the object's [offset, offset+period) over and over. */
  period?: number;
  /** Of a repeated bind: bytes into the period at iova. */
  phase?: number;
  /** Its object was evicted: kept in the books, no entries. */
  invalidated: boolean;
}

/** What memory a mapping shows, and how; the same for all parts that it is cut into. */
export interface Backing {
  /** Whose memory it is: the object's, or that of a sparse mapping's dummy. */
  readonly memory: GpuObject;
  readonly sparse: boolean;
  readonly prot: number;
  /** 0: shown once. */
  readonly period: number;
  /** Where the period lies in the object. */
  readonly base: number;
}

export class Mapping {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly backing: Backing;
  /** Bytes into the object at the start; of a repeated bind, into the period; nothing of a sparse one, where the address alone tells. */
  readonly offset: number;
  readonly view: GpuMapping;
  /** What the entries are made of: of a repeated bind, the period alone. Undefined where there are no entries. */
  list: SegmentList | undefined;
  /** The undecided change that made it. */
  maker: object | undefined;
  /** The other mappings of the same memory. */
  previous: Mapping | undefined;
  next: Mapping | undefined;

  constructor(start: number, end: number, backing: Backing, offset: number, list: SegmentList | undefined) {
    this.start = start;
    this.end = end;
    this.backing = backing;
    this.offset = offset;
    this.list = list;
    const iova = toBigint(start);
    const size = end - start;
    const { prot, period, base, memory } = backing;
    const invalidated = list === undefined;
    if (period !== 0)
      this.view = { iova, size, object: memory, offset: base, prot, period, phase: offset, invalidated };
    else if (backing.sparse) this.view = { iova, size, object: null, offset: 0, prot, invalidated };
    else this.view = { iova, size, object: memory, offset, prot, invalidated };
  }

  /** The same from `start` to `end`. */
  part(start: number, end: number): Mapping {
    return new Mapping(start, end, this.backing, this.backing.sparse ? 0 : offsetAt(this, start), this.list);
  }

  /** Give it entries, or take them away. */
  setList(list: SegmentList | undefined): void {
    this.list = list;
    this.view.invalidated = list === undefined;
  }
}

/** Bytes into what the mapping shows at an address: into the object, or into the period. */
export function offsetAt({ start, offset, backing, list }: Mapping, address: number): number {
  const { period, sparse } = backing;
  if (sparse) return list === undefined ? 0 : address % list.size;
  const at = offset + (address - start);
  return period === 0 ? at : at % period;
}

/** Where the entries of the mapping go over and over. */
export function isRepeated({ sparse, period }: Backing): boolean {
  return sparse || period !== 0;
}

/** The list that the entries of a backing are made of. */
export function entriesOf(backing: Backing, whole: SegmentList): SegmentList {
  return backing.period === 0 ? whole : sublist(whole, backing.base, backing.period);
}

/** The physical address at `address`, and how far it goes on from there; not beyond the end of the period. */
export function physicalAt(mapping: Mapping, list: SegmentList, address: number): { paddr: number; size: number } {
  const { paddr, size } = runAt(list, offsetAt(mapping, address));
  return { paddr, size: Math.min(size, mapping.end - address) };
}

export function paddrAt(mapping: Mapping, list: SegmentList, address: number): number {
  return pieceAt(list, offsetAt(mapping, address)).paddr;
}

/** Whether both show the same bytes of the same memory at `address`, and therefore wherever both are. */
export function showSame(a: Mapping, b: Mapping, address: number): boolean {
  const x = a.backing;
  const y = b.backing;
  if (x.memory !== y.memory || x.sparse !== y.sparse || x.period !== y.period || x.base !== y.base) return false;
  return offsetAt(a, address) === offsetAt(b, address) && sameList(a.list, b.list);
}

function sameList(a: SegmentList | undefined, b: SegmentList | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sameSegments(a, b));
}
